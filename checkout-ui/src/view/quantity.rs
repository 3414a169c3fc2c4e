//! How many of a line.

use checkout_types::catalog::QuantityRule;
use leptos::ev::{Event, MouseEvent};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::{nothing, text};
use crate::form::Field;
use crate::state::Shop;

/// A pause in which the buyer may press again, before the price is asked.
const PAUSE_MS: i32 = 250;

/// The quantity after a step up or down, within the rule.
fn stepped(rule: QuantityRule, quantity: u32, up: bool) -> u32 {
    let step = rule.step.max(1);
    let next = if up { quantity.saturating_add(step) } else { quantity.saturating_sub(step) };
    let offset = next.clamp(rule.min, rule.max) - rule.min;
    rule.min + offset / step * step
}

/// A stepper with a field between its buttons; only a number where there is no choice.
#[component]
pub fn Quantity(
    /// The line's place in the quote.
    place: usize,
) -> impl IntoView {
    let shop = Shop::expect();
    let (rule, name) = shop.line(place, |line| (Some(line.quantity_rule), line.name.clone()));
    let quantity = move || shop.items.read().get(place).map_or(1, |item| item.quantity);
    let allowed = shop.host.with_value(|host| host.options.allow_quantity);
    let Some(rule) = rule.filter(|rule| allowed && rule.min < rule.max) else {
        return if quantity() > 1 {
            view! { <span class="unit">{["× ", &quantity().to_string()].concat()}</span> }.into_any()
        } else {
            nothing()
        };
    };
    let set = move |quantity: u32| {
        shop.items.update(|items| {
            if let Some(item) = items.get_mut(place) {
                item.quantity = quantity;
            }
        });
        shop.emit("checkout.items.updated", JsValue::UNDEFINED);
        shop.requote_after(PAUSE_MS);
    };
    let press = move |up| move |_: MouseEvent| set(stepped(rule, quantity(), up));
    let field = Field::Quantity(place);
    let typed = move |event: Event| {
        let typed = event_target_value(&event).trim().parse::<u32>().ok().filter(|typed| rule.allows(*typed));
        match typed {
            Some(typed) => set(typed),
            None => {
                let range = [("min", &*rule.min.to_string()), ("max", &*rule.max.to_string())];
                shop.set_error(field, shop.fill("quantity_range", &range));
            }
        }
    };
    let of = |key: &str| shop.fill(key, &[("name", &name)]);
    let end = |limit: u32| text(move || (quantity() == limit).to_string());
    view! {
        <div class="quantity" role="group" aria-label=of("quantity")>
            <button type="button" aria-label=of("fewer") aria-disabled=end(rule.min) on:click=press(false)>
                "−"
            </button>
            <input
                id=field.id()
                inputmode="numeric"
                autocomplete="off"
                aria-label=of("quantity")
                aria-describedby=field.id() + "-error"
                aria-invalid=text(move || (!shop.error(field).is_empty()).to_string())
                prop:value=text(move || quantity().to_string())
                on:change=typed
            />
            <button type="button" aria-label=of("more") aria-disabled=end(rule.max) on:click=press(true)>
                "+"
            </button>
            <p class="error" part="error" id=field.id() + "-error">
                {text(move || shop.error(field))}
            </p>
        </div>
    }
    .into_any()
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
