//! A new card for a subscription: `POST /subscriptions/{id}/update-payment-method`. What the
//! subscription owes is charged to it at once; with nothing owed it is put on file by a payment of
//! nothing (`is_update_payment_method`). The link that is handed out leads to the hosted page.
//!
//! Not documented, so chosen: the link is good for 24 hours and for one payment; what is owed is
//! reckoned when it is paid, not when the link is made.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Ctx};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cart::{AddressBody, CheckoutBody, CustomerBody};
use super::checkouts::{Progress, Purpose, Session};
use super::error::{ApiError, ApiResult};
use super::payments::opened;
use super::pricing::{Breakup, Pricing};
use super::state::State;
use super::subscriptions::Subscription;
use super::webhooks::Subject;
use super::{Sandbox, control, lifetime, pay, subscribe};
use crate::clock::rfc3339;
use crate::random;

/// How long a link can be used.
const LIFE: SignedDuration = SignedDuration::from_hours(24);

/// `POST /subscriptions/{id}/update-payment-method`: flat, with a `type`.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum MethodBody {
    New { return_url: Option<String> },
    Existing { payment_method_id: String },
}

/// `POST /subscriptions/{id}/update-payment-method`
pub(crate) async fn update(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let body: MethodBody = control::read(&bytes)?;
    let now = sandbox.now();
    let mut state = sandbox.state();
    let answer = match body {
        MethodBody::New { return_url } => {
            let page = open_page(&mut state, &id, return_url, now)?;
            let payment_id = pay::prepare(&mut state, &page, now)?;
            refresh(&mut state, &page, now);
            json!({
                "client_secret": format!("{payment_id}_secret_{}", random::alphanumeric::<12>()),
                "expires_on": state.sessions.get(&page).map(|page| rfc3339(page.expires_at)),
                "payment_id": payment_id,
                "payment_link": state.sessions.get(&page).map(|page| page.url(sandbox.base_url())),
            })
        }
        MethodBody::Existing { payment_method_id } => {
            let page = open_page(&mut state, &id, None, now)?;
            let payment_id = pay::with_saved_card(&mut state, &page, &payment_method_id, now)?;
            json!({ "client_secret": null, "expires_on": null, "payment_id": payment_id, "payment_link": null })
        }
    };
    drop(state);
    sandbox.wake();
    Ok(Json(answer))
}

/// A page on which a card can be entered for a subscription. Its id, of eight characters.
///
/// # Errors
/// There is no such subscription, or it has ended.
pub(crate) fn open_page(
    state: &mut State,
    subscription_id: &str,
    return_url: Option<String>,
    now: Timestamp,
) -> ApiResult<String> {
    let subscription = state.subscriptions.get(subscription_id).ok_or_else(|| ApiError::not_found("subscription"))?;
    if subscription.has_ended() {
        let message = format!("The subscription is {}", subscription.status);
        return Err(ApiError::refused("SUBSCRIPTION_INACTIVE", message));
    }
    let page = Session {
        session_id: random::alphanumeric::<8>(),
        purpose: Purpose::Mend(subscription_id.to_owned()),
        raw: Value::Null,
        body: body(subscription, return_url),
        pricing: owed(subscription),
        progress: Progress::Open,
        payments: Vec::new(),
        customer: None,
        created_at: now,
        expires_at: now.checked_add(LIFE).unwrap_or(Timestamp::MAX),
    };
    let id = page.session_id.clone();
    state.sessions.push(page);
    Ok(id)
}

fn body(subscription: &Subscription, return_url: Option<String>) -> CheckoutBody {
    let customer = CustomerBody {
        customer_id: Some(subscription.customer.customer_id.clone()),
        email: None,
        name: None,
        phone_number: None,
    };
    let billing = subscription.billing.clone();
    let address = AddressBody {
        country: billing.country,
        city: billing.city,
        state: billing.state,
        street: billing.street,
        zipcode: billing.zipcode,
    };
    CheckoutBody {
        customer: Some(customer),
        billing_address: Some(address),
        return_url,
        metadata: Some(subscription.metadata.clone()),
        ..CheckoutBody::default()
    }
}

fn owed(subscription: &Subscription) -> Pricing {
    match &subscription.debt {
        Some(debt) => debt.pricing.clone(),
        None => Pricing::of_sums(subscription.terms.currency, Breakup::default()),
    }
}

/// Brings such a page, and a payment that waits on it, to what is owed now. Does nothing to other
/// pages.
pub(crate) fn refresh(state: &mut State, page_id: &str, now: Timestamp) {
    let Some(page) = state.sessions.get_mut(page_id).filter(|page| !page.is_expired(now)) else { return };
    let Purpose::Mend(subscription_id) = &page.purpose else { return };
    let Some(subscription) = state.subscriptions.get(subscription_id) else { return };
    page.pricing = owed(subscription);
    let Some(payment) = page.payments.last().and_then(|id| state.payments.get_mut(id)) else { return };
    if !matches!(payment.status, "requires_payment_method" | "requires_customer_action" | "processing") {
        return;
    }
    opened::price(payment, &page.pricing);
    payment.charge_type = subscription.debt.as_ref().map(|debt| debt.charge_type);
    payment.is_update_payment_method = subscription.debt.is_none();
    payment.includes_usage = subscription.debt.as_ref().is_some_and(|debt| debt.includes_usage);
    payment.subscription_id = Some(subscription_id.clone());
    payment.subscription_ids = vec![subscription_id.clone()];
}

/// A card was entered and has paid: it is the subscription's from now on.
pub(crate) fn paid(state: &mut State, subscription_id: &str, payment_id: &str, now: Timestamp) {
    let Some(payment) = state.payments.get(payment_id) else { return };
    subscribe::keep_card(&mut state.customers, payment, now);
    let Some(subscription) = state.subscriptions.get_mut(subscription_id) else { return };
    subscription.payment_method_id.clone_from(&payment.payment_method_id);
    subscription.has_payment_method = true;
    let debt = subscription.debt.take();
    let told = Subject::Subscription(subscription_id.to_owned(), None);
    state.emit("subscription.update_payment_method", told, now);
    match debt {
        Some(debt) => lifetime::paid(state, subscription_id, &debt, payment_id, now),
        None => {
            state.emit("payment.succeeded", Subject::Payment(payment_id.to_owned()), now);
        }
    }
}
