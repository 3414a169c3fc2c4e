//! Which mail an event writes, and what makes it wrong again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::entitlement::{Access, Entitlement, Reason, State};

fn access(state: &str, reason: &str) -> Value {
    json!({"version": 1, "items": [{"name": "pro", "state": state, "reason": reason}]})
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

fn subscription(state: &str) -> SubscriptionStanding {
    let nothing = json!({"checkout": "co_1", "quantity": 1, "addons": [], "ends_with_period": false,
        "trial_ending": false, "over": false, "changed": 1, "state": state});
    serde_json::from_value(nothing).unwrap()
}

fn told(kind: Kind) -> Occurrence {
    Occurrence {
        event: "evt_1".to_owned(),
        kind,
        at: Timestamp::UNIX_EPOCH,
        access_before: None,
        access_then: None,
        access_now: BTreeMap::new(),
        since: Vec::new(),
        cancellation: Cancellation::Untold,
        contact: None,
        order: None,
        charge: None,
        subscription: None,
    }
}

#[test]
fn what_has_been_overtaken_is_not_sent() {
    use Mail::{Canceled, PaymentFailed, Receipt, TrialEnding};
    let since = |mail: Mail, kinds: &[Kind]| Occurrence { since: kinds.to_vec(), ..told(mail.kind()) };
    let stands = |mail: Mail, state: &str, trial: bool, ends: bool| {
        let mut subscription = subscription(state);
        subscription.trial_end = trial.then_some(Timestamp::MAX);
        subscription.ends_with_period = ends;
        Occurrence { subscription: Some(("sub_1".to_owned(), subscription)), ..told(mail.kind()) }
    };
    for (mail, told, sent) in [
        (Receipt, since(Receipt, &[Kind::PaymentRefunded]), true),
        (PaymentFailed, since(PaymentFailed, &[]), true),
        (PaymentFailed, stands(PaymentFailed, "past_due", false, false), true),
        (PaymentFailed, stands(PaymentFailed, "on_hold", false, false), true),
        (PaymentFailed, stands(PaymentFailed, "unknown:new", false, false), true),
        (PaymentFailed, stands(PaymentFailed, "active", false, false), false),
        (PaymentFailed, since(PaymentFailed, &[Kind::SubscriptionRecovered]), false),
        (PaymentFailed, since(PaymentFailed, &[Kind::SubscriptionEnded]), false),
        (PaymentFailed, stands(PaymentFailed, "cancelled", false, false), false),
        (PaymentFailed, since(PaymentFailed, &[Kind::PaymentFailed]), true),
        (TrialEnding, stands(TrialEnding, "active", true, false), true),
        (TrialEnding, stands(TrialEnding, "active", true, true), false),
        (TrialEnding, stands(TrialEnding, "active", false, false), false),
        (TrialEnding, since(TrialEnding, &[Kind::SubscriptionRenewed]), false),
        (TrialEnding, stands(TrialEnding, "expired", true, false), false),
        (Canceled, stands(Canceled, "active", false, true), true),
        (Canceled, since(Canceled, &[Kind::SubscriptionEnded]), true),
        (Canceled, since(Canceled, &[Kind::SubscriptionUncanceled]), false),
    ] {
        assert_eq!(overtaken(mail, &told).is_none(), sent, "{mail:?} {told:?}");
    }
}

#[test]
fn access_has_ended_only_where_it_was_given_and_is_not_back() {
    let kind = Kind::EntitlementsChanged;
    let occurred = |access_before, then| Occurrence { access_before, access_then: Some(then), ..told(kind) };
    let taken = |before: Value, then| occurred(Some(before), then);
    let (given, grace) = (access("active", "subscription"), access("grace", "payment_failed"));
    let suspended = || access("suspended", "payment_failed");
    let nothing = Some("no access was taken");
    for (case, told, why) in [
        ("given for the first time", occurred(None, given.clone()), nothing),
        ("grace is still access", taken(given.clone(), grace.clone()), nothing),
        ("suspended after grace", taken(grace.clone(), suspended()), None),
        ("ended after it was suspended", taken(suspended(), access("ended", "expired")), nothing),
        ("given back", taken(given.clone(), access("ended", "refunded")), nothing),
        ("blocked by hand", taken(given.clone(), access("ended", "blocked_by_hand")), nothing),
        ("over as agreed", taken(given.clone(), access("ended", "expired")), None),
    ] {
        assert_eq!(overtaken(Mail::AccessEnded, &told), why, "{case}");
    }
    let again = Entitlement { access: Access::of(State::Active, Reason::Subscription), limits: BTreeMap::new() };
    let back = Occurrence { access_now: [("pro".to_owned(), again)].into(), ..taken(grace, suspended()) };
    assert_eq!(overtaken(Mail::AccessEnded, &back), Some("access is back"));
    let canceled = taken(given, access("ended", "cancelled"));
    assert_eq!(overtaken(Mail::AccessEnded, &canceled), None);
    let waits = Occurrence { cancellation: Cancellation::OnItsWay, ..canceled.clone() };
    assert_eq!(overtaken(Mail::AccessEnded, &waits), None);
    assert!(waits_for_another(Mail::AccessEnded, &waits) && !waits_for_another(Mail::AccessEnded, &canceled));
    assert!(!waits_for_another(Mail::Canceled, &waits));
    let expired = Occurrence { access_then: Some(access("ended", "expired")), ..waits };
    assert!(!waits_for_another(Mail::AccessEnded, &expired), "the other mail does not say that");
    let said = Occurrence { cancellation: Cancellation::Told, ..canceled };
    assert!(!waits_for_another(Mail::AccessEnded, &said));
    assert_eq!(overtaken(Mail::AccessEnded, &said), Some("the mail about the cancellation says so"));
}

#[test]
fn entitlements_are_read_as_a_list_and_by_name() {
    let list = access("active", "trial");
    let named = json!({"items": {"pro": {"state": "active", "reason": "trial"}}});
    assert!(is_given(&list, "pro") && is_given(&named, "pro") && !is_given(&list, "team"));
    assert!(!is_given(&json!(null), "pro") && !is_given(&json!({"items": 3}), "pro"));
}
