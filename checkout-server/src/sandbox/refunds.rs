//! Refunds: `POST /refunds` for all that is left of a payment, or for lines of it.
//!
//! Not documented, so chosen: the answer says `pending` and the end follows at once; while one is
//! open no other is taken (409); an item's `amount` is without tax unless `tax_inclusive` says so; a
//! refund changes no subscription.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Ctx};
use axum::http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::cart::check_metadata;
use super::control;
use super::customers::CustomerView;
use super::error::{ApiError, ApiResult};
use super::paging::{Created, Page, Query};
use super::payments::Payment;
use super::scenario::Refunds;
use super::state::State;
use super::table::Row;
use super::webhooks::Subject;
use super::{BUSINESS_ID, Sandbox, new_id};
use crate::clock::rfc3339;

mod amount;

use amount::Share;
pub(crate) use amount::part;

/// Money on its way back.
#[expect(clippy::struct_field_names, reason = "`refund_id` is its name on the wire")]
pub(crate) struct Refund {
    pub(crate) refund_id: String,
    payment_id: String,
    customer: CustomerView,
    shares: Vec<Share>,
    amount: i64,
    currency: String,
    is_partial: bool,
    metadata: Map<String, Value>,
    reason: Option<String>,
    status: &'static str,
    network_reference: Option<String>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Row for Refund {
    fn id(&self) -> &str {
        &self.refund_id
    }
}

impl Refund {
    /// `GET /refunds/{id}`, and the data of `refund.*`.
    pub(crate) fn wire(&self) -> Value {
        let mut wire = self.list_wire();
        wire["brand_id"] = BUSINESS_ID.into();
        wire["customer"] = json!(self.customer);
        wire["metadata"] = json!(self.metadata);
        wire
    }

    /// A row of `GET /refunds`, which has no metadata, and of a payment's `refunds`.
    fn list_wire(&self) -> Value {
        let reference = self.network_reference.as_deref();
        json!({
            "amount": self.amount,
            "business_id": BUSINESS_ID,
            "created_at": rfc3339(self.created_at),
            "currency": self.currency,
            "is_partial": self.is_partial,
            "network_reference": reference,
            "network_reference_type": reference.map(|_| "acquirer_reference_number"),
            "network_reference_updated_at": reference.map(|_| rfc3339(self.updated_at)),
            "payment_id": self.payment_id,
            "reason": self.reason,
            "refund_id": self.refund_id,
            "status": self.status,
        })
    }

