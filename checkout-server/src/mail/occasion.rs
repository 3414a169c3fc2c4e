//! Which announcement makes which mail, and when a mail has been overtaken by what happened since.
//! Pure: what is known comes in, a decision comes out (G28; GUARANTEES, state machine 5).

use serde_json::Value;

use super::{Cancellation, Occurrence};
use crate::announcement::Kind;
use crate::standing::SubscriptionStanding;

/// The mails that buyers get. Each is a folder of templates of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mail {
    /// Money came in.
    Receipt,
    /// A renewal failed; with a link that mends it.
    PaymentFailed,
    /// A trial is about to become a paid subscription.
    TrialEnding,
    /// A subscription will end, or has ended.
    Canceled,
    /// What was given is taken.
    AccessEnded,
}

impl Mail {
    /// All of them, as the documentation lists them.
    pub const ALL: [Self; 5] =
        [Self::Receipt, Self::PaymentFailed, Self::TrialEnding, Self::Canceled, Self::AccessEnded];

    /// The name of its templates, and of its target in the outbox.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::PaymentFailed => "payment_failed",
            Self::TrialEnding => "trial_ending",
            Self::Canceled => "canceled",
            Self::AccessEnded => "access_ended",
        }
    }

    /// The mail of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mail| mail.as_str() == name)
    }

    /// The one kind of announcement that it is written for: with one mail a kind, no event makes two.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Receipt => Kind::PaymentSucceeded,
            Self::PaymentFailed => Kind::SubscriptionPastDue,
            Self::TrialEnding => Kind::TrialEnding,
            Self::Canceled => Kind::SubscriptionCanceled,
            Self::AccessEnded => Kind::EntitlementsChanged,
        }
    }
}

/// The mail that an announcement of that kind makes, if any.
#[must_use]
pub fn of(kind: Kind) -> Option<Mail> {
    Mail::ALL.into_iter().find(|mail| mail.kind() == kind)
}

/// Why access was taken, where a mail tells of it. Money that went back, disputes and blocks by hand are
/// between the merchant and the buyer: no machine writes about them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A renewal failed and the time of grace is over.
    PaymentFailed,
    /// The period is over and no renewal was heard of.
    RenewalMissing,
    /// Paused, and the period is over.
    Paused,
    /// Canceled, and the period is over.
    Canceled,
    /// Over as agreed.
    Expired,
}

impl Taken {
    /// As the templates know it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PaymentFailed => "payment_failed",
            Self::RenewalMissing => "renewal_missing",
            Self::Paused => "paused",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }

    /// From the reason of an entitlement, see [`crate::entitlement::Reason`].
    fn of(reason: &str) -> Option<Self> {
        Some(match reason {
            "payment_failed" | "mandate_failed" => Self::PaymentFailed,
            "renewal_missing" => Self::RenewalMissing,
            "paused" => Self::Paused,
            "cancelled" | "canceled" => Self::Canceled,
            "expired" => Self::Expired,
            _ => return None,
        })
    }
}

/// Why a mail is not worth sending any more, as things stand now; `None` where it is.
#[must_use]
pub fn overtaken(mail: Mail, told: &Occurrence) -> Option<&'static str> {
    let has_been = |kinds: &[Kind]| told.since.iter().any(|kind| kinds.contains(kind));
    let now = told.subscription.as_ref().map(|(_, subscription)| subscription);
    let over = has_been(&[Kind::SubscriptionEnded])
        || now.is_some_and(|now| now.over || matches!(now.state.as_str(), "cancelled" | "failed" | "expired"));
    match mail {
        Mail::Receipt => None,
        Mail::PaymentFailed => {
            let recovered = has_been(&[Kind::SubscriptionRecovered]) || now.is_some_and(|now| now.state == "active");
            if recovered { Some("the payment was made good") } else { over.then_some("the subscription has ended") }
        }
        Mail::TrialEnding => {
            let called_off = now.is_some_and(SubscriptionStanding::is_called_off);
            let converted = has_been(&[Kind::SubscriptionRenewed, Kind::SubscriptionPastDue])
                || now.is_some_and(|now| now.trial_end.is_none() && !called_off);
            if over || called_off { Some("the trial was canceled") } else { converted.then_some("the trial is over") }
        }
        // Canceled again after that is another announcement, with a mail of its own.
        Mail::Canceled => has_been(&[Kind::SubscriptionUncanceled]).then_some("the cancellation was taken back"),
        Mail::AccessEnded => access_is_fine(told),
    }
}

/// Whether a mail waits until it is known what became of another, which would say the same.
#[must_use]
pub fn waits_for_another(mail: Mail, told: &Occurrence) -> bool {
    let (Some(before), Some(then)) = (&told.access_before, &told.access_then) else { return false };
    let canceled = || taken(before, then).first().is_some_and(|taking| taking.reason == Taken::Canceled);
    mail == Mail::AccessEnded && told.cancellation == Cancellation::OnItsWay && canceled()
}

fn access_is_fine(told: &Occurrence) -> Option<&'static str> {
    let taken = match (&told.access_before, &told.access_then) {
        (Some(before), Some(then)) => taken(before, then),
        _ => Vec::new(),
    };
    let Some(Taking { reason, .. }) = taken.first() else { return Some("no access was taken") };
    let is_back = |taking: &Taking| told.access_now.get(&taking.name).is_some_and(|now| now.access.state.is_given());
    if taken.iter().all(is_back) {
        return Some("access is back");
    }
    let said = told.cancellation == Cancellation::Told && *reason == Taken::Canceled;
    said.then_some("the mail about the cancellation says so")
}

/// One thing that could be used and cannot any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taking {
    /// Its name in the catalog.
    pub name: String,
    /// Why.
    pub reason: Taken,
}

/// What was given before and is not given then, as far as mails tell of it.
#[must_use]
pub fn taken(before: &Value, then: &Value) -> Vec<Taking> {
    let taken = items(then).filter(|(name, _)| is_given(before, name) && !is_given(then, name));
    taken.filter_map(|(name, item)| Some(Taking { name, reason: Taken::of(item["reason"].as_str()?)? })).collect()
}

/// Whether something may be used, as an event's `entitlements` say.
fn is_given(entitlements: &Value, name: &str) -> bool {
    items(entitlements).any(|(known, item)| known == name && matches!(item["state"].as_str(), Some("active" | "grace")))
}

/// The entitlements of an event's body: a list of objects with a name, or one object by name.
fn items(entitlements: &Value) -> impl Iterator<Item = (String, &Value)> {
    let items = entitlements.get("items").unwrap_or(entitlements);
    let listed = items.as_array().into_iter().flatten().filter_map(|item| {
        let name = item["name"].as_str().or_else(|| item["entitlement"].as_str())?;
        Some((name.to_owned(), item))
    });
    let named = items.as_object().into_iter().flatten().map(|(name, item)| (name.clone(), item));
    listed.chain(named)
}

#[cfg(test)]
mod tests;
