//! What is told of a change: the difference between how a customer stood and how they stand. Each
//! piece of news has a cause, so that the same one is never told twice, however often and in
//! whatever order its notices come (G14).

use jiff::Timestamp;

use super::{DisputeStanding, Standing, SubscriptionStanding};
use crate::announcement::Kind;
use crate::event::dispute::DisputeState;

/// One piece of news, before it gets its body.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct News {
    /// What happened.
    pub kind: Kind,
    /// To which object: our checkout's id, or the provider's id.
    pub object: String,
    /// What tells it from the next one of the same kind.
    pub cause: String,
}

/// What is to be told, in the order of telling. `entitlements.changed` is the last; its object is empty,
/// because it is about the customer, and its cause is for whoever counts versions.
#[must_use]
pub fn news(before: &Standing, after: &Standing) -> Vec<News> {
    let mut all = Vec::new();
    checkouts(before, after, &mut all);
    payments(before, after, &mut all);
    disputes(before, after, &mut all);
    for (id, now) in &after.subscriptions {
        subscription(id, before.subscriptions.get(id), now, &mut all);
    }
    if before.entitlements != after.entitlements {
        all.push(News { kind: Kind::EntitlementsChanged, object: String::new(), cause: String::new() });
    }
    all
}

fn tell(all: &mut Vec<News>, kind: Kind, object: &str, cause: impl Into<String>) {
    all.push(News { kind, object: object.to_owned(), cause: cause.into() });
}

fn checkouts(before: &Standing, after: &Standing, all: &mut Vec<News>) {
    for (id, now) in &after.checkouts {
        let was = before.checkouts.get(id);
        if now.is_paid() && !was.is_some_and(super::CheckoutStanding::is_paid) {
            tell(all, Kind::CheckoutPaid, id, "paid");
        }
        let review = checkout_types::CheckoutStatus::NeedsReview;
        if now.status == review && was.is_none_or(|was| was.status != review) {
            tell(all, Kind::CheckoutNeedsReview, id, "needs_review");
        }
        if now.paid_twice && !was.is_some_and(|was| was.paid_twice) {
            tell(all, Kind::CheckoutPaidTwice, id, "paid_twice");
        }
    }
}

fn payments(before: &Standing, after: &Standing, all: &mut Vec<News>) {
    // A change of card is no sale, whatever becomes of it.
    for (id, now) in after.payments.iter().filter(|(_, now)| now.charge != "card_update") {
        let was = before.payments.get(id).map(|was| was.state.as_str());
        match now.state.as_str() {
            "succeeded" if was != Some("succeeded") => tell(all, Kind::PaymentSucceeded, id, "succeeded"),
            "failed" if was != Some("failed") => tell(all, Kind::PaymentFailed, id, "failed"),
            _ => {}
        }
    }
    for (id, refund) in after.refunds.iter().filter(|(id, _)| !before.refunds.contains_key(*id)) {
        tell(all, Kind::PaymentRefunded, &refund.payment, id.as_str());
    }
}

fn disputes(before: &Standing, after: &Standing, all: &mut Vec<News>) {
    for (id, now) in &after.disputes {
        let changed = before.disputes.get(id).is_none_or(|was| (was.state, &was.stage) != (now.state, &now.stage));
        let DisputeStanding { stage, state, .. } = now;
        match state {
            DisputeState::Open if changed => tell(all, Kind::DisputeOpened, id, stage.as_str()),
            DisputeState::Kept if changed => tell(all, Kind::DisputeWon, id, stage.as_str()),
            DisputeState::Lost if changed => tell(all, Kind::DisputeLost, id, stage.as_str()),
            _ => {}
        }
    }
}

fn subscription(id: &str, was: Option<&SubscriptionStanding>, now: &SubscriptionStanding, all: &mut Vec<News>) {
    let was = was.filter(|was| was.has_begun());
    if was.is_none() && now.has_begun() {
        tell(all, Kind::SubscriptionStarted, id, "started");
    }
    if let Some(was) = was {
        renewed(id, was, now, all);
        if (&was.product, was.quantity, &was.addons) != (&now.product, now.quantity, &now.addons) {
            tell(all, Kind::SubscriptionChanged, id, now.changed.to_string());
        }
        match (was.paused_at, now.paused_at) {
            (Some(since), None) if !now.over => tell(all, Kind::SubscriptionResumed, id, since.to_string()),
            _ => {}
        }
        if was.is_called_off() && !now.is_called_off() && !now.over {
            tell(all, Kind::SubscriptionUncanceled, id, now.changed.to_string());
        }
    }
    if let (Some(since), None) = (now.paused_at, was.and_then(|was| was.paused_at)) {
        tell(all, Kind::SubscriptionPaused, id, since.to_string());
    }
    if now.is_called_off() && !was.is_some_and(SubscriptionStanding::is_called_off) && now.has_begun() {
        tell(all, Kind::SubscriptionCanceled, id, format!("{}:{}", time(now.period_end), now.changed));
    }
    if now.trial_ending && !was.is_some_and(|was| was.trial_ending) {
        tell(all, Kind::TrialEnding, id, time(now.trial_end));
    }
    if now.over && !was.is_some_and(|was| was.over) && now.has_begun() {
        tell(all, Kind::SubscriptionEnded, id, time(now.period_end));
    }
}

/// A period more, one that was not paid for, or one that was mended.
fn renewed(id: &str, was: &SubscriptionStanding, now: &SubscriptionStanding, all: &mut Vec<News>) {
    if was.past_due_since.is_none() && now.past_due_since.is_some() {
        tell(all, Kind::SubscriptionPastDue, id, time(now.period_end));
    }
    if now.period_start > was.period_start && now.period_end > was.period_end {
        tell(all, Kind::SubscriptionRenewed, id, time(now.period_start));
    }
    if was.past_due_since.is_some() && now.past_due_since.is_none() && now.state == "active" {
        tell(all, Kind::SubscriptionRecovered, id, time(was.period_end));
    }
}

fn time(time: Option<Timestamp>) -> String {
    time.map(|time| time.to_string()).unwrap_or_default()
}
