//! Nothing can be sold here now, and why.

use leptos::prelude::*;

use super::icon::{ALERT, Icon};
use super::nothing;
use crate::state::Shop;
use crate::step::Step;

/// What went wrong before there was anything to show.
#[component]
pub fn Broken(
    /// One sentence.
    text: String,
    /// Whether to offer another try.
    retryable: bool,
) -> impl IntoView {
    let shop = Shop::expect();
    let again = move |_| {
        shop.step.set(Step::Loading);
        shop.requote();
    };
    let button = if retryable {
        view! { <button type="button" class="primary" part="button" on:click=again>{shop.say("again")}</button> }
            .into_any()
    } else {
        nothing()
    };
    view! {
        <section class="status" data-tone="bad" role="alert">
            <span class="badge"><Icon shape=ALERT /></span>
            <h3>{shop.say("broken")}</h3>
            <p>{text}</p>
            {button}
        </section>
    }
}
