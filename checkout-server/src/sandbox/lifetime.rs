//! How subscriptions live on: renewals, the end of trials, cancellations and expiry, each at its
//! moment of the sandbox's clock and in the order of these moments.
//!
//! Not documented, so chosen: while a charge is owed, `next_billing_date` stays the day it was due.
//! What is paid late pays for the period from that day, or, when that is over, for one from now. Each
//! subscription is charged by itself, also those of one cart.

use jiff::Timestamp;

use super::charge::{self, Charged};
use super::payments::ServicePeriod;
use super::pricing::{Breakup, Pricing};
use super::state::State;
use super::subscriptions::Subscription;
use super::webhooks::Subject;
use super::{dunning, plan};
use crate::clock::rfc3339;

/// A charge of a subscription: what it costs and what it pays for.
#[derive(Clone)]
pub(crate) struct Debt {
    pub(crate) pricing: Pricing,
    /// `renewal`, `plan_change` or `on_demand`.
    pub(crate) charge_type: &'static str,
    /// `None` for what extends nothing.
    pub(crate) period: Option<Paid>,
    pub(crate) includes_usage: bool,
}

/// The time that a charge pays for.
#[derive(Clone)]
pub(crate) struct Paid {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    /// Of a period's price.
    pub(crate) proration_factor: String,
}

impl Paid {
    /// A period at its full price.
    pub(crate) fn whole(from: Timestamp, until: Timestamp) -> Self {
        Self { from, until, proration_factor: "1".into() }
    }
}

impl Debt {
    /// The next period of a subscription.
    pub(crate) fn renewal(subscription: &Subscription, due: Timestamp) -> Self {
        Self {
            pricing: price(subscription, due),
            charge_type: "renewal",
            period: Some(Paid::whole(due, subscription.billing_after(due))),
            includes_usage: subscription.terms.lines.iter().any(|line| line.offer.is_usage_based()),
        }
    }
}

/// What a period costs. A code that does not fit any longer takes nothing off.
pub(crate) fn price(subscription: &Subscription, at: Timestamp) -> Pricing {
    let terms = subscription.terms.clone();
    let currency = terms.currency;
    let plain = || super::pricing::Basket { discounts: Vec::new(), ..subscription.terms.clone() };
    let priced = terms.price(at).or_else(|_| plain().price(at));
    priced.unwrap_or_else(|_| Pricing::of_sums(currency, Breakup::default()))
}

/// Lets happen what has been due up to now, oldest first.
pub(crate) fn pass(state: &mut State, now: Timestamp) {
    while let Some((at, id)) = state.agenda.due(now) {
        if state.subscriptions.get(&id).and_then(Subscription::next_moment) == Some(at) {
            happen(state, &id, at);
            state.plan_ahead(&id);
        }
    }
}

fn happen(state: &mut State, id: &str, at: Timestamp) {
    let Some(subscription) = state.subscriptions.get(id) else { return };
    let retry_at = subscription.retry.as_ref().map(|retry| retry.at);
    match subscription.status {
        "active" if subscription.expires_at <= at => expire(state, id, at),
        "active" if subscription.cancel_at_next_billing_date => cancel(state, id, at),
        "active" => renew(state, id, at),
        _ if retry_at == Some(at) => dunning::retry(state, id, at),
        _ => dunning::grace_is_over(state, id, at),
    }
}

fn renew(state: &mut State, id: &str, due: Timestamp) {
    plan::start_scheduled(state, id, due);
    let Some(subscription) = state.subscriptions.get_mut(id) else { return };
    use_up_discounts(subscription);
    let debt = Debt::renewal(subscription, due);
    if collect(state, id, &debt, 0, due).is_err() {
        dunning::start(state, id, debt, due);
    }
}

