//! Dodo's own JSON shapes, and their conversion to and from ours. What an answer holds beyond
//! this is ignored; what it lacks is an error only where we cannot do without.

use std::collections::BTreeMap;

use checkout_types::money::Currency;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::provider::{NewSession, Session};
use crate::quote::Cart;

/// `{"code", "message"}` of a refusal.
#[derive(Deserialize)]
pub(super) struct Refused {
    #[serde(default)]
    pub(super) code: String,
}

/// The body of `POST /checkouts/preview`: the part that decides the price.
#[derive(Serialize)]
pub(super) struct PreviewBody<'a> {
    product_cart: Vec<CartLine<'a>>,
    billing_currency: Currency,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_address: Option<BillingAddress<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    discount_codes: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_id: Option<&'a str>,
    feature_flags: FeatureFlags,
    #[serde(skip_serializing_if = "Option::is_none")]
    subscription_data: Option<SubscriptionData>,
}

#[derive(Serialize)]
struct CartLine<'a> {
    product_id: &'a str,
    quantity: u32,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    addons: Vec<CartAddon<'a>>,
}

#[derive(Serialize)]
struct CartAddon<'a> {
    addon_id: &'a str,
    quantity: u32,
}

#[derive(Serialize)]
struct BillingAddress<'a> {
    country: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    zipcode: Option<&'a str>,
}

/// The trial comes from the catalog: what the quote showed is what is sold.
#[derive(Serialize)]
struct SubscriptionData {
    trial_period_days: u32,
}

/// What the buyer may change on the payment page: nothing that changes the price, because the
/// quote's total is what we will accept (G8, G10).
#[derive(Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the provider's own flags")]
struct FeatureFlags {
    allow_currency_selection: bool,
    allow_discount_code: bool,
    allow_tax_id: bool,
    allow_editing_addons: bool,
    allow_customer_editing_country: bool,
    allow_customer_editing_email: bool,
    allow_customer_editing_tax_id: bool,
    allow_customer_editing_zipcode: bool,
}

const FIXED: FeatureFlags = FeatureFlags {
    allow_currency_selection: false,
    allow_discount_code: false,
    allow_tax_id: false,
    allow_editing_addons: false,
    allow_customer_editing_country: false,
    allow_customer_editing_email: false,
    allow_customer_editing_tax_id: false,
    allow_customer_editing_zipcode: false,
};

impl<'a> PreviewBody<'a> {
    pub(super) fn new(cart: &'a Cart<'_>) -> Self {
        let line = |line: &'a crate::quote::Line<'_>| CartLine {
            product_id: &line.price.provider_product,
            quantity: line.quantity,
            addons: line
                .addons
                .iter()
                .map(|(addon, quantity)| CartAddon { addon_id: &addon.provider_addon, quantity: *quantity })
                .collect(),
        };
        let address = cart.address.as_ref();
        Self {
            product_cart: cart.lines.iter().map(line).collect(),
            billing_currency: cart.currency,
            billing_address: address
                .map(|address| BillingAddress { country: &address.country, zipcode: address.postal_code.as_deref() }),
            discount_codes: cart.discount_code.iter().map(String::as_str).collect(),
            tax_id: address.and_then(|address| address.tax_id.as_deref()),
            feature_flags: FIXED,
            subscription_data: cart.trial_days().map(|trial_period_days| SubscriptionData { trial_period_days }),
        }
    }
}

/// The body of `POST /checkouts`.
#[derive(Serialize)]
pub(super) struct SessionBody<'a> {
    #[serde(flatten)]
    priced: PreviewBody<'a>,
    customer: CustomerBody<'a>,
    minimal_address: bool,
    return_url: &'a str,
    cancel_url: &'a str,
    metadata: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct CustomerBody<'a> {
    email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

/// The metadata key that leads a payment back to its checkout.
pub(super) const ORDER_ID: &str = "order_id";
/// The metadata key that tells the merchant whose payment it is.
const CUSTOMER_REFERENCE: &str = "customer_reference";

impl<'a> SessionBody<'a> {
    pub(super) fn new(session: &'a NewSession<'_>) -> Self {
        let customer = session.customer;
        let notes = session.custom_data.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        Self {
            priced: PreviewBody::new(session.cart),
            customer: CustomerBody { email: &customer.email, name: customer.name.as_deref() },
            minimal_address: true,
            return_url: session.return_url,
            cancel_url: session.cancel_url,
            // Ours last: a note can never take its place.
            metadata: notes
                .chain(session.customer_reference.map(|reference| (CUSTOMER_REFERENCE, reference)))
                .chain([(ORDER_ID, session.checkout)])
                .collect(),
        }
    }
}

#[derive(Deserialize)]
struct SessionAnswer {
    session_id: String,
    checkout_url: Option<String>,
}

pub(super) fn session(answer: Value) -> Result<Session, String> {
    let SessionAnswer { session_id, checkout_url } =
        serde_json::from_value(answer).map_err(|error| error.to_string())?;
    let url = checkout_url.ok_or("a session without an address")?;
    Ok(Session { id: session_id, url })
}
