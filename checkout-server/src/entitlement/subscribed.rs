//! How access stands because of a subscription (GUARANTEES, state machine 5).

use jiff::{SignedDuration, Timestamp};

use super::{Access, LEEWAY, Reason, State};
use crate::event::{Subscription, SubscriptionSeen, SubscriptionState};

/// How access stands at `now`, where a failed renewal takes nothing away for `grace`.
pub(super) fn access(subscription: &Subscription, grace: SignedDuration, exhausted: bool, now: Timestamp) -> Access {
    let seen = &subscription.seen;
    match &seen.state {
        // Nothing was ever given, so nothing has ended.
        SubscriptionState::Pending | SubscriptionState::Unknown(_) => {
            return Access::of(State::None, Reason::AwaitingPayment);
        }
        SubscriptionState::Failed => return Access::of(State::None, Reason::MandateFailed),
        _ => {}
    }
    if seen.expires_at.is_some_and(|end| now >= end) {
        return Access::of(State::Ended, Reason::Expired);
    }
    // Without a period nothing was paid for that we know of: a renewal without one extends nothing.
    let Some((_, period)) = subscription.period else {
        return Access::of(State::None, Reason::AwaitingPayment);
    };
    let end = seen.expires_at.map_or(period.end, |expires| expires.min(period.end));
    let until = |end: Timestamp, reason: Reason| Access { state: State::Active, reason, until: Some(end) };
    match &seen.state {
        SubscriptionState::Pending | SubscriptionState::Unknown(_) => Access::of(State::None, Reason::AwaitingPayment),
        SubscriptionState::Failed => Access::of(State::None, Reason::MandateFailed),
        SubscriptionState::Expired => Access::of(State::Ended, Reason::Expired),
        SubscriptionState::Cancelled if now < end => until(end, Reason::Cancelled),
        SubscriptionState::Cancelled => Access::of(State::Ended, Reason::Cancelled),
        SubscriptionState::Active if seen.ends_with_period && now < end => until(end, Reason::Cancelled),
        SubscriptionState::Active if seen.ends_with_period => Access::of(State::Ended, Reason::Cancelled),
        SubscriptionState::Active => {
            let last = until_expiry(later(end, LEEWAY), seen.expires_at);
            running(trial_end(subscription).is_some(), last, now)
        }
        SubscriptionState::Paused => paused(end, now),
        // A pause that the provider settles on its side is no failed payment.
        SubscriptionState::OnHold if seen.paused_at.is_some() => paused(end, now),
        SubscriptionState::OnHold | SubscriptionState::PastDue => {
            let own = later(subscription.troubled_since().unwrap_or(period.end), grace);
            let last = match seen.state {
                SubscriptionState::PastDue => seen.past_due_ends_at.unwrap_or(own),
                _ => own,
            };
            let last = until_expiry(last, seen.expires_at);
            if now < last && !exhausted {
                Access { state: State::Grace, reason: Reason::PaymentFailed, until: Some(last) }
            } else {
                Access::of(State::Suspended, Reason::PaymentFailed)
            }
        }
    }
}

/// Every moment at which time alone may change how access stands because of it.
pub(super) fn moments(subscription: &Subscription, grace: SignedDuration) -> impl Iterator<Item = Timestamp> + use<> {
    let end = subscription.period.map(|(_, period)| period.end);
    let of_grace = subscription.troubled_since().or(end).map(|since| later(since, grace));
    let trial = trial_end(subscription);
    let leeway = end.map(|end| later(end, LEEWAY));
    let SubscriptionSeen { expires_at, past_due_ends_at, .. } = &subscription.seen;
    [end, leeway, of_grace, trial, *expires_at, *past_due_ends_at].into_iter().flatten()
}

/// Dates come from outside: the last one that calendars can count is late enough.
fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// Nothing outlives the agreed end, no leeway and no grace.
fn until_expiry(last: Timestamp, expires_at: Option<Timestamp>) -> Timestamp {
    expires_at.map_or(last, |expires| expires.min(last))
}

fn running(trial: bool, last: Timestamp, now: Timestamp) -> Access {
    if now >= last {
        return Access::of(State::Suspended, Reason::RenewalMissing);
    }
    let reason = if trial { Reason::Trial } else { Reason::Subscription };
    Access { state: State::Active, reason, until: Some(last) }
}

fn paused(end: Timestamp, now: Timestamp) -> Access {
    if now < end {
        Access { state: State::Active, reason: Reason::Paused, until: Some(end) }
    } else {
        Access::of(State::Suspended, Reason::Paused)
    }
}

/// When the trial ends, where the present period is one: nothing has been billed since it was begun.
pub(crate) fn trial_end(subscription: &Subscription) -> Option<Timestamp> {
    if subscription.seen.trial_days <= 0 {
        return None;
    }
    let (_, period) = subscription.period?;
    let trial = SignedDuration::from_hours(24 * subscription.seen.trial_days.min(10_000));
    let latest = subscription.seen.created_at?.checked_add(trial + SignedDuration::from_hours(1)).ok()?;
    (period.end <= latest).then_some(period.end)
}