/// Charges the card on file. The payment's id, in both cases.
pub(crate) fn collect(
    state: &mut State,
    id: &str,
    debt: &Debt,
    retry_attempt: u32,
    at: Timestamp,
) -> Result<String, String> {
    let Charged { payment_id, succeeded } = charge::card_on_file(state, id, debt, retry_attempt, at);
    if succeeded {
        paid(state, id, debt, &payment_id, at);
        return Ok(payment_id);
    }
    state.emit("payment.failed", Subject::Payment(payment_id.clone()), at);
    Err(payment_id)
}

/// What follows from a charge that went through: the period, the end of a dunning, the events. The
/// payment is there and has succeeded.
pub(crate) fn paid(state: &mut State, id: &str, debt: &Debt, payment_id: &str, at: Timestamp) {
    let Some(subscription) = state.subscriptions.get_mut(id) else { return };
    let back = matches!(subscription.status, "on_hold" | "past_due");
    subscription.status = "active";
    (subscription.debt, subscription.retry, subscription.past_due_ends_at) = (None, None, None);
    let period = debt.period.as_ref().map(|period| take_period(subscription, period, at));
    if let Some(payment) = state.payments.get_mut(payment_id) {
        payment.service_periods = period.into_iter().collect();
    }
    if back {
        state.emit("subscription.active", Subject::Subscription(id.to_owned(), None), at);
    }
    if debt.charge_type == "renewal" && debt.period.is_some() {
        state.emit("subscription.renewed", Subject::Subscription(id.to_owned(), Some(payment_id.to_owned())), at);
    }
    state.emit("payment.succeeded", Subject::Payment(payment_id.to_owned()), at);
    dunning::recover(state, id, payment_id, at);
    state.plan_ahead(id);
}

/// Moves the billing days on to the end of what was paid for.
fn take_period(subscription: &mut Subscription, period: &Paid, at: Timestamp) -> ServicePeriod {
    let Paid { mut from, mut until, proration_factor } = period.clone();
    if until <= at {
        subscription.anchor = at;
        (from, until) = (at, subscription.billing_after(at));
    }
    // A part of the present period moves no billing day.
    if until != subscription.next_billing_date {
        subscription.previous_billing_date = from;
        subscription.next_billing_date = until;
    }
    let subscription_id = subscription.subscription_id.clone();
    ServicePeriod { ends_at: rfc3339(until), proration_factor, starts_at: rfc3339(from), subscription_id }
}

/// Takes one charge off each code, and drops those that have none left.
fn use_up_discounts(subscription: &mut Subscription) {
    for code in &mut subscription.terms.discounts {
        code.cycles = code.cycles.map(|cycles| cycles.saturating_sub(1));
    }
    subscription.terms.discounts.retain(|code| code.cycles != Some(0));
    let left = &subscription.terms.discounts;
    subscription.discounts = left.iter().enumerate().map(|(place, code)| code.detail(place)).collect();
    subscription.discount_id = left.first().map(|code| code.id.clone());
    subscription.discount_cycles_remaining = left.first().and_then(super::discounts::Discount::cycles_remaining);
}

/// Ends a subscription as agreed.
pub(crate) fn expire(state: &mut State, id: &str, at: Timestamp) {
    end(state, id, "expired", "subscription.expired", at);
}

/// Ends a subscription before its time. Nothing is owed any more.
pub(crate) fn cancel(state: &mut State, id: &str, at: Timestamp) {
    if let Some(subscription) = state.subscriptions.get_mut(id) {
        subscription.cancelled_at = Some(rfc3339(at));
    }
    end(state, id, "cancelled", "subscription.cancelled", at);
}

fn end(state: &mut State, id: &str, status: &'static str, event: &str, at: Timestamp) {
    let Some(subscription) = state.subscriptions.get_mut(id) else { return };
    subscription.status = status;
    (subscription.debt, subscription.retry, subscription.past_due_ends_at) = (None, None, None);
    (subscription.next_plan, subscription.scheduled_change) = (None, None);
    dunning::exhaust(state, id);
    state.emit(event, Subject::Subscription(id.to_owned(), None), at);
}
