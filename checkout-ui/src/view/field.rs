//! A labelled text field, with what is wrong beside it.

use std::rc::Rc;

use leptos::prelude::event_target_value;

use super::tag::{Tag, tag};
use crate::api::delay;
use crate::form::Field;
use crate::state::{Shop, State, spawn};

/// Longer than a press of a button takes.
const PRESS_MS: i32 = 300;

impl State {
    /// What is typed in a field.
    fn typed(&mut self, field: Field) -> &mut String {
        match field {
            Field::Email => &mut self.draft.email,
            Field::PostalCode => &mut self.draft.postal_code,
            Field::Country => &mut self.draft.country,
            Field::Discount | Field::Quantity(_) => &mut self.discount,
        }
    }
}

impl Shop {
    /// Takes what the buyer has typed and left.
    fn leave_field(self, field: Field) {
        match field {
            // Later: a message that appears between press and release would move the button away
            // from under the pointer, and the click would be lost.
            Field::Email => spawn(async move {
                delay(PRESS_MS).await;
                if self.is_live() {
                    self.change(State::check_email);
                }
            }),
            Field::PostalCode => self.requote(),
            _ => return,
        }
        self.peek().draft.save();
    }
}

/// A text field with the key of its label and what the browser may fill in.
pub fn field(shop: Shop, field: Field, label: &str, autocomplete: &str) -> Tag {
    let kind = if field == Field::Email { "email" } else { "text" };
    let input = input(shop, field)
        .set("type", kind)
        .set("autocomplete", autocomplete)
        .set("autocapitalize", "off")
        .set("maxlength", "254")
        .value(move || {
            let mut state = shop.read();
            std::mem::take(Rc::make_mut(&mut state).typed(field))
        })
        .on("input", move |event| {
            shop.note(|state| *state.typed(field) = event_target_value(&event));
            // A page may be gone before the field is left.
            shop.peek().draft.save();
        })
        .on("change", move |_| shop.leave_field(field));
    labelled(shop, field, label, input)
}

/// A label, its field, and what is wrong with it.
pub fn labelled(shop: Shop, field: Field, label: &str, input: Tag) -> Tag {
    tag("div")
        .class("field")
        .set("part", "field")
        .child(tag("label").set("for", &field.id()).text(shop.say(label)))
        .child(if field == Field::Discount { input } else { input.set("aria-required", "true") })
        .child(wrong(shop, field))
}

/// An input that says whether it is wrong.
pub fn input(shop: Shop, field: Field) -> Tag {
    control(shop, field, "input")
}

/// A control of that name that says whether it is wrong.
pub fn control(shop: Shop, field: Field, name: &'static str) -> Tag {
    tag(name)
        .set("id", &field.id())
        .set("aria-describedby", &(field.id() + "-error"))
        .live("aria-invalid", move || (!shop.read().error(field).is_empty()).to_string())
}

/// What is wrong with a field.
pub fn wrong(shop: Shop, field: Field) -> Tag {
    tag("p")
        .class("error")
        .set("part", "error")
        .set("id", &(field.id() + "-error"))
        .says(move || shop.read().error(field))
}
