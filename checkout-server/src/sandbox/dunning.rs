//! What follows when a subscription's charge fails: the time of grace where one is set, the automatic
//! retries where they are switched on, and the way back.
//!
//! Not documented, so chosen: the waits between retries follow each other (12 h, then 24 h more…);
//! when the time of grace ends, the subscription is on hold, or cancelled where the scenario says so.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::lifetime::{self, Debt};
use super::scenario::GraceEnd;
use super::state::State;
use super::table::Row;
use super::webhooks::Subject;
use super::{BUSINESS_ID, new_id, period};
use crate::clock::rfc3339;

/// Hours between an attempt that failed and the next one.
pub(crate) const RETRY_AFTER: [i64; 8] = [12, 24, 48, 72, 96, 120, 168, 168];

/// The next automatic try.
#[derive(Clone, Debug)]
pub(crate) struct Retry {
    pub(crate) at: Timestamp,
    /// 1 for the first.
    attempt: usize,
    /// No try after that.
    window_ends: Timestamp,
}

impl Retry {
    /// The try after `attempt` of them, if it is within the window.
    fn after(attempt: usize, last: Timestamp, window_ends: Timestamp) -> Option<Self> {
        let at = last.checked_add(SignedDuration::from_hours(*RETRY_AFTER.get(attempt)?)).ok()?;
        (at <= window_ends).then_some(Self { at, attempt: attempt + 1, window_ends })
    }
}

/// The data of `dunning.*`.
pub(crate) struct Dunning {
    /// The sandbox's own: the provider shows none.
    id: String,
    subscription_id: String,
    customer_id: String,
    created_at: Timestamp,
    status: &'static str,
    trigger_state: &'static str,
    payment_id: Option<String>,
}

impl Row for Dunning {
    fn id(&self) -> &str {
        &self.id
    }
}

impl Dunning {
    pub(crate) fn wire(&self) -> Value {
        json!({
            "brand_id": BUSINESS_ID,
            "created_at": rfc3339(self.created_at),
            "customer_id": self.customer_id,
            "payment_id": self.payment_id,
            "status": self.status,
            "subscription_id": self.subscription_id,
            "trigger_state": self.trigger_state,
        })
    }
}

/// A charge has failed; `payment.failed` is told already.
pub(crate) fn start(state: &mut State, id: &str, debt: Debt, at: Timestamp) {
    let grace = state.scenario.past_due_grace_days.filter(|days| *days > 0);
    let window = state.scenario.renewal_retry_days;
    let Some(subscription) = state.subscriptions.get_mut(id) else { return };
    subscription.debt = Some(debt);
    subscription.past_due_ends_at = grace.map(|days| period::after_days(at, days));
    subscription.retry = window.and_then(|days| Retry::after(0, at, period::after_days(at, days)));
    subscription.status = if grace.is_some() { "past_due" } else { "on_hold" };
    let dunning = Dunning {
        id: new_id("dun"),
        subscription_id: id.to_owned(),
        customer_id: subscription.customer.customer_id.clone(),
        created_at: at,
        status: "recovering",
        trigger_state: subscription.status,
        payment_id: None,
    };
    let dunning_id = dunning.id.clone();
    subscription.dunning_id = Some(dunning_id.clone());
    let event = if grace.is_some() { "subscription.past_due" } else { "subscription.on_hold" };
    state.dunnings.push(dunning);
    state.emit(event, Subject::Subscription(id.to_owned(), None), at);
    state.emit("dunning.started", Subject::Dunning(dunning_id), at);
    state.plan_ahead(id);
}

/// Tries again by itself.
pub(crate) fn retry(state: &mut State, id: &str, at: Timestamp) {
    let Some(subscription) = state.subscriptions.get_mut(id) else { return };
    let (Some(Retry { attempt, window_ends, .. }), Some(debt)) = (subscription.retry.take(), subscription.debt.clone())
    else {
        return;
    };
    if lifetime::collect(state, id, &debt, u32::try_from(attempt).unwrap_or(u32::MAX), at).is_ok() {
        return;
    }
    let next = Retry::after(attempt, at, window_ends);
    let last = next.is_none();
    if let Some(subscription) = state.subscriptions.get_mut(id) {
        subscription.retry = next;
    }
    if last {
        exhaust(state, id);
    }
}

/// The time of grace has passed without a payment.
pub(crate) fn grace_is_over(state: &mut State, id: &str, at: Timestamp) {
    let ends_in = state.scenario.grace_ends_in;
    let Some(subscription) = state.subscriptions.get_mut(id) else { return };
    subscription.past_due_ends_at = None;
    match ends_in {
        GraceEnd::OnHold => {
            subscription.status = "on_hold";
            state.emit("subscription.on_hold", Subject::Subscription(id.to_owned(), None), at);
        }
        GraceEnd::Cancelled => {
            subscription.cancelled_by = Some(json!({ "actor_type": "dodo_team", "email": null, "name": null }));
            lifetime::cancel(state, id, at);
        }
    }
}

/// The owed charge was paid.
pub(crate) fn recover(state: &mut State, id: &str, payment_id: &str, at: Timestamp) {
    let Some(dunning_id) = state.subscriptions.get_mut(id).and_then(|row| row.dunning_id.take()) else { return };
    let Some(dunning) = state.dunnings.get_mut(&dunning_id) else { return };
    dunning.status = "recovered";
    dunning.payment_id = Some(payment_id.to_owned());
    state.emit("dunning.recovered", Subject::Dunning(dunning_id), at);
}

/// Nobody tries any more. No event tells of it; a buyer may still come with another card.
pub(crate) fn exhaust(state: &mut State, id: &str) {
    let open = state.subscriptions.get(id).and_then(|row| row.dunning_id.clone());
    if let Some(dunning) = open.and_then(|id| state.dunnings.get_mut(&id)) {
        dunning.status = "exhausted";
    }
}
