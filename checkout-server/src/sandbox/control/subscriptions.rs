//! What tests and demos do with a subscription beyond the provider's API.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Ctx};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::{ApiError, ApiResult};
use super::super::pay::{self, Buyer};
use super::super::state::State;
use super::super::subscriptions::Subscription;
use super::super::{Sandbox, cards, lifetime, mending, on_demand};
use super::read;

/// Changes a subscription, lets happen what is due, and answers how it stands then.
fn changed(
    sandbox: &Sandbox,
    id: &str,
    change: impl FnOnce(&mut State, Timestamp) -> ApiResult<()>,
) -> ApiResult<Json<Value>> {
    let now = sandbox.now();
    let mut state = sandbox.state();
    if state.subscriptions.get(id).is_none() {
        return Err(ApiError::not_found("subscription"));
    }
    change(&mut state, now)?;
    state.plan_ahead(id);
    lifetime::pass(&mut state, now);
    let answer = state.subscriptions.get(id).map(Subscription::control_wire).unwrap_or_default();
    drop(state);
    sandbox.wake();
    Ok(Json(answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeclineBody {
    #[serde(default = "once")]
    count: u32,
}

fn once() -> u32 {
    1
}

/// `POST /control/subscriptions/{id}/decline-next`: so many of its next charges are declined, whatever the
/// card; 0 takes it back.
pub(crate) async fn decline_next(
    Ctx(sandbox): Ctx<Sandbox>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> ApiResult<Json<Value>> {
    let DeclineBody { count } = read(&bytes)?;
    changed(&sandbox, &id, |state, _| {
        if let Some(subscription) = state.subscriptions.get_mut(&id) {
            subscription.decline_next = count;
        }
        Ok(())
    })
}

/// `POST /control/subscriptions/{id}/renew`: its billing day is now.
pub(crate) async fn renew(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    changed(&sandbox, &id, |state, now| {
        let subscription = state.subscriptions.get_mut(&id).filter(|row| row.status == "active");
        let subscription =
            subscription.ok_or_else(|| ApiError::refused("SUBSCRIPTION_INACTIVE", "Only an active one renews"))?;
        subscription.next_billing_date = now;
        subscription.anchor = now;
        Ok(())
    })
}

/// `POST /control/subscriptions/{id}/expire`: as at the end of its last period.
pub(crate) async fn expire(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    changed(&sandbox, &id, |state, now| {
        if let Some(subscription) = state.subscriptions.get_mut(&id) {
            subscription.expires_at = now;
        }
        lifetime::expire(state, &id, now);
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageBody {
    /// Minor units.
    amount: i64,
}

/// `POST /control/subscriptions/{id}/bill-usage`: a charge of type `renewal` without a service period. It
/// extends nothing.
pub(crate) async fn bill_usage(
    Ctx(sandbox): Ctx<Sandbox>,
    Path(id): Path<String>,
    bytes: Bytes,
) -> ApiResult<Json<Value>> {
    let UsageBody { amount } = read(&bytes)?;
    changed(&sandbox, &id, |state, now| {
        let Some(subscription) = state.subscriptions.get(&id) else { return Ok(()) };
        let debt = on_demand::charge_of(subscription, amount.max(0), "renewal");
        // A decline of it is told by `payment.failed`, and nothing follows.
        let _told = lifetime::collect(state, &id, &debt, 0, now);
        Ok(())
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MendBody {
    card: String,
}

/// `POST /control/subscriptions/{id}/mend`: what its owner does behind the link of
/// `update-payment-method`.
pub(crate) async fn mend(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let MendBody { card } = read(&bytes)?;
    let card =
        cards::find(&card).ok_or_else(|| ApiError::body("card is one of the test cards, such as 4242424242424242"))?;
    let now = sandbox.now();
    let mut state = sandbox.state();
    let page = mending::open_page(&mut state, &id, None, now)?;
    let payment_id = pay::with_card(&mut state, &page, card, Buyer::default(), now)?;
    let status = state.payments.get(&payment_id).map(|payment| payment.status);
    let answer = json!({ "payment_id": payment_id, "status": status });
    drop(state);
    sandbox.wake();
    Ok(Json(answer))
}
