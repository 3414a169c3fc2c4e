//! A discount code: behind a button until it is wanted, and removable once it counts.

use leptos::ev::{Event, KeyboardEvent};
use leptos::prelude::AnyView;
use wasm_bindgen::{JsCast, JsValue};

use super::field::field;
use super::tag::{part, tag};
use crate::form::Field;
use crate::state::{Shop, State};

impl State {
    fn applied_code(&self) -> Option<&str> {
        self.quote.as_ref()?.discount_code.as_deref()
    }
}

/// A field for a code, or the code that was applied.
pub fn discount(shop: Shop) -> AnyView {
    let body = part(
        move || {
            let state = shop.read();
            let open = if state.typing_code { "open" } else { "" };
            state.applied_code().map_or(open.into(), |code| ["code ", code].concat())
        },
        move || {
            let state = shop.peek();
            let button = |class, key| tag("button").set("type", "button").class(class).text(state.words.say(key));
            if let Some(code) = state.applied_code() {
                let applied = state.words.fill("code_applied", &[("code", code)]);
                let remove = button("link", "remove").click(move || remove(shop));
                return tag("p").class("code").child(tag("span").text(applied)).child(remove).view();
            }
            if !state.typing_code {
                let add = button("link", "add_discount").set("id", "add-discount");
                return add.click(move || show(shop)).view();
            }
            tag("div")
                .class("apply")
                .on("keydown", move |event| apply_on_enter(shop, event))
                .child(field(shop, Field::Discount, "discount", "off"))
                .child(button("secondary", "apply").click(move || apply(shop)))
                .view()
        },
    );
    tag("div").class("discount").part(body).view()
}

fn show(shop: Shop) {
    shop.change(|state| state.typing_code = true);
    shop.focus("discount");
}

fn apply(shop: Shop) {
    shop.change(|state| {
        let typed = state.discount.trim().to_owned();
        state.set_error(Field::Discount, String::new());
        state.code = Some(typed).filter(|typed| !typed.is_empty());
    });
    shop.emit("checkout.discount.applied", JsValue::UNDEFINED);
    shop.requote();
}

fn apply_on_enter(shop: Shop, event: Event) {
    let is_enter = event.dyn_ref::<KeyboardEvent>().is_some_and(|event| event.key() == "Enter");
    let is_field = event.target().is_some_and(|target| target.is_instance_of::<web_sys::HtmlInputElement>());
    if is_enter && is_field {
        event.prevent_default();
        apply(shop);
    }
}

fn remove(shop: Shop) {
    shop.change(|state| {
        state.discount.clear();
        state.code = None;
        state.typing_code = false;
    });
    shop.emit("checkout.discount.removed", JsValue::UNDEFINED);
    shop.requote();
}
