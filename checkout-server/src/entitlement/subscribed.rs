//! How access stands because of a subscription (GUARANTEES, state machine 5).

use jiff::{SignedDuration, Timestamp};

use super::{Access, LEEWAY, Reason, State};
use crate::event::{Subscription, SubscriptionState};

/// How access stands at `now`, where a failed renewal takes nothing away for `grace`.
pub(super) fn access(subscription: &Subscription, grace: SignedDuration, exhausted: bool, now: Timestamp) -> Access {
    let seen = &subscription.seen;
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
        SubscriptionState::Active => running(seen.trial_days > 0 && in_trial(subscription), end, now),
        SubscriptionState::Paused => paused(end, now),
        // A pause that the provider settles on its side is no failed payment.
        SubscriptionState::OnHold if seen.paused_at.is_some() => paused(end, now),
        SubscriptionState::OnHold | SubscriptionState::PastDue => {
            let own = subscription.troubled_since().unwrap_or(period.end) + grace;
            let last = match seen.state {
                SubscriptionState::PastDue => seen.past_due_ends_at.unwrap_or(own),
                _ => own,
            };
            if now < last && !exhausted {
                Access { state: State::Grace, reason: Reason::PaymentFailed, until: Some(last) }
            } else {
                Access::of(State::Suspended, Reason::PaymentFailed)
            }
        }
    }
}

fn running(trial: bool, end: Timestamp, now: Timestamp) -> Access {
    let last = end + LEEWAY;
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

/// Whether the present period is the trial: nothing has been billed since it was begun.
fn in_trial(subscription: &Subscription) -> bool {
    let trial = SignedDuration::from_hours(24 * subscription.seen.trial_days);
    match (subscription.seen.created_at, subscription.period) {
        (Some(created), Some((_, period))) => period.end <= created + trial + SignedDuration::from_hours(1),
        _ => false,
    }
}
