//! The country, which tax depends on.

use leptos::prelude::{AnyView, event_target_value};

use super::field::{control, labelled};
use super::tag::{all, tag};
use crate::country::named;
use crate::form::Field;
use crate::state::Shop;

/// A list of countries in the buyer's language.
pub fn country(shop: Shop) -> AnyView {
    let state = shop.peek();
    let option = |(code, name): (String, String)| {
        let option = tag("option").set("value", &code).text(name);
        if code == state.draft.country { option.set("selected", "") } else { option }.view()
    };
    let options = all(named(&state.words.locale).into_iter().map(option).collect());
    let select = control(shop, Field::Country, "select")
        .set("autocomplete", "billing country")
        .on("change", move |event| choose(shop, event_target_value(&event)))
        .child(tag("option").set("value", "").text(state.words.say("choose")))
        .part(options)
        .value(move || shop.read().draft.country.clone());
    labelled(shop, Field::Country, "country", select).view()
}

fn choose(shop: Shop, country: String) {
    shop.change(|state| {
        state.draft.country = country;
        state.set_error(Field::Country, String::new());
    });
    shop.peek().draft.save();
    shop.requote();
}
