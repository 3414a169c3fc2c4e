//! Disputes: a buyer's bank asks a payment back. Opened and moved by the control API; the provider's API
//! only shows them. No `refund.*` comes of them.
//!
//! Not documented, so chosen: the next stage opens the dispute anew (`dispute.opened`); one that rapid
//! dispute resolution ends is `dispute_accepted` with `is_resolved_by_rdr`.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State as Ctx};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::customers::CustomerView;
use super::error::{ApiError, ApiResult};
use super::paging::{Created, Page, Query};
use super::state::State;
use super::table::Row;
use super::webhooks::Subject;
use super::{BUSINESS_ID, Sandbox, control, new_id};
use crate::clock::rfc3339;

/// How far the banks have come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    PreDispute,
    #[default]
    Dispute,
    PreArbitration,
}

/// A payment that is asked back.
#[expect(clippy::struct_field_names, reason = "`dispute_id` is its name on the wire")]
pub(crate) struct Dispute {
    pub(crate) dispute_id: String,
    payment_id: String,
    customer: CustomerView,
    /// Minor units; a text on the wire.
    amount: i64,
    currency: String,
    stage: Stage,
    /// After `dispute_`.
    status: &'static str,
    is_resolved_by_rdr: Option<bool>,
    reason: Option<String>,
    remarks: Option<String>,
    created_at: Timestamp,
}

impl Row for Dispute {
    fn id(&self) -> &str {
        &self.dispute_id
    }
}

impl Dispute {
    /// `GET /disputes/{id}`, and the data of `dispute.*`.
    pub(crate) fn wire(&self) -> Value {
        let mut wire = self.list_wire();
        wire["brand_id"] = BUSINESS_ID.into();
        wire["customer"] = json!(self.customer);
        wire["payment_provider"] = "dodo".into();
        wire["reason"] = json!(self.reason);
        wire["remarks"] = json!(self.remarks);
        wire
    }

    /// A row of `GET /disputes`, and of a payment's `disputes`.
    fn list_wire(&self) -> Value {
        json!({
            "amount": self.amount.to_string(),
            "business_id": BUSINESS_ID,
            "created_at": rfc3339(self.created_at),
            "currency": self.currency,
            "dispute_id": self.dispute_id,
            "dispute_stage": self.stage,
            "dispute_status": format!("dispute_{}", self.status),
            "is_resolved_by_rdr": self.is_resolved_by_rdr,
            "payment_id": self.payment_id,
        })
    }
}

/// `GET /disputes`, newest first, with the filters `dispute_status`, `dispute_stage`, `customer_id`,
/// `created_at_gte` and `created_at_lte`.
pub(crate) async fn list(Ctx(sandbox): Ctx<Sandbox>, query: Query) -> ApiResult<Json<Value>> {
    let page = Page::of(&query)?;
    let created = Created::of(&query)?;
    let state = sandbox.state();
    let rows = state.disputes.iter().rev().filter(|row| created.holds(row.created_at)).filter(|row| {
        query.allows("customer_id", Some(&row.customer.customer_id))
            && query.allows("dispute_status", Some(&format!("dispute_{}", row.status)))
            && query.allows("dispute_stage", json!(row.stage).as_str())
    });
    Ok(Json(page.items(rows.map(Dispute::list_wire))))
}

/// `GET /disputes/{id}`
pub(crate) async fn get(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    sandbox.state().disputes.get(&id).map(|row| Json(row.wire())).ok_or_else(|| ApiError::not_found("dispute"))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenBody {
    #[serde(default)]
    stage: Stage,
    /// Minor units; all of the payment by default.
    amount: Option<i64>,
    reason: Option<String>,
}

/// `POST /control/payments/{id}/dispute`
pub(crate) async fn open(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let OpenBody { stage, amount, reason } = control::read(&bytes)?;
    let now = sandbox.now();
    let mut state = sandbox.state();
    let payment = state.payments.get(&id).ok_or_else(|| ApiError::not_found("payment"))?;
    if payment.status != "succeeded" {
        return Err(ApiError::refused("PAYMENT_NOT_SUCCEEDED", "The payment has not succeeded"));
    }
    let dispute = Dispute {
        dispute_id: new_id("dp"),
        payment_id: id,
        customer: payment.customer.clone(),
        amount: amount.unwrap_or(payment.total_amount),
        currency: payment.currency.clone(),
        stage,
        status: "opened",
        is_resolved_by_rdr: None,
        reason,
        remarks: None,
        created_at: now,
    };
    let id = dispute.dispute_id.clone();
    state.disputes.push(dispute);
    told(&sandbox, state, &id, now)
}

/// Where a dispute goes.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Move {
    Challenged,
    Won,
    Lost,
    Accepted,
    Cancelled,
    Expired,
    NextStage,
    Rdr,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MoveBody {
    to: Move,
}

impl Dispute {
    fn go(&mut self, to: Move) {
        self.status = match to {
            Move::Challenged => "challenged",
            Move::Won => "won",
            Move::Lost => "lost",
            Move::Accepted | Move::Rdr => "accepted",
            Move::Cancelled => "cancelled",
            Move::Expired => "expired",
            Move::NextStage => "opened",
        };
        match to {
            Move::NextStage if self.stage == Stage::PreDispute => self.stage = Stage::Dispute,
            Move::NextStage => self.stage = Stage::PreArbitration,
            Move::Rdr => self.is_resolved_by_rdr = Some(true),
            _ => {}
        }
    }
}

/// `POST /control/disputes/{id}/move`
pub(crate) async fn go(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let MoveBody { to } = control::read(&bytes)?;
    let mut state = sandbox.state();
    state.disputes.get_mut(&id).ok_or_else(|| ApiError::not_found("dispute"))?.go(to);
    told(&sandbox, state, &id, sandbox.now())
}

/// Writes a dispute on its payment, and tells what has become of it.
fn told(
    sandbox: &Sandbox,
    mut state: std::sync::MutexGuard<'_, State>,
    id: &str,
    now: Timestamp,
) -> ApiResult<Json<Value>> {
    let dispute = state.disputes.get(id).ok_or_else(|| ApiError::not_found("dispute"))?;
    let (answer, event, payment_id) =
        (dispute.wire(), format!("dispute.{}", dispute.status), dispute.payment_id.clone());
    let of_payment = state.disputes.iter().filter(|row| row.payment_id == payment_id);
    let rows: Vec<_> = of_payment.map(Dispute::list_wire).collect();
    if let Some(payment) = state.payments.get_mut(&payment_id) {
        payment.disputes = rows;
        payment.updated_at = Some(rfc3339(now));
    }
    state.emit(&event, Subject::Dispute(id.to_owned()), now);
    drop(state);
    sandbox.wake();
    Ok(Json(answer))
}
