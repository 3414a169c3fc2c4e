//! The order: what is bought beside who buys it.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::contact::Contact;
use super::icon::{Icon, LOCK};
use super::summary::Summary;
use super::{nothing, part, text};
use crate::state::Shop;

/// The form that the buyer reviews, fills in and sends.
#[component]
pub fn Order() -> impl IntoView {
    let shop = Shop::expect();
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        shop.pay();
    };
    let label = text(move || {
        if shop.paying.get() {
            return shop.say("sending");
        }
        let total = shop.quote.read().as_ref().map(|quote| quote.total);
        match total {
            Some(total) if total.amount > 0 => shop.fill("pay", &[("amount", &shop.money(total))]),
            _ => shop.say("continue"),
        }
    });
    let is_busy = text(move || (shop.paying.get() || shop.quoting.get()).to_string());
    view! {
        <div class="order">
            <Summary />
            <form class="details" novalidate=true on:submit=submit>
                <h3>{shop.say("details")}</h3>
                <Contact />
                <Changed />
                <Trouble />
                <button type="submit" class="primary" part="button" aria-disabled=is_busy>
                    {label}
                </button>
                <p class="fine">
                    <Icon shape=LOCK />
                    <span>{shop.say("secure")}</span>
                </p>
            </form>
        </div>
    }
}

/// Says that the price is another now: nothing is ordered before the buyer has seen that.
#[component]
fn Changed() -> impl IntoView {
    let shop = Shop::expect();
    part(move || {
        let Some((from, to)) = shop.changed.get() else { return nothing() };
        let title = shop.fill("changed", &[("from", &shop.money(from)), ("to", &shop.money(to))]);
        view! {
            <div class="callout" id="changed" tabindex="-1" role="alert">
                <strong>{title}</strong>
                <p>{shop.say("changed_text")}</p>
            </div>
        }
        .into_any()
    })
}

/// What is wrong with none of the fields.
#[component]
fn Trouble() -> impl IntoView {
    let shop = Shop::expect();
    view! {
        <p class="trouble" part="error" role="alert">
            {text(move || shop.trouble.get())}
        </p>
    }
}
