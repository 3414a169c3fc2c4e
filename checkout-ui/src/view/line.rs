//! A line of the order.

use checkout_types::cart::QuoteLine;
use leptos::prelude::AnyView;

use super::quantity::quantity;
use super::tag::tag;
use crate::state::{Shop, State};

impl State {
    /// A line of the quote.
    pub fn line(&self, place: usize) -> Option<&QuoteLine> {
        self.quote.as_ref()?.lines.get(place)
    }

    /// What one costs and how it is charged, with the line's extras.
    fn unit(&self, place: usize) -> String {
        let Some(line) = self.line(place) else { return String::new() };
        let mut text = [&*self.words.money(line.unit), " ", &self.words.period(line.billing)].concat();
        for addon in &line.addons {
            let total = self.words.money(addon.total);
            text.push_str(&[" + ", &addon.quantity.to_string(), " × ", &addon.name, " (", &total, ")"].concat());
        }
        text
    }
}

/// A name, its price, how many, and what they cost together.
pub fn line(shop: Shop, place: usize) -> AnyView {
    let name = shop.peek().line(place).map(|line| line.name.clone()).unwrap_or_default();
    let total = move || {
        let state = shop.read();
        state.line(place).map(|line| state.words.money(line.total)).unwrap_or_default()
    };
    let what = tag("div")
        .class("what")
        .child(tag("span").class("name").text(name))
        .child(tag("span").class("unit").says(move || shop.read().unit(place)));
    tag("li")
        .class("line")
        .set("part", "line")
        .child(what)
        .child(tag("span").class("amount").says(total))
        .part(quantity(shop, place))
        .view()
}
