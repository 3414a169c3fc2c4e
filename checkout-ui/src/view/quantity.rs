//! How many of a line.

use checkout_types::catalog::QuantityRule;
use leptos::prelude::{AnyView, event_target_value};
use wasm_bindgen::JsValue;

use super::field::{input, wrong};
use super::tag::{nothing, tag};
use crate::form::Field;
use crate::state::{Shop, State};

/// A pause in which the buyer may press again, before the price is asked.
const PAUSE_MS: i32 = 250;

/// The quantity after a step up or down, within the rule.
fn stepped(rule: QuantityRule, quantity: u32, up: bool) -> u32 {
    let step = rule.step.max(1);
    let next = if up { quantity.saturating_add(step) } else { quantity.saturating_sub(step) };
    let offset = next.clamp(rule.min, rule.max) - rule.min;
    rule.min + offset / step * step
}

impl State {
    fn quantity(&self, place: usize) -> u32 {
        self.items.get(place).map_or(1, |item| item.quantity)
    }
}

/// A stepper with a field between its buttons; only a number where there is no choice.
pub fn quantity(shop: Shop, place: usize) -> AnyView {
    let state = shop.peek();
    let Some(line) = state.line(place) else { return nothing() };
    let (rule, quantity) = (line.quantity_rule, line.quantity);
    if !state.host.options.allow_quantity || rule.min >= rule.max {
        let text = if quantity > 1 { ["× ", &quantity.to_string()].concat() } else { String::new() };
        return tag("span").class("unit").text(text).view();
    }
    let field = Field::Quantity(place);
    let of = |key: &str| state.words.fill(key, &[("name", &line.name)]);
    let step = |key, sign: &str, limit: u32, up| {
        tag("button")
            .set("type", "button")
            .set("aria-label", &of(key))
            .live("aria-disabled", move || (shop.read().quantity(place) == limit).to_string())
            .click(move || set(shop, place, stepped(rule, shop.peek().quantity(place), up)))
            .text(sign.into())
    };
    let number = input(shop, field)
        .set("inputmode", "numeric")
        .set("autocomplete", "off")
        .set("aria-label", &of("quantity"))
        .value(move || shop.read().quantity(place).to_string())
        .on("change", move |event| typed(shop, place, rule, &event_target_value(&event)));
    tag("div")
        .class("quantity")
        .set("role", "group")
        .set("aria-label", &of("quantity"))
        .child(step("fewer", "−", rule.min, false))
        .child(number)
        .child(step("more", "+", rule.max, true))
        .child(wrong(shop, field))
        .view()
}

/// Takes a quantity that the buyer typed, if the rule allows it.
fn typed(shop: Shop, place: usize, rule: QuantityRule, typed: &str) {
    match typed.trim().parse::<u32>().ok().filter(|typed| rule.allows(*typed)) {
        Some(typed) => set(shop, place, typed),
        None => shop.change(|state| {
            let range = [("min", &*rule.min.to_string()), ("max", &*rule.max.to_string())];
            state.set_error(Field::Quantity(place), state.words.fill("quantity_range", &range));
        }),
    }
}

/// Asks for another quantity.
fn set(shop: Shop, place: usize, quantity: u32) {
    shop.change(|state| {
        if let Some(item) = state.items.get_mut(place) {
            item.quantity = quantity;
        }
    });
    shop.emit("checkout.items.updated", JsValue::UNDEFINED);
    shop.requote_after(PAUSE_MS);
}

#[cfg(test)]
mod tests {
    use super::{QuantityRule, stepped};

    #[test]
    fn a_step_stays_within_the_rule() {
        let rule = QuantityRule { min: 5, max: 20, step: 5 };
        let steps = [(5, false), (5, true), (20, true), (7, true), (7, false), (99, false)];
        assert_eq!(steps.map(|(quantity, up)| stepped(rule, quantity, up)), [5, 10, 20, 10, 5, 20]);
    }
}
