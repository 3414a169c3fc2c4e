//! A line of the order.

use checkout_types::cart::QuoteLine;
use leptos::prelude::*;

use super::quantity::Quantity;
use super::{nothing, part, text};
use crate::state::Shop;

impl Shop {
    /// Reads a line of the quote; nothing once it is gone.
    pub fn line<T: Default>(self, place: usize, read: impl FnOnce(&QuoteLine) -> T) -> T {
        let quote = self.quote.read();
        quote.as_ref().and_then(|quote| quote.lines.get(place)).map(read).unwrap_or_default()
    }
}

/// A name, its price, how many, and what they cost together.
#[component]
pub fn Line(
    /// Its place in the quote.
    place: usize,
) -> impl IntoView {
    let shop = Shop::expect();
    let unit = text(move || {
        let words = shop.words();
        shop.line(place, |line| [words.money(line.unit), words.period(line.billing)].join(" "))
    });
    let addons = part(move || {
        let words = shop.words();
        let addons = shop.line(place, |line| line.addons.clone());
        if addons.is_empty() {
            return nothing();
        }
        let item = |addon: checkout_types::cart::QuoteAddon| {
            let text = [&addon.name, " × ", &addon.quantity.to_string(), " · ", &words.money(addon.total)].concat();
            view! { <span class="unit">{text}</span> }.into_any()
        };
        addons.into_iter().map(item).collect::<Vec<_>>().into_any()
    });
    view! {
        <li class="line" part="line">
            <div class="what">
                <span class="name">{shop.line(place, |line| line.name.clone())}</span>
                <span class="unit">{unit}</span>
                {addons}
            </div>
            <span class="amount">{text(move || shop.line(place, |line| shop.words().money(line.total)))}</span>
            <Quantity place />
        </li>
    }
}
