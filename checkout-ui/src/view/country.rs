//! The country, which tax depends on.

use leptos::prelude::*;

use super::text;
use crate::country::named;
use crate::form::Field;
use crate::state::Shop;

/// A list of countries in the buyer's language.
#[component]
pub fn CountryField() -> impl IntoView {
    let shop = Shop::expect();
    let chosen = shop.country.get_untracked();
    let option = |(code, name): (&'static str, String)| {
        view! { <option value=code selected=chosen == code>{name}</option> }.into_any()
    };
    let options: Vec<_> = named(&shop.words().locale).into_iter().map(option).collect();
    let choose = move |event| {
        shop.country.set(event_target_value(&event));
        shop.set_error(Field::Country, String::new());
        shop.keep();
        shop.requote();
    };
    view! {
        <div class="field" part="field">
            <label for="country">{shop.say("country")}</label>
            <select
                id="country"
                autocomplete="billing country"
                aria-required="true"
                aria-describedby="country-error"
                aria-invalid=text(move || (!shop.error(Field::Country).is_empty()).to_string())
                prop:value=text(move || shop.country.get())
                on:change=choose
            >
                <option value="">{shop.say("choose")}</option>
                {options}
            </select>
            <p class="error" part="error" id="country-error">
                {text(move || shop.error(Field::Country))}
            </p>
        </div>
    }
}
