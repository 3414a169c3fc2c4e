//! Which announcement makes which mail, and when a mail has been overtaken by what happened since.
//! Pure: what is known comes in, a decision comes out (G28; GUARANTEES, state machine 5).

use serde_json::Value;

use crate::announcement::Kind;

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

/// What is known when a mail is about to be sent.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What happened to the same object since its announcement.
    pub since: Vec<Kind>,
    /// Where the subscription stands now, in the store's words; `None` where it is not known.
    pub subscription: Option<String>,
    /// What the customer could use before, at, and since the announcement: `entitlements` of the events.
    pub access_before: Option<Value>,
    /// See above.
    pub access_then: Option<Value>,
    /// See above.
    pub access_now: Option<Value>,
    /// Whether a mail about the cancellation has said so already.
    pub cancellation_was_told: bool,
}

/// Why a mail is not worth sending any more; `None` where it is.
#[must_use]
pub fn overtaken(mail: Mail, standing: &Standing) -> Option<&'static str> {
    let has_been = |kinds: &[Kind]| standing.since.iter().any(|kind| kinds.contains(kind));
    let stands = |states: &[&str]| standing.subscription.as_deref().is_some_and(|state| states.contains(&state));
    match mail {
        Mail::Receipt => None,
        Mail::PaymentFailed => {
            let recovered = has_been(&[Kind::SubscriptionRecovered, Kind::SubscriptionRenewed]) || stands(&["active"]);
            let over = has_been(&[Kind::SubscriptionCanceled, Kind::SubscriptionEnded]) || stands(&OVER);
            if recovered { Some("the payment was made good") } else { over.then_some("the subscription has ended") }
        }
        Mail::TrialEnding => {
            let over = has_been(&[Kind::SubscriptionCanceled, Kind::SubscriptionEnded]) || stands(&OVER);
            let converted = has_been(&[Kind::SubscriptionRenewed, Kind::SubscriptionPastDue]) || stands(&["past_due"]);
            if over { Some("the trial was canceled") } else { converted.then_some("the trial is over") }
        }
        Mail::Canceled => {
            // Canceled again after that is another announcement, with a mail of its own.
            has_been(&[Kind::SubscriptionUncanceled]).then_some("the cancellation was taken back")
        }
        Mail::AccessEnded => access_is_fine(standing),
    }
}

/// States of a subscription in which nothing more is charged.
const OVER: [&str; 3] = ["cancelled", "failed", "expired"];

fn access_is_fine(standing: &Standing) -> Option<&'static str> {
    let (Some(before), Some(then)) = (&standing.access_before, &standing.access_then) else {
        return Some("no access was taken");
    };
    let taken = taken(before, then);
    let Some(Taking { reason, .. }) = taken.first() else { return Some("no access was taken") };
    if let Some(now) = &standing.access_now
        && taken.iter().all(|taking| is_given(now, &taking.name))
    {
        return Some("access is back");
    }
    let told = standing.cancellation_was_told && *reason == Taken::Canceled;
    told.then_some("the mail about the cancellation says so")
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
    taken
        .filter_map(|(name, item)| Some(Taking { name, reason: Taken::of(item["reason"].as_str()?)? }))
        .collect()
}

/// Whether something may be used, as an event's `entitlements` say.
fn is_given(entitlements: &Value, name: &str) -> bool {
    items(entitlements).any(|(known, item)| known == name && matches!(item["state"].as_str(), Some("active" | "grace")))
}

