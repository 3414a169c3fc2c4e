//! The order: what is bought beside who buys it.

use leptos::prelude::AnyView;

use super::contact::contact;
use super::icon::{LOCK, icon};
use super::summary::summary;
use super::tag::{nothing, part, tag};
use crate::state::{Shop, State};

impl State {
    /// What the button says: the amount that pressing it leads to.
    fn button(&self) -> String {
        match self.total().filter(|total| total.amount > 0) {
            _ if self.paying => self.words.say("sending"),
            Some(total) => self.words.fill("pay", &[("amount", &self.words.money(total))]),
            None => self.words.say("continue"),
        }
    }

    /// The sentence that says that the price is another now.
    fn price_change(&self) -> String {
        let Some((from, to)) = self.changed else { return String::new() };
        self.words.fill("changed", &[("from", &self.words.money(from)), ("to", &self.words.money(to))])
    }
}

/// The form that the buyer reviews, fills in and sends.
pub fn order(shop: Shop) -> AnyView {
    let button = tag("button")
        .class("primary")
        .set("part", "button")
        .set("type", "submit")
        .live("aria-disabled", move || (shop.read().paying || shop.read().quoting).to_string())
        .says(move || shop.read().button());
    let secure = tag("p").class("fine").part(icon(LOCK)).child(tag("span").text(shop.say("secure")));
    let form = tag("form")
        .class("details")
        .set("novalidate", "")
        .on("submit", move |event| {
            event.prevent_default();
            shop.pay();
        })
        .child(tag("h3").text(shop.say("details")))
        .part(contact(shop))
        .part(changed(shop))
        .child(
            tag("p")
                .class("trouble")
                .set("part", "error")
                .set("role", "alert")
                .says(move || shop.read().trouble.clone()),
        )
        .child(button)
        .child(secure);
    tag("div").class("order").part(summary(shop)).child(form).view()
}

/// Says that the price is another now: nothing is ordered before the buyer has seen that.
fn changed(shop: Shop) -> AnyView {
    part(
        move || shop.read().price_change(),
        move || {
            let sentence = shop.peek().price_change();
            if sentence.is_empty() {
                return nothing();
            }
            tag("div")
                .class("callout")
                .set("id", "changed")
                .set("tabindex", "-1")
                .set("role", "alert")
                .child(tag("strong").text(sentence))
                .child(tag("p").text(shop.say("changed_text")))
                .view()
        },
    )
}
