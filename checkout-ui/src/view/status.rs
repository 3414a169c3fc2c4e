//! What became of the order. "Paid" is the server's word alone.

use leptos::prelude::AnyView;

use super::icon::{ALERT, CHECK, CLOCK, icon};
use super::tag::{Tag, all, nothing, part, tag};
use crate::state::{Shop, State};
use crate::step::{Next, Standing, Tone, standing};

impl State {
    fn standing(&self) -> Standing {
        if self.leaving {
            return Standing { key: "leaving", tone: Tone::Waiting, next: Next::Wait };
        }
        standing(self.status(), self.arrival, self.slow)
    }

    /// The sentence under the heading: the bank's own where there is one.
    fn sentence(&self, key: &str) -> String {
        let failure = self.checkout.as_ref().and_then(|checkout| checkout.failure.as_ref());
        let failure = failure.filter(|_| key == "failed").map(|failure| failure.message.clone());
        failure.unwrap_or_else(|| self.words.say(&[key, "_text"].concat()))
    }

    /// What was bought, once the server has said.
    fn bought(&self) -> Vec<String> {
        let items = self.checkout.iter().flat_map(|checkout| &checkout.items);
        items.map(|item| [&item.quantity.to_string(), " × ", &item.name].concat()).collect()
    }
}

/// Where the order stands, and what the buyer can do.
pub fn status(shop: Shop) -> AnyView {
    part(
        move || {
            let state = shop.read();
            let Standing { key, .. } = state.standing();
            [key, &state.sentence(key), if state.checkout.is_some() { " known" } else { "" }].concat()
        },
        move || standing_view(shop),
    )
}

fn standing_view(shop: Shop) -> AnyView {
    let state = shop.peek();
    let Standing { key, tone, next } = state.standing();
    let shape = match tone {
        Tone::Good => CHECK,
        Tone::Waiting => CLOCK,
        Tone::Bad => ALERT,
    };
    let words = tag("div")
        .set("role", "status")
        .child(tag("h3").set("id", "standing").set("tabindex", "-1").text(state.words.say(key)))
        .child(tag("p").text(state.sentence(key)));
    let mut section = tag("section")
        .class("status")
        .set("data-tone", tone.as_str())
        .set("data-wait", if next == Next::Wait { "true" } else { "false" })
        .child(tag("span").class("badge").part(icon(shape)))
        .child(words);
    if let Some(checkout) = &state.checkout {
        let items = state.bought().into_iter().map(|item| tag("li").text(item).view()).collect();
        let total = tag("strong").text(state.words.money(checkout.total));
        section = section.child(tag("div").class("bought").child(tag("ul").part(all(items))).child(total));
    }
    section.part(actions(shop, next)).view()
}

fn actions(shop: Shop, next: Next) -> AnyView {
    let main = |key| button(shop, "primary", key).set("part", "button");
    match next {
        Next::Wait => nothing(),
        Next::Done if shop.peek().host.options.inline => nothing(),
        Next::Done => main("done").click(move || shop.end()).view(),
        Next::Renew => main("renew").click(move || shop.change_order(true)).view(),
        Next::Pay => {
            let change = button(shop, "link", "change_order").click(move || shop.change_order(false));
            all(vec![main("to_payment").click(move || shop.pay_again()).view(), change.view()])
        }
    }
}

/// A button of that class, with the key of its label.
pub fn button(shop: Shop, class: &'static str, key: &str) -> Tag {
    tag("button").set("type", "button").class(class).text(shop.say(key))
}
