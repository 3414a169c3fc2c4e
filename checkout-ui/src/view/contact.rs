//! Who buys, and from where: all that is asked before the payment page.

use leptos::prelude::AnyView;

use super::country::country;
use super::field::field;
use super::tag::{all, nothing, part, tag};
use crate::form::{self, Field};
use crate::state::{Shop, State};

impl State {
    /// Looks at the address that was typed, while there is still something to correct.
    pub fn check_email(&mut self) {
        let email = &self.draft.email;
        let wrong = form::email_error(email).filter(|_| !email.is_empty()).map(|key| self.words.say(key));
        self.suggestion = form::email_suggestion(email);
        self.set_error(Field::Email, wrong.unwrap_or_default());
    }
}

/// The e-mail address, the country, and the postal code where tax depends on it.
pub fn contact(shop: Shop) -> AnyView {
    let suggestion = part(
        move || shop.read().suggestion.clone().unwrap_or_default(),
        move || {
            let Some(meant) = shop.peek().suggestion.clone() else { return nothing() };
            let label = shop.fill("did_you_mean", &[("email", &meant)]);
            tag("button").set("type", "button").class("link").text(label).click(move || take_suggestion(shop)).view()
        },
    );
    let postal = part(
        move || form::asks_postal_code(&shop.read().draft.country).to_string(),
        move || {
            if !form::asks_postal_code(&shop.peek().draft.country) {
                return nothing();
            }
            field(shop, Field::PostalCode, "postal", "billing postal-code").view()
        },
    );
    all(vec![field(shop, Field::Email, "email", "email").view(), suggestion, country(shop), postal])
}

fn take_suggestion(shop: Shop) {
    shop.change(|state| {
        state.draft.email = state.suggestion.take().unwrap_or_default();
        state.check_email();
    });
    shop.focus("email");
}
