//! What the page hears: one event, by its dotted name to callbacks and with colons in the DOM.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CustomEvent, CustomEventInit, EventTarget, Node};

use crate::value::{Record, Value};

/// Where a widget's events go.
#[derive(Clone)]
pub struct Events {
    target: EventTarget,
    options: Value,
}

impl Events {
    /// Events of the widget that was opened with these options, from that element of the page.
    pub fn new(options: Value, element: EventTarget) -> Self {
        Self { target: element, options }
    }

    /// Tells the page; `false` if it asked to leave out what would follow.
    pub fn emit(&self, name: &str, data: JsValue) -> bool {
        let event: JsValue = Record::default().with("name", name).with("data", data.clone()).into();
        let own = match name {
            "checkout.loaded" => ["onLoaded", ""],
            "checkout.closed" => ["onClose", ""],
            "checkout.completed" => ["onComplete", "onSuccess"],
            "checkout.error" => ["onError", ""],
            _ => ["", ""],
        };
        for callback in own {
            call(&self.options.get(callback), &data);
        }
        call(&self.options.get("onEvent"), &event);
        call(&self.options.get("config.eventCallback"), &event);
        if name == "checkout.completed" {
            call(&self.options.get("ends.0"), &data);
        }
        self.dispatch(name, &data)
    }

    /// Ends the page's promise with an error.
    pub fn refuse(&self, code: &str, message: &str) {
        call(&self.options.get("ends.1"), &Record::default().with("code", code).with("message", message).into());
    }

    /// Ends the page's promise well, without telling a second time.
    pub fn settle(&self, data: JsValue) {
        call(&self.options.get("ends.0"), &data);
    }

    fn dispatch(&self, name: &str, data: &JsValue) -> bool {
        let init = CustomEventInit::new();
        init.set_detail(data);
        init.set_bubbles(true);
        init.set_composed(true);
        init.set_cancelable(true);
        let Ok(event) = CustomEvent::new_with_event_init_dict(&name.replace('.', ":"), &init) else { return true };
        // So that a listener of `Checkout.on` reads it as `eventCallback` does.
        for (key, value) in [("name", &JsValue::from_str(name)), ("data", data)] {
            _ = Reflect::set(&event, &JsValue::from_str(key), value);
        }
        // A trigger that the page has removed bubbles nowhere.
        let gone = self.target.dyn_ref::<Node>().is_some_and(|node| !node.is_connected());
        let target = if gone { leptos::prelude::document().into() } else { self.target.clone() };
        target.dispatch_event(&event).unwrap_or(true)
    }
}

/// Calls a callback of the page, if it is one. What it throws is its own affair, and said so.
fn call(callback: &Value, argument: &JsValue) {
    if let Some(function) = callback.0.dyn_ref::<Function>()
        && let Err(error) = Reflect::apply(function, &JsValue::UNDEFINED, &Array::of1(argument))
    {
        web_sys::console::error_2(&"A callback of this page failed.".into(), &error);
    }
}
