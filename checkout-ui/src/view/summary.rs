//! What is bought and what it costs, as the server computed it.

use leptos::prelude::AnyView;

use super::discount::discount;
use super::line::line;
use super::tag::{all, part, tag};
use super::totals::totals;
use crate::state::{Shop, State};

impl State {
    /// Names the lines: drawn anew only when they are others, so that a new price changes the texts
    /// alone.
    fn line_names(&self) -> String {
        let lines = self.quote.iter().flat_map(|quote| &quote.lines);
        lines.map(|line| line.price_id.clone() + " ").collect()
    }

    /// What will be charged again.
    fn renewals(&self) -> String {
        let charges = self.quote.iter().flat_map(|quote| &quote.recurring);
        charges.map(|charge| self.words.renewal(charge) + " ").collect()
    }
}

/// The lines, the totals, and what will be charged again.
pub fn summary(shop: Shop) -> AnyView {
    let lines = part(
        move || shop.read().line_names(),
        move || {
            let count = shop.peek().quote.as_ref().map_or(0, |quote| quote.lines.len());
            all((0..count).map(|place| line(shop, place)).collect())
        },
    );
    let mut section = tag("section")
        .class("summary")
        .set("part", "summary")
        .set("aria-labelledby", "order")
        .live("aria-busy", move || shop.read().quoting.to_string())
        .child(tag("h3").set("id", "order").text(shop.say("order")))
        .child(tag("ul").class("lines").part(lines));
    if shop.peek().host.options.show_discounts {
        section = section.part(discount(shop));
    }
    section.part(totals(shop)).child(tag("p").class("renewal").says(move || shop.read().renewals())).view()
}