    fn is_open(&self) -> bool {
        matches!(self.status, "pending" | "review")
    }
}

/// `POST /refunds`
#[derive(Deserialize)]
struct RefundBody {
    payment_id: String,
    items: Option<Vec<ItemBody>>,
    reason: Option<String>,
    metadata: Option<Map<String, Value>>,
}

/// A line of the payment; without an amount, all that is left of it.
#[derive(Deserialize)]
pub(crate) struct ItemBody {
    item_id: String,
    amount: Option<i64>,
    tax_inclusive: Option<bool>,
}

/// `POST /refunds`. Not idempotent: every request that is taken gives back more.
pub(crate) async fn create(Ctx(sandbox): Ctx<Sandbox>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let body: RefundBody = control::read(&bytes)?;
    check_metadata(body.metadata.as_ref())?;
    if body.reason.as_ref().is_some_and(|reason| reason.chars().count() > 3_000) {
        return Err(ApiError::body("reason holds at most 3000 characters"));
    }
    let now = sandbox.now();
    let mut state = sandbox.state();
    let id = open(&mut state, body, now)?;
    let answer = state.refunds.get(&id).map(Refund::wire).unwrap_or_default();
    match state.scenario.refunds {
        Refunds::Succeed => end(&mut state, &id, "succeeded", now),
        Refunds::Fail => end(&mut state, &id, "failed", now),
        Refunds::Pending | Refunds::Review => {}
    }
    drop(state);
    sandbox.wake();
    Ok(Json(answer))
}

fn open(state: &mut State, body: RefundBody, now: Timestamp) -> ApiResult<String> {
    let payment = state.payments.get(&body.payment_id).ok_or_else(|| ApiError::not_found("payment"))?;
    check(payment, state)?;
    let shares = amount::shares(&payment.line_items, body.items.as_deref())?;
    let amount = shares.iter().map(|share| share.paid).sum();
    let refund = Refund {
        refund_id: new_id("ref"),
        payment_id: body.payment_id,
        customer: payment.customer.clone(),
        shares,
        amount,
        currency: payment.currency.clone(),
        is_partial: amount < payment.total_amount,
        metadata: body.metadata.unwrap_or_default(),
        reason: body.reason,
        status: if state.scenario.refunds == Refunds::Review { "review" } else { "pending" },
        network_reference: None,
        created_at: now,
        updated_at: now,
    };
    let id = refund.refund_id.clone();
    state.refunds.push(refund);
    show(state, &id, now);
    Ok(id)
}

/// Whether anything of the payment can go back.
fn check(payment: &Payment, state: &State) -> ApiResult<()> {
    let refuse = |code, message: &str| Err(ApiError::refused(code, message));
    if payment.status != "succeeded" {
        return refuse("PAYMENT_NOT_SUCCEEDED", "The payment has not succeeded");
    }
    if payment.total_amount == 0 {
        return refuse("ZERO_AMOUNT_PAYMENT_REFUND_NOT_ALLOWED", "Nothing was paid");
    }
    if state.refunds.iter().any(|refund| refund.payment_id == payment.payment_id && refund.is_open()) {
        let message = "Another refund of the payment is still open".into();
        return Err(ApiError { status: StatusCode::CONFLICT, code: "EXISTING_REFUND_REQUEST_PROCESSING", message });
    }
    if payment.line_items.iter().all(|item| item.refunded >= item.paid) {
        return refuse("PAYMENT_ALREADY_REFUNDED", "All of the payment went back already");
    }
    Ok(())
}

/// Brings a refund to its end, and tells.
fn end(state: &mut State, id: &str, status: &'static str, now: Timestamp) {
    let Some(refund) = state.refunds.get_mut(id) else { return };
    refund.status = status;
    refund.updated_at = now;
    refund.network_reference = (status == "succeeded").then(|| format!("7498{}", now.as_microsecond()));
    show(state, id, now);
    state.emit(&format!("refund.{status}"), Subject::Refund(id.to_owned()), now);
}

/// Reckons a payment's refunds anew, and writes them on it.
fn show(state: &mut State, id: &str, now: Timestamp) {
    let Some(payment_id) = state.refunds.get(id).map(|refund| refund.payment_id.clone()) else { return };
    let Some(payment) = state.payments.get_mut(&payment_id) else { return };
    let of_payment = || state.refunds.iter().filter(|refund| refund.payment_id == payment_id);
    let counted: Vec<_> = of_payment().filter(|refund| refund.status != "failed").flat_map(|row| &row.shares).collect();
    for item in &mut payment.line_items {
        item.refunded = counted.iter().filter(|share| share.item_id == item.items_id).map(|share| share.paid).sum();
        item.refundable_amount = item.amount - part(item.amount, item.refunded, item.paid);
    }
    let back: i64 = of_payment().filter(|refund| refund.status == "succeeded").map(|refund| refund.amount).sum();
    payment.refund_status = match back {
        0 => None,
        back if back < payment.total_amount => Some("partial"),
        _ => Some("full"),
    };
    payment.refunds = of_payment().map(Refund::list_wire).collect();
    payment.updated_at = Some(rfc3339(now));
}

/// `GET /refunds`, newest first, with the filters `status`, `customer_id`, `created_at_gte` and
/// `created_at_lte`.
pub(crate) async fn list(Ctx(sandbox): Ctx<Sandbox>, query: Query) -> ApiResult<Json<Value>> {
    let page = Page::of(&query)?;
    let created = Created::of(&query)?;
    let state = sandbox.state();
    let rows = state.refunds.iter().rev().filter(|row| {
        query.allows("status", Some(row.status))
            && query.allows("customer_id", Some(&row.customer.customer_id))
            && created.holds(row.created_at)
    });
    Ok(Json(page.items(rows.map(Refund::list_wire))))
}

/// `GET /refunds/{id}`
pub(crate) async fn get(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    sandbox.state().refunds.get(&id).map(|row| Json(row.wire())).ok_or_else(|| ApiError::not_found("refund"))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Succeed,
    Fail,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettleBody {
    outcome: Outcome,
}

/// `POST /control/refunds/{id}/settle`: ends one that is open; a failed end also of one that had succeeded,
/// as banks may.
pub(crate) async fn settle(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let SettleBody { outcome } = control::read(&bytes)?;
    let mut state = sandbox.state();
    let refund = state.refunds.get(&id).ok_or_else(|| ApiError::not_found("refund"))?;
    let status = match outcome {
        Outcome::Succeed => "succeeded",
        Outcome::Fail => "failed",
    };
    if !refund.is_open() && refund.status != "succeeded" || refund.status == status {
        return Err(ApiError::refused("UNSUPPORTED_ACTION", format!("The refund is {} already", refund.status)));
    }
    end(&mut state, &id, status, sandbox.now());
    let answer = state.refunds.get(&id).map(Refund::wire).unwrap_or_default();
    drop(state);
    sandbox.wake();
    Ok(Json(answer))
}
