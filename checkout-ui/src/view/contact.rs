//! Who buys, and from where: all that is asked before the payment page.

use leptos::prelude::*;

use super::country::CountryField;
use super::field::Input;
use super::{nothing, part};
use crate::form::{self, Field};
use crate::state::Shop;

/// The e-mail address, the country, and the postal code where tax depends on it.
#[component]
pub fn Contact() -> impl IntoView {
    let shop = Shop::expect();
    let suggested = RwSignal::new(None::<String>);
    let email_typed = Callback::new(move |()| {
        let email = shop.email.get_untracked();
        let wrong = form::email_error(&email).filter(|_| !email.is_empty());
        shop.set_error(Field::Email, wrong.map(|key| shop.say(key)).unwrap_or_default());
        suggested.set(form::email_suggestion(&email));
        shop.keep();
    });
    let suggestion = part(move || {
        let Some(meant) = suggested.get() else { return nothing() };
        let label = shop.fill("did_you_mean", &[("email", &meant)]);
        let take = move |_| {
            shop.email.set(meant.clone());
            suggested.set(None);
            shop.focus("email");
        };
        view! { <button type="button" class="link" on:click=take>{label}</button> }.into_any()
    });
    let postal_typed = Callback::new(move |()| {
        shop.keep();
        shop.requote();
    });
    let asks = Memo::new(move |_| form::asks_postal_code(&shop.country.read()));
    let postal = part(move || {
        if !asks.get() {
            return nothing();
        }
        view! {
            <Input
                field=Field::PostalCode
                label="postal"
                value=shop.postal_code
                autocomplete="billing postal-code"
                changed=postal_typed
            />
        }
        .into_any()
    });
    view! {
        <Input field=Field::Email label="email" value=shop.email autocomplete="email" kind="email" changed=email_typed />
        {suggestion}
        <CountryField />
        {postal}
    }
}
