//! The sums, from the subtotal to what is due now.

use leptos::prelude::AnyView;

use super::tag::{all, part, tag};
use crate::state::{Shop, State};

impl State {
    /// The sums that are shown: their style, name and amount.
    fn sums(&self) -> Vec<(&'static str, String, String)> {
        let Some(quote) = &self.quote else { return Vec::new() };
        let words = &self.words;
        let mut sums = Vec::new();
        let mut sum =
            |key: &str, amount| sums.push((if key == "total" { "due" } else { "sum" }, words.say(key), amount));
        let tax = quote.tax.filter(|_| !quote.tax_inclusive).map_or(0, |tax| tax.amount);
        if quote.subtotal.amount - quote.discount.amount + tax != quote.total.amount {
            // A trial: what the sums would say is charged later, and the sentence below says when.
            sum("total", words.money(quote.total));
            return sums;
        }
        if quote.subtotal != quote.total {
            sum("subtotal", words.money(quote.subtotal));
        }
        if quote.discount.amount != 0 {
            sum("saved", ["−", &words.money(quote.discount)].concat());
        }
        match quote.tax {
            Some(tax) if quote.tax_inclusive && tax.amount != 0 => sum("tax_included", words.money(tax)),
            Some(tax) => sum("tax", words.money(tax)),
            None => sum("tax", words.say("tax_later")),
        }
        sum("total", words.money(quote.total));
        sums
    }
}

/// Subtotal, discount, tax and total.
pub fn totals(shop: Shop) -> AnyView {
    let rows = part(
        move || shop.read().sums().into_iter().map(|(_, name, amount)| name + &amount).collect(),
        move || {
            let row = |(class, name, amount)| {
                tag("div").class(class).child(tag("dt").text(name)).child(tag("dd").text(amount)).view()
            };
            all(shop.peek().sums().into_iter().map(row).collect())
        },
    );
    tag("dl").class("totals").set("part", "total").part(rows).view()
}
