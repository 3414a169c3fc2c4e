//! What the buyer typed, and whether it will do.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::sandbox::cards::{self, Expiry, TestCard};
use crate::sandbox::cart::AddressBody;
use crate::sandbox::checkouts::{Purpose, Session};
use crate::sandbox::error::{ApiError, ApiResult};
use crate::sandbox::pricing::Basket;
use crate::sandbox::state::State;
use crate::sandbox::tax;

/// The fields of the payment form, as they were sent.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(crate) struct PayForm {
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) card: Option<String>,
    pub(crate) expiry: Option<String>,
    pub(crate) cvc: Option<String>,
}

/// What is wrong, per field, in words for the buyer.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct FieldErrors {
    pub(crate) email: Option<&'static str>,
    pub(crate) card: Option<&'static str>,
    pub(crate) expiry: Option<&'static str>,
    pub(crate) cvc: Option<&'static str>,
}

impl FieldErrors {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { email, card, expiry, cvc } = self;
        [email, card, expiry, cvc].into_iter().all(Option::is_none)
    }
}

/// A form that was looked at.
#[derive(Clone, Default)]
pub(crate) struct Checked {
    pub(crate) card: Option<&'static TestCard>,
    pub(crate) expiry: Option<Expiry>,
    pub(crate) errors: FieldErrors,
}

/// Checks what was typed. An expiry in the past is for the bank to refuse.
pub(crate) fn check(form: &PayForm, session: &Session) -> Checked {
    let given = session.body.customer.as_ref();
    let known = given.is_some_and(|customer| customer.email.is_some() || customer.customer_id.is_some());
    let email = form.email.as_deref().unwrap_or_default().trim();
    let email_fits = email.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let number = form.card.as_deref().unwrap_or_default();
    let card = cards::find(number);
    let expiry = form.expiry.as_deref().and_then(Expiry::parse);
    let cvc = form.cvc.as_deref().unwrap_or_default().trim();
    let cvc_fits = matches!(cvc.len(), 3 | 4) && cvc.bytes().all(|byte| byte.is_ascii_digit());
    let errors = FieldErrors {
        email: (!known && !email_fits).then_some("Enter your e-mail address, such as name@example.com."),
        card: match (number.trim().is_empty(), card) {
            (true, _) => Some("Enter the card number."),
            (false, None) => Some("This is a test page: use one of the test cards above."),
            (false, Some(_)) => None,
        },
        expiry: expiry.is_none().then_some("Enter month and year, such as 06/32."),
        cvc: (!cvc_fits).then_some("Enter the 3 or 4 digits."),
    };
    Checked { card, expiry, errors }
}

/// Whether the page asks where the buyer is: when the merchant did not say and did not forbid to
/// change it.
pub(crate) fn asks_country(session: &Session) -> bool {
    let flags = session.body.feature_flags.as_ref();
    let forbidden = flags.and_then(|flags| flags.allow_customer_editing_country) == Some(false);
    let bought = session.purpose == Purpose::Buy;
    bought && !forbidden && session.raw.get("billing_address").is_none_or(serde_json::Value::is_null)
}

/// The country that the buyer chose, where it is another one and the session leaves it to them.
pub(crate) fn moves_to(form: &PayForm, session: &Session) -> Option<&'static str> {
    let chosen = form.country.as_deref().filter(|_| asks_country(session))?;
    let position = tax::SUPPORTED_COUNTRIES.iter().position(|country| *country == chosen)?;
    let country = tax::SUPPORTED_COUNTRIES[position];
    (session.body.country() != country).then_some(country)
}

/// Reckons the session's tax for another country. Prices stay as they were.
pub(crate) fn move_to(state: &mut State, session_id: &str, country: &str) -> ApiResult<()> {
    let session = state.sessions.get_mut(session_id).ok_or_else(|| ApiError::not_found("checkout session"))?;
    let basket = Basket {
        lines: session.pricing.lines.iter().map(|priced| priced.line.clone()).collect(),
        currency: session.pricing.currency,
        tax_bps: tax::rate_bps(country, None),
        discounts: session.pricing.discounts.clone(),
    };
    session.pricing = basket.price(session.created_at.max(Timestamp::UNIX_EPOCH))?;
    let country = country.to_owned();
    session.body.billing_address = Some(AddressBody { country, city: None, state: None, street: None, zipcode: None });
    Ok(())
}
