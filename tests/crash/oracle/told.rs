//! What the merchant heard: everything that happened, once, signed, in order for each customer (G14,
//! G22, G23).

use std::collections::{BTreeMap, BTreeSet};

use checkout_tests::merchant::Received;
use serde_json::Value;

use super::truth::Truth;
use crate::verdict::Verdict;

/// Everything, from what happened at the provider's.
pub(super) fn check(truth: &Truth, received: &[Received]) -> Verdict {
    let mut verdict = Verdict::default();
    for forged in received.iter().filter(|received| !received.verified) {
        verdict.check(false, format!("a delivery has no signature that fits: {}", forged.id));
    }
    let taken = first_taken(received);
    in_order(&taken, &mut verdict);
    let told = told(&taken, &mut verdict);
    for (kind, expected) in [
        ("checkout.paid", truth.paid_orders()),
        ("payment.succeeded", truth.payments_that("succeeded")),
        ("payment.failed", truth.payments_that("failed")),
        ("payment.refunded", truth.money_back()),
    ] {
        let heard = told.get(kind).cloned().unwrap_or_default();
        let (missing, ghosts) = (expected.difference(&heard), heard.difference(&expected));
        let (missing, ghosts): (Vec<_>, Vec<_>) = (missing.collect(), ghosts.collect());
        verdict.check(missing.is_empty(), format!("G22: {kind} was never told of {missing:?}"));
        verdict.check(ghosts.is_empty(), format!("G14: {kind} was told of {ghosts:?}"));
    }
    lately(truth, &taken, &mut verdict);
    let started = told.get("subscription.started").cloned().unwrap_or_default();
    let known: BTreeSet<String> = truth.subscriptions.keys().cloned().collect();
    let missing: Vec<_> = known.symmetric_difference(&started).collect();
    verdict.check(missing.is_empty(), format!("G22: subscription.started: {missing:?}"));
    let (told, paid) = (told_amounts(&taken), truth.paid_in());
    verdict.check(told == paid, format!("the sums that were told are {told:?}, not {paid:?}"));
    verdict.count("messages taken", taken.len() as u64);
    verdict.count(
        "messages that came again",
        received.iter().filter(|received| is_taken(received)).count() as u64 - taken.len() as u64,
    );
    verdict
}

/// Whether the merchant said that it has it.
pub(super) fn is_taken(received: &Received) -> bool {
    received.answered.is_some_and(|status| status / 100 == 2)
}

/// Of each message the first time that it was taken.
fn first_taken(received: &[Received]) -> Vec<&Received> {
    let mut seen = BTreeSet::new();
    received.iter().filter(|received| is_taken(received)).filter(|received| seen.insert(&received.id)).collect()
}

/// For each customer 1, 2, 3 as it came.
fn in_order(taken: &[&Received], verdict: &mut Verdict) {
    let mut last: BTreeMap<&str, i64> = BTreeMap::new();
    for received in taken {
        let last = last.entry(&received.customer).or_default();
        verdict.check(
            received.sequence == *last + 1,
            format!("G23: {} heard {} after {last} ({})", received.customer, received.sequence, received.kind),
        );
        *last = received.sequence;
    }
    verdict.count("customers told", last.len() as u64);
}

/// Of what changes to and fro, how it stands at last was told, and nothing of what never was. What was so for a
/// moment need not be: its news may have come after newer ones. For the same reason there is no number of
/// `subscription.renewed` to expect, but one that is never passed: the payments after the first.
fn lately(truth: &Truth, taken: &[&Received], verdict: &mut Verdict) {
    let mut told: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for received in taken {
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let group = received.kind.split('.').next().unwrap_or_default();
        if let Some(id) = body["data"][group]["id"].as_str() {
            *told.entry((&received.kind, id.to_owned())).or_default() += 1;
        }
    }
    for (id, kind) in truth.news() {
        verdict.check(told.contains_key(&(kind, id.clone())), format!("G22: {kind} was never told of {id}"));
    }
    for ((kind, id), many) in &told {
        let exists = match kind.split('.').next() {
            Some("dispute") => truth.disputes.contains_key(id),
            Some("subscription") => truth.subscriptions.contains_key(id),
            _ => true,
        };
        verdict.check(exists, format!("G14: {kind} was told of {id}, which never was"));
        if *kind == "subscription.renewed" {
            let most = truth.payments_of(id).saturating_sub(1);
            verdict.check(*many <= most, format!("G14: {kind} was told {many} times of {id}, {most} at most"));
        }
    }
}

/// The sums of the payments that were told of, by currency.
fn told_amounts(taken: &[&Received]) -> BTreeMap<String, i64> {
    let mut sums = BTreeMap::new();
    for received in taken.iter().filter(|received| received.kind == "payment.succeeded") {
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let amount = &body["data"]["payment"]["amount"];
        let currency = amount["currency"].as_str().unwrap_or_default().to_owned();
        *sums.entry(currency).or_default() += amount["amount"].as_i64().unwrap_or_default();
    }
    sums
}

/// What was told of which objects; of none twice.
fn told(taken: &[&Received], verdict: &mut Verdict) -> BTreeMap<String, BTreeSet<String>> {
    let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for received in taken {
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let object = match received.kind.as_str() {
            "checkout.paid" => &body["data"]["checkout"]["id"],
            "payment.succeeded" | "payment.failed" => &body["data"]["payment"]["id"],
            "payment.refunded" => &body["data"]["refund"]["id"],
            "subscription.started" => &body["data"]["subscription"]["id"],
            _ => continue,
        };
        let object = object.as_str().unwrap_or_default().to_owned();
        let new = told.entry(received.kind.clone()).or_default().insert(object.clone());
        verdict.check(new, format!("G14: {} was told twice of {object}", received.kind));
    }
    told
}
