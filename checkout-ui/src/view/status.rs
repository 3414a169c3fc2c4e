//! What became of the order. "Paid" is the server's word alone.

use leptos::prelude::*;

use super::icon::{ALERT, CHECK, CLOCK, Icon};
use super::{nothing, part};
use crate::state::Shop;
use crate::step::{Next, Standing, Tone, standing};

/// Where the order stands, and what the buyer can do.
#[component]
pub fn Status() -> impl IntoView {
    let shop = Shop::expect();
    let stands = Memo::new(move |_| {
        let status = shop.checkout.read().as_ref().map(|checkout| checkout.status);
        if shop.leaving.get() {
            return Standing { key: "leaving", tone: Tone::Waiting, next: Next::Wait };
        }
        standing(status, shop.arrival.get(), shop.slow.get())
    });
    part(move || {
        let Standing { key, tone, next } = stands.get();
        let shape = match tone {
            Tone::Good => CHECK,
            Tone::Waiting => CLOCK,
            Tone::Bad => ALERT,
        };
        let failure = move || shop.checkout.read().as_ref()?.failure.as_ref().map(|failure| failure.message.clone());
        let explained = (key == "failed").then(failure).flatten();
        let sentence = explained.unwrap_or_else(|| shop.say(&[key, "_text"].concat()));
        view! {
            <section class="status" data-tone=tone.as_str() data-wait=(next == Next::Wait).to_string()>
                <span class="badge"><Icon shape=shape /></span>
                <div role="status">
                    <h3 id="standing" tabindex="-1">{shop.say(key)}</h3>
                    <p>{sentence}</p>
                </div>
                <Bought />
                {actions(shop, next)}
            </section>
        }
        .into_any()
    })
}

fn actions(shop: Shop, next: Next) -> AnyView {
    let main = |label: String, act: Box<dyn Fn()>| {
        view! { <button type="button" class="primary" part="button" on:click=move |_| act()>{label}</button> }.into_any()
    };
    match next {
        Next::Wait => nothing(),
        Next::Done if shop.host.with_value(|host| host.options.inline) => nothing(),
        Next::Done => main(shop.say("done"), Box::new(move || shop.end())),
        Next::Renew => main(shop.say("renew"), Box::new(move || shop.change_order(true))),
        Next::Pay => {
            let change = move |_| shop.change_order(false);
            view! {
                {main(shop.say("to_payment"), Box::new(move || shop.pay_again()))}
                <button type="button" class="link" on:click=change>
                    {shop.say("change_order")}
                </button>
            }
            .into_any()
        }
    }
}

/// What was bought, once the server has said.
#[component]
fn Bought() -> impl IntoView {
    let shop = Shop::expect();
    part(move || {
        let checkout = shop.checkout.read();
        let Some(checkout) = checkout.as_ref() else { return nothing() };
        let item = |item: &checkout_types::checkout::CheckoutItem| {
            let many = if item.quantity > 1 { [" × ", &item.quantity.to_string()].concat() } else { String::new() };
            view! { <li>{[&*item.name, &many].concat()}</li> }.into_any()
        };
        view! {
            <div class="bought">
                <ul>{checkout.items.iter().map(item).collect::<Vec<_>>()}</ul>
                <strong>{shop.money(checkout.total)}</strong>
            </div>
        }
        .into_any()
    })
}
