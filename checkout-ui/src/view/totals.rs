//! The sums, from the subtotal to what is due now.

use leptos::prelude::*;

use super::part;
use crate::state::Shop;

/// Subtotal, discount, tax and total.
#[component]
pub fn Totals() -> impl IntoView {
    let shop = Shop::expect();
    let rows = part(move || {
        let quote = shop.quote.read();
        let Some(quote) = quote.as_ref() else { return super::nothing() };
        let words = shop.words();
        let mut rows = Vec::new();
        let mut row = |class: &'static str, name: String, amount: String| {
            rows.push(view! { <div class=class><dt>{name}</dt><dd>{amount}</dd></div> }.into_any());
        };
        let has_parts = quote.discount.amount != 0 || quote.tax.is_some_and(|tax| tax.amount != 0);
        if has_parts {
            row("sum", words.say("subtotal"), words.money(quote.subtotal));
        }
        if quote.discount.amount != 0 {
            row("sum", words.say("saved"), ["−", &words.money(quote.discount)].concat());
        }
        match quote.tax {
            Some(tax) if tax.amount == 0 => row("sum", words.say("tax"), words.money(tax)),
            Some(tax) if quote.tax_inclusive => row("sum", words.say("tax_included"), words.money(tax)),
            Some(tax) => row("sum", words.say("tax"), words.money(tax)),
            None => row("sum", words.say("tax"), words.say("tax_later")),
        }
        row("due", words.say("total"), words.money(quote.total));
        rows.into_any()
    });
    view! {
        <dl class="totals" part="total">
            {rows}
        </dl>
    }
}
