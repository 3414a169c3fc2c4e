//! The page around an open overlay: it does not scroll, Back closes the overlay, Escape waits for
//! a payment that is being confirmed, and at the end everything is as it was.

use leptos::prelude::window;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement};

use crate::i18n::Words;
use crate::listener::Listener;
use crate::value::{Record, Value};

/// What opens a checkout.
const TRIGGERS: &str = "checkout-button,[data-checkout]";

/// The dialog of an open overlay. Dropping it gives the page back.
pub struct Dialog {
    trigger: Option<HtmlElement>,
    overflow: String,
    gutter: String,
    listeners: Vec<Listener>,
}

impl Dialog {
    /// Takes over the dialog that `root` stands in. `kept` is what a reload opens again; `may_close`
    /// is asked before Escape and the close button, and says why if it refuses.
    pub fn new(
        root: &Element,
        trigger: Option<HtmlElement>,
        kept: Option<JsValue>,
        may_close: impl Fn() -> bool + Clone + 'static,
    ) -> Option<Self> {
        let dialog = root.parent_element()?;
        _ = dialog.set_attribute("aria-labelledby", "title");
        _ = dialog.remove_attribute("aria-label");
        let (overflow, gutter) = lock_scroll();
        push(kept);
        let own = dialog.clone();
        let ask = may_close.clone();
        let cancel = Listener::new(&dialog, "cancel", move |event: Event| {
            if event.target().as_ref() == Some(own.as_ref()) && !ask() {
                event.prevent_default();
            }
        });
        let click = Listener::new(&dialog, "click", move |event: Event| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            if target.is_some_and(|target| target.id() == "close") && !may_close() {
                event.stop_propagation();
            }
        });
        let back = Listener::new(&window(), "popstate", move |_| {
            if !entry().get("checkout").is_there() {
                close(&dialog);
            }
        });
        Some(Self { trigger, overflow, gutter, listeners: vec![cancel, click, back] })
    }
}

impl Drop for Dialog {
    fn drop(&mut self) {
        self.listeners.clear();
        if let Some(style) = page_style() {
            _ = style.set_property("overflow", &self.overflow);
            _ = style.set_property("scrollbar-gutter", &self.gutter);
        }
        if entry().get("checkout").is_there()
            && let Ok(history) = window().history()
        {
            // First no longer ours, in case going back is refused or comes late.
            _ = history.replace_state_with_url(&with_entry(JsValue::UNDEFINED), "", None);
            _ = history.back();
        }
        // The browser returns focus itself where the trigger had it; Safari's links never do.
        let next = || Some(document_element()?.owner_document()?.query_selector(TRIGGERS).ok()??.unchecked_into());
        if let Some(trigger) = self.trigger.take()
            && let Some(target) = Some(trigger).filter(|trigger| trigger.is_connected()).or_else(next)
        {
            _ = target.focus();
        }
    }
}

fn close(dialog: &Element) {
    if let Some(function) = Value(dialog.clone().into()).get("close").0.dyn_ref::<js_sys::Function>() {
        _ = function.call0(dialog);
    }
}

fn document_element() -> Option<Element> {
    window().document()?.document_element()
}

fn page_style() -> Option<web_sys::CssStyleDeclaration> {
    Some(document_element()?.dyn_into::<HtmlElement>().ok()?.style())
}

/// The page behind stays where it is; the values it had are given back later.
fn lock_scroll() -> (String, String) {
    let Some(style) = page_style() else { return Default::default() };
    let read = |name| style.get_property_value(name).unwrap_or_default();
    let before = (read("overflow"), read("scrollbar-gutter"));
    let width = window().inner_width().ok().and_then(|width| width.as_f64()).unwrap_or_default();
    if document_element().is_some_and(|root| width > f64::from(root.client_width())) {
        _ = style.set_property("scrollbar-gutter", "stable");
    }
    _ = style.set_property("overflow", "hidden");
    before
}

fn entry() -> Value {
    Value(window().history().and_then(|history| history.state()).unwrap_or(JsValue::NULL))
}

/// The page's own entry with our mark, so that its router finds what it left there.
fn with_entry(mark: JsValue) -> JsValue {
    let ours: JsValue = Record::default().with("checkout", mark).into();
    let state = js_sys::Object::assign(&js_sys::Object::new(), &entry().0.into());
    js_sys::Object::assign(&state, &ours.into()).into()
}

fn push(kept: Option<JsValue>) {
    if let (false, Ok(history), Some(kept)) = (entry().get("checkout").is_there(), window().history(), kept) {
        _ = history.push_state_with_url(&with_entry(kept), "", None);
    }
}

/// Names the dialog and its close button, which the loader drew, in the buyer's language.
pub fn name(root: &Element, words: &Words) {
    let Some(dialog) = root.parent_element() else { return };
    _ = dialog.set_attribute("lang", words.language);
    _ = dialog.set_attribute("dir", words.direction());
    let find = |id| dialog.query_selector(id).ok().flatten();
    if let Some(heading) = find("#title") {
        heading.set_text_content(Some(&words.say("checkout")));
    }
    if let Some(button) = find("#close") {
        _ = button.set_attribute("aria-label", &words.say("close"));
    }
}
