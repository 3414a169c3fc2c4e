//! The views: one function per file, from the state to elements.

use leptos::prelude::AnyView;

use crate::state::Shop;
use crate::step::Step;
use tag::{part, tag};

pub mod dialog;
pub mod tag;

mod broken;
mod contact;
mod country;
mod discount;
mod field;
mod frame;
mod icon;
mod line;
mod order;
mod quantity;
mod status;
mod summary;
mod totals;

/// The whole widget: one step at a time, and a line that says politely what changed.
pub fn widget(shop: Shop) -> AnyView {
    let step = part(
        move || shop.read().step.name().into(),
        move || match &shop.peek().step {
            Step::Loading => tag("div").class("loading").view(),
            Step::Form => order::order(shop),
            Step::Frame => frame::frame(shop),
            Step::Status => status::status(shop),
            Step::Broken { text, retryable } => broken::broken(shop, text, *retryable),
        },
    );
    tag("div")
        .class("widget")
        .live("lang", move || shop.read().words.language.into())
        .live("dir", move || shop.read().words.direction().into())
        .part(step)
        .child(tag("p").class("notice").set("role", "status").says(move || shop.read().notice()))
        .child(tag("p").class("hidden").set("role", "status").says(move || shop.read().whisper.clone()))
        .view()
}
