use serde_json::json;

use super::*;
use crate::announcement::Kind;
use crate::customer::Contact;
use crate::mail::Charged;

const EXAMPLE: &str = include_str!("../../../../catalog.example.toml");

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn catalog() -> Catalog {
    Catalog::parse(EXAMPLE).unwrap()
}

/// The subscription to a price, as it stands now.
fn subscribed(price: &str, state: &str, ends: bool) -> SubscriptionStanding {
    let now = json!({"checkout": "co_1", "price": price, "quantity": 3, "addons": [], "ends_with_period": ends,
        "trial_ending": false, "over": false, "changed": 1, "state": state,
        "period_start": "2026-11-22T10:15:00Z", "period_end": "2026-12-22T10:15:00Z"});
    serde_json::from_value(now).unwrap()
}

fn told(kind: Kind, subscription: Option<SubscriptionStanding>) -> Occurrence {
    Occurrence {
        event: "evt_019aab6fb0c07d3c8e4f5a6b7c8d9e0f".to_owned(),
        kind,
        at: at("2026-11-23T09:00:00Z"),
        access_before: None,
        access_then: None,
        access_now: [].into(),
        since: Vec::new(),
        cancellation: crate::mail::Cancellation::Untold,
        contact: Some(Contact { email: "ada@example.com".to_owned(), name: Some("Ada".to_owned()) }),
        order: None,
        charge: None,
        subscription: subscription.map(|now| ("sub_1".to_owned(), now)),
    }
}

fn said(mail: Mail, told: &Occurrence) -> Values {
    let catalog = catalog();
    let shop = Shop { name: "Fernway", contact: "help@fernway.example", catalog: &catalog, test_mode: true };
    values(mail, &shop, told, Some("https://pay.example/mend/x".to_owned()), at("2026-11-24T00:00:00Z"))
}

#[test]
fn the_table_names_exactly_the_values() {
    let values = serde_json::to_value(Values::default()).unwrap();
    let mut fields: Vec<&str> = values.as_object().unwrap().keys().map(String::as_str).collect();
    let mut named = VARIABLES.map(|(name, _)| name);
    fields.sort_unstable();
    named.sort_unstable();
    assert_eq!(fields, named);
}

#[test]
fn a_trial_says_what_it_will_cost_and_when() {
    let values = said(Mail::TrialEnding, &told(Kind::TrialEnding, Some(subscribed("team_monthly", "active", false))));
    let catalog = catalog();
    let price = catalog.price("team_monthly").unwrap().1;
    assert_eq!(values.amount, Some(price.money.times(3).unwrap().to_string()));
    assert_eq!(values.plus_tax, !price.tax_inclusive);
    assert_eq!(values.next_charge_on.as_deref(), Some("22 December 2026, 10:15 UTC"));
    assert_eq!((values.product.as_str(), values.mend_url), ("Fernway Team × 3", None));
}

#[test]
fn a_failed_payment_says_what_was_tried_until_when_and_where_to_mend_it() {
    let mut told = told(Kind::SubscriptionPastDue, Some(subscribed("pro_monthly", "past_due", false)));
    let money = Some(Money::new(3_451, "EUR".parse().unwrap()));
    told.charge = Some(Charged { id: "pay_1".to_owned(), money, at: None, charge: "renewal".to_owned() });
    told.subscription.as_mut().unwrap().1.grace_until = Some(at("2026-11-30T09:00:00Z"));
    let values = said(Mail::PaymentFailed, &told);
    assert_eq!((values.amount.as_deref(), values.plus_tax), (Some("34.51 EUR"), false));
    assert_eq!(values.access_until.as_deref(), Some("30 November 2026, 09:00 UTC"));
    assert_eq!(values.mend_url.as_deref(), Some("https://pay.example/mend/x"));
    assert_eq!(values.reference.as_deref(), Some("sub_1"));
    assert_eq!(values.next_charge_on, None);
}

#[test]
fn a_receipt_names_the_next_charge_only_where_one_comes() {
    for (subscription, next) in [
        (Some(subscribed("pro_monthly", "active", false)), true),
        (Some(subscribed("pro_monthly", "active", true)), false),
        (Some(subscribed("pro_monthly", "cancelled", false)), false),
        (None, false),
    ] {
        let mut told = told(Kind::PaymentSucceeded, subscription);
        let money = Some(Money::new(2_900, "EUR".parse().unwrap()));
        told.charge = Some(Charged {
            id: "pay_1".to_owned(),
            money,
            at: Some(at("2026-11-22T10:15:00Z")),
            charge: "renewal".to_owned(),
        });
        let values = said(Mail::Receipt, &told);
        assert_eq!(values.next_charge_on.is_some(), next, "{told:?}");
        assert_eq!(values.paid_on.as_deref(), Some("22 November 2026, 10:15 UTC"));
        assert!(values.renewal && values.reference.as_deref() == Some("pay_1"));
    }
}

#[test]
fn a_cancellation_says_until_when_while_that_is_to_come() {
    let mut told = told(Kind::SubscriptionCanceled, Some(subscribed("pro_monthly", "active", true)));
    assert_eq!(said(Mail::Canceled, &told).access_until.as_deref(), Some("22 December 2026, 10:15 UTC"));
    let subscription = told.subscription.as_mut().unwrap();
    subscription.1.period_end = Some(at("2026-11-22T10:15:00Z"));
    assert_eq!(said(Mail::Canceled, &told).access_until, None);
}

#[test]
fn access_that_a_card_brings_back_has_the_link_and_other_access_has_none() {
    let access =
        |state: &str, reason: &str| Some(json!({"items": [{"name": "pro", "state": state, "reason": reason}]}));
    for (state, reason, link) in
        [("on_hold", "payment_failed", true), ("cancelled", "payment_failed", false), ("expired", "expired", false)]
    {
        let mut told = told(Kind::EntitlementsChanged, Some(subscribed("pro_monthly", state, false)));
        told.subscription.as_mut().unwrap().1.past_due_since = (state == "on_hold").then(|| at("2026-11-22T10:15:00Z"));
        told.access_before = access("grace", "payment_failed");
        told.access_then = access("suspended", reason);
        let values = said(Mail::AccessEnded, &told);
        assert_eq!(values.mend_url.is_some(), link, "{state} {reason}");
        assert_eq!(values.reason.as_deref(), Some(reason));
        assert_eq!(values.ended_on.as_deref(), Some("23 November 2026, 09:00 UTC"));
    }
}