/// The entitlements of an event's body: a list of objects with a name, or one object by name.
pub(super) fn items(entitlements: &Value) -> impl Iterator<Item = (String, &Value)> {
    let items = entitlements.get("items").unwrap_or(entitlements);
    let listed = items.as_array().into_iter().flatten().filter_map(|item| {
        let name = item["name"].as_str().or_else(|| item["entitlement"].as_str())?;
        Some((name.to_owned(), item))
    });
    let named = items.as_object().into_iter().flatten().map(|(name, item)| (name.clone(), item));
    listed.chain(named)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn access(state: &str, reason: &str) -> Option<Value> {
        Some(json!({"version": 1, "items": [{"name": "pro", "state": state, "reason": reason}]}))
    }

    #[test]
    fn no_event_makes_two_mails_and_each_mail_has_its_event() {
        for kind in Kind::ALL {
            let mails: Vec<Mail> = Mail::ALL.into_iter().filter(|mail| mail.kind() == kind).collect();
            assert!(mails.len() <= 1, "{kind:?}");
            assert_eq!(of(kind), mails.first().copied());
        }
        assert_eq!(Kind::ALL.into_iter().filter_map(of).count(), Mail::ALL.len());
        for mail in Mail::ALL {
            assert_eq!(Mail::named(mail.as_str()), Some(mail));
        }
    }

    #[test]
    fn what_has_been_overtaken_is_not_sent() {
        let since = |kinds: &[Kind]| Standing { since: kinds.to_vec(), ..Standing::default() };
        let stands = |state: &str| Standing { subscription: Some(state.to_owned()), ..Standing::default() };
        for (mail, standing, sent) in [
            (Mail::Receipt, since(&[Kind::PaymentRefunded]), true),
            (Mail::PaymentFailed, Standing::default(), true),
            (Mail::PaymentFailed, stands("past_due"), true),
            (Mail::PaymentFailed, stands("on_hold"), true),
            (Mail::PaymentFailed, stands("unknown:new"), true),
            (Mail::PaymentFailed, stands("active"), false),
            (Mail::PaymentFailed, since(&[Kind::SubscriptionRecovered]), false),
            (Mail::PaymentFailed, since(&[Kind::SubscriptionRenewed]), false),
            (Mail::PaymentFailed, stands("cancelled"), false),
            (Mail::PaymentFailed, since(&[Kind::PaymentFailed]), true),
            (Mail::TrialEnding, stands("active"), true),
            (Mail::TrialEnding, since(&[Kind::SubscriptionCanceled]), false),
            (Mail::TrialEnding, since(&[Kind::SubscriptionRenewed]), false),
            (Mail::TrialEnding, stands("expired"), false),
            (Mail::Canceled, stands("active"), true),
            (Mail::Canceled, since(&[Kind::SubscriptionEnded]), true),
            (Mail::Canceled, since(&[Kind::SubscriptionUncanceled]), false),
        ] {
            assert_eq!(overtaken(mail, &standing).is_none(), sent, "{mail:?} {standing:?}");
        }
    }

    #[test]
    fn access_has_ended_only_where_it_was_given_and_is_not_back() {
        let standing = |before, then, now| Standing {
            access_before: before,
            access_then: then,
            access_now: now,
            ..Standing::default()
        };
        let (given, grace) = (access("active", "subscription"), access("grace", "payment_failed"));
        let suspended = || access("suspended", "payment_failed");
        for (case, standing, told) in [
            ("given for the first time", standing(None, given.clone(), given.clone()), Some("no access was taken")),
            ("grace is still access", standing(given.clone(), grace.clone(), grace.clone()), Some("no access was taken")),
            ("suspended after grace", standing(grace.clone(), suspended(), suspended()), None),
            ("ended after it was suspended", standing(suspended(), access("ended", "expired"), None), Some("no access was taken")),
            ("back since", standing(grace.clone(), suspended(), given.clone()), Some("access is back")),
            ("given back", standing(given.clone(), access("ended", "refunded"), None), Some("no access was taken")),
            ("blocked by hand", standing(given.clone(), access("ended", "blocked_by_hand"), None), Some("no access was taken")),
            ("over as agreed", standing(given.clone(), access("ended", "expired"), access("ended", "expired")), None),
        ] {
            assert_eq!(overtaken(Mail::AccessEnded, &standing), told, "{case}");
        }
        let canceled = standing(given, access("ended", "cancelled"), None);
        assert_eq!(overtaken(Mail::AccessEnded, &canceled), None);
        let told = Standing { cancellation_was_told: true, ..canceled };
        assert_eq!(overtaken(Mail::AccessEnded, &told), Some("the mail about the cancellation says so"));
    }

    #[test]
    fn entitlements_are_read_as_a_list_and_by_name() {
        let list = access("active", "trial").unwrap();
        let named = json!({"items": {"pro": {"state": "active", "reason": "trial"}}});
        assert!(is_given(&list, "pro") && is_given(&named, "pro") && !is_given(&list, "team"));
        assert!(!is_given(&json!(null), "pro") && !is_given(&json!({"items": 3}), "pro"));
    }
}
