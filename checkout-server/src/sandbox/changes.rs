//! `PATCH /subscriptions/{id}`: cancelling, pausing, moving the billing day, and what is written on it.
//!
//! Not documented, so chosen: every change that is taken is told by `subscription.updated`, beside the
//! event of its own that a new status has; a cancellation for the end of the period is told as such when
//! it comes; what fell due during a pause is charged when it ends; a billing day in the past means now.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Ctx};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::cart::{AddressBody, check_metadata};
use super::error::{ApiError, ApiResult};
use super::payments::Billing;
use super::state::State;
use super::subscriptions::Subscription;
use super::webhooks::Subject;
use super::{Sandbox, control, lifetime};
use crate::clock::rfc3339;

/// What a status can be changed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    Cancelled,
    Paused,
    Active,
}

/// The body, as far as the sandbox acts on it.
#[derive(Deserialize)]
struct ChangeBody {
    status: Option<Wanted>,
    cancel_at_next_billing_date: Option<bool>,
    next_billing_date: Option<Timestamp>,
    metadata: Option<Map<String, Value>>,
    billing: Option<AddressBody>,
    tax_id: Option<String>,
    customer_name: Option<String>,
    customer_business_name: Option<String>,
    cancel_reason: Option<String>,
    cancellation_feedback: Option<String>,
    cancellation_comment: Option<String>,
    disable_on_demand: Option<OnDemandEnd>,
}

#[derive(Clone, Copy, Deserialize)]
struct OnDemandEnd {
    next_billing_date: Timestamp,
}

/// Reads a body. `paused` and `active` must be sent alone.
fn read(bytes: &[u8]) -> ApiResult<ChangeBody> {
    let body: ChangeBody = control::read(bytes)?;
    check_metadata(body.metadata.as_ref())?;
    let given: Map<String, Value> = control::read(bytes)?;
    let others = given.iter().any(|(name, value)| name != "status" && !value.is_null());
    if matches!(body.status, Some(Wanted::Paused | Wanted::Active)) && others {
        return Err(ApiError::body("status paused and active are sent alone"));
    }
    Ok(body)
}

/// `PATCH /subscriptions/{id}`
pub(crate) async fn patch(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let body = read(&bytes)?;
    let now = sandbox.now();
    let mut state = sandbox.state();
    change(&mut state, &id, body, now)?;
    state.plan_ahead(&id);
    lifetime::pass(&mut state, now);
    let answer = state.subscriptions.get(&id).map(Subscription::wire).unwrap_or_default();
    drop(state);
    sandbox.wake();
    Ok(Json(answer))
}

fn change(state: &mut State, id: &str, body: ChangeBody, now: Timestamp) -> ApiResult<()> {
    let subscription = state.subscriptions.get_mut(id).ok_or_else(|| ApiError::not_found("subscription"))?;
    check(subscription, &body)?;
    let ChangeBody { status, cancel_at_next_billing_date, next_billing_date, disable_on_demand, .. } = body;
    if status == Some(Wanted::Cancelled) || cancel_at_next_billing_date == Some(true) {
        let by = body.cancel_reason.as_deref();
        subscription.cancelled_by = Some(canceller(subscription, by));
    }
    if cancel_at_next_billing_date == Some(false) {
        subscription.cancelled_by = None;
    }
    let ends = &mut subscription.cancel_at_next_billing_date;
    *ends = cancel_at_next_billing_date.unwrap_or(*ends);
    if disable_on_demand.is_some() {
        subscription.on_demand = false;
    }
    if let Some(day) = next_billing_date.or(disable_on_demand.map(|end| end.next_billing_date)) {
        subscription.next_billing_date = day.max(now);
        subscription.anchor = subscription.next_billing_date;
    }
    note(subscription, body);
    match status {
        Some(Wanted::Cancelled) => lifetime::cancel(state, id, now),
        Some(Wanted::Paused) => pause(state, id, now),
        Some(Wanted::Active) => resume(state, id, now),
        None => {}
    }
    state.emit("subscription.updated", Subject::Subscription(id.to_owned(), None), now);
    Ok(())
}

/// Whether the subscription stands where that can be done.
fn check(subscription: &Subscription, body: &ChangeBody) -> ApiResult<()> {
    let refuse = |code| Err(ApiError::refused(code, format!("The subscription is {}", subscription.status)));
    match (subscription.status, body.status) {
        ("expired", _) => refuse("SUBSCRIPTION_EXPIRED"),
        ("active", Some(Wanted::Paused)) | ("active" | "paused", Some(Wanted::Active)) => Ok(()),
        ("cancelled" | "failed", _) | (_, Some(Wanted::Paused | Wanted::Active)) => refuse("SUBSCRIPTION_INACTIVE"),
        (status, _) if status != "active" && body.next_billing_date.is_some() => refuse("SUBSCRIPTION_INACTIVE"),
        _ => Ok(()),
    }
}

fn canceller(subscription: &Subscription, reason: Option<&str>) -> Value {
    let customer = &subscription.customer;
    match reason {
        Some("cancelled_by_customer") => {
            json!({ "actor_type": "customer", "email": customer.email, "name": customer.name })
        }
        Some("dodo_team") => json!({ "actor_type": "dodo_team", "email": null, "name": null }),
        _ => json!({ "actor_type": "api_key", "email": null, "name": null }),
    }
}

/// What is only written down.
fn note(subscription: &mut Subscription, body: ChangeBody) {
    if let Some(address) = body.billing {
        let AddressBody { country, city, state, street, zipcode } = address;
        subscription.billing = Billing { city, country, state, street, zipcode };
    }
    let keep = |new: Option<String>, old: &mut Option<String>| *old = new.or_else(|| old.take());
    keep(body.tax_id, &mut subscription.tax_id);
    keep(body.customer_business_name, &mut subscription.customer_business_name);
    keep(body.cancellation_feedback, &mut subscription.cancellation_feedback);
    keep(body.cancellation_comment, &mut subscription.cancellation_comment);
    subscription.customer.name = body.customer_name.unwrap_or_else(|| subscription.customer.name.clone());
    subscription.metadata = body.metadata.unwrap_or_else(|| std::mem::take(&mut subscription.metadata));
}

fn pause(state: &mut State, id: &str, now: Timestamp) {
    let Some(subscription) = state.subscriptions.get_mut(id) else { return };
    subscription.status = "paused";
    subscription.paused_at = Some(rfc3339(now));
    state.emit("subscription.paused", Subject::Subscription(id.to_owned(), None), now);
}

fn resume(state: &mut State, id: &str, now: Timestamp) {
    let Some(subscription) = state.subscriptions.get_mut(id) else { return };
    if subscription.status != "paused" {
        return;
    }
    subscription.status = "active";
    subscription.paused_at = None;
    if subscription.next_billing_date < now {
        subscription.next_billing_date = now;
        subscription.anchor = now;
    }
    state.emit("subscription.unpaused", Subject::Subscription(id.to_owned(), None), now);
}
