//! Subscriptions on demand: `POST /subscriptions/{id}/charge`.
//!
//! Not documented, so chosen: the price that is named is charged as it is, without tax; a charge that is
//! declined is told by `payment.failed`, and the subscription stays as it was.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Ctx};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::cart::check_metadata;
use super::error::{ApiError, ApiResult};
use super::lifetime::{self, Debt};
use super::pricing::{Breakup, Pricing};
use super::subscriptions::Subscription;
use super::{Sandbox, control, exchange};

/// The body, as far as the sandbox acts on it.
#[derive(Deserialize)]
struct ChargeBody {
    /// Minor units.
    product_price: i64,
    product_currency: Option<String>,
    metadata: Option<Map<String, Value>>,
}

/// A charge of a sum for no period.
pub(crate) fn charge_of(subscription: &Subscription, amount: i64, charge_type: &'static str) -> Debt {
    let sums = Breakup { subtotal: amount, total: amount, ..Breakup::default() };
    let pricing = Pricing::of_sums(subscription.terms.currency, sums);
    Debt { pricing, charge_type, period: None, includes_usage: charge_type == "renewal" }
}

/// `POST /subscriptions/{id}/charge`. Not idempotent: every request that is taken charges.
pub(crate) async fn charge(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let body: ChargeBody = control::read(&bytes)?;
    check_metadata(body.metadata.as_ref())?;
    let now = sandbox.now();
    let mut state = sandbox.state();
    let subscription = state.subscriptions.get(&id).ok_or_else(|| ApiError::not_found("subscription"))?;
    check(subscription, &body)?;
    let debt = charge_of(subscription, body.product_price, "on_demand");
    let (Ok(payment_id) | Err(payment_id)) = lifetime::collect(&mut state, &id, &debt, 0, now);
    if let (Some(metadata), Some(payment)) = (body.metadata, state.payments.get_mut(&payment_id)) {
        payment.metadata = metadata;
    }
    drop(state);
    sandbox.wake();
    Ok(Json(json!({ "payment_id": payment_id })))
}

fn check(subscription: &Subscription, body: &ChargeBody) -> ApiResult<()> {
    let refuse = |code, message: &str| Err(ApiError::refused(code, message));
    if !subscription.on_demand {
        return refuse("SUBSCRIPTION_NOT_ON_DEMAND", "The subscription is charged by itself");
    }
    if subscription.status != "active" {
        return refuse("SUBSCRIPTION_INACTIVE", "The subscription is not active");
    }
    if subscription.cancel_at_next_billing_date {
        return refuse("CHARGE_NOT_ALLOWED_FOR_SCHEDULED_CANCELLATION", "The subscription ends soon");
    }
    let currency = &subscription.terms.currency;
    if body.product_currency.as_ref().is_some_and(|wanted| *wanted != currency.to_string()) {
        return refuse("UNSUPPORTED_CURRENCY", "The subscription is charged in another currency");
    }
    if body.product_price < exchange::least_charge(*currency) {
        return refuse("REQUEST_AMOUNT_BELOW_MINIMUM", "product_price is below the least that is charged");
    }
    Ok(())
}
