//! What is bought and what it costs, as the server computed it.

use leptos::prelude::*;

use super::discount::Discount;
use super::line::Line;
use super::totals::Totals;
use super::{nothing, part, text};
use crate::state::Shop;

/// The lines, the totals, and what will be charged again.
#[component]
pub fn Summary() -> impl IntoView {
    let shop = Shop::expect();
    // The lines are drawn anew only when they are others: a new price changes the texts inside, so
    // that the focus stays in a quantity that is being changed.
    let ids = Memo::new(move |_| {
        let quote = shop.quote.read();
        let lines = quote.as_ref().map_or(&[][..], |quote| &quote.lines);
        lines.iter().map(|line| line.price_id.clone()).collect::<Vec<_>>()
    });
    let lines = part(move || {
        let lines = (0..ids.read().len()).map(|place| view! { <Line place /> }.into_any());
        lines.collect::<Vec<_>>().into_any()
    });
    let renewals = part(move || {
        let quote = shop.quote.read();
        let Some(charges) = quote.as_ref().map(|quote| &quote.recurring).filter(|charges| !charges.is_empty()) else {
            return nothing();
        };
        let words = shop.words();
        let sentences = charges.iter().map(|charge| view! { <p>{words.renewal(charge)}</p> }.into_any());
        view! { <div class="renewal">{sentences.collect::<Vec<_>>()}</div> }.into_any()
    });
    let is_stale = text(move || shop.quoting.get().to_string());
    let discount = shop.host.with_value(|host| host.options.show_discounts);
    view! {
        <section class="summary" part="summary" aria-labelledby="order" aria-busy=is_stale>
            <h3 id="order" tabindex="-1">
                {shop.say("order")}
            </h3>
            <ul class="lines">{lines}</ul>
            {if discount { view! { <Discount /> }.into_any() } else { nothing() }}
            <Totals />
            {renewals}
        </section>
    }
}
