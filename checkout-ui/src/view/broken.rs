//! Nothing can be sold here now, and why.

use leptos::prelude::AnyView;

use super::icon::{ALERT, icon};
use super::status::button;
use super::tag::tag;
use crate::state::{Shop, spawn};
use crate::step::Step;

/// What went wrong before there was anything to show, in one sentence, and whether to offer
/// another try.
pub fn broken(shop: Shop, text: &str, retryable: bool) -> AnyView {
    let section = tag("section")
        .class("status")
        .set("data-tone", "bad")
        .set("role", "alert")
        .child(tag("span").class("badge").part(icon(ALERT)))
        .child(tag("div").child(tag("h3").text(shop.say("broken"))).child(tag("p").text(text.into())));
    if !retryable {
        return section.view();
    }
    section
        .child(button(shop, "primary", "again").click(move || {
            shop.go(Step::Loading);
            spawn(shop.begin());
        }))
        .view()
}
