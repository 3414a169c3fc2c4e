//! What the merchant heard: everything that happened, once, signed, in order for each customer; and in the
//! end the same access as the helper's own door tells (G14, G22, G23).

use std::collections::{BTreeMap, BTreeSet};

use checkout_tests::http::client;
use checkout_tests::merchant::Received;
use serde_json::Value;

use super::truth::Truth;
use crate::verdict::Verdict;
use crate::world::{SECRET_KEY, World};

/// Customers whose access is asked for at most.
const MOST_ASKED: usize = 500;

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
    let started = told.get("subscription.started").cloned().unwrap_or_default();
    let known: BTreeSet<String> = truth.subscriptions.keys().cloned().collect();
    let missing: Vec<_> = known.symmetric_difference(&started).collect();
    verdict.check(missing.is_empty(), format!("G22: subscription.started: {missing:?}"));
    verdict.count("messages taken", taken.len() as u64);
    verdict.count("messages that came again", received.iter().filter(is_taken).count() as u64 - taken.len() as u64);
    verdict
}

/// In the end the merchant has the access that the helper's own door tells.
pub(super) async fn access(world: &World, received: &[Received]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut last: BTreeMap<String, (i64, Value)> = BTreeMap::new();
    for received in received.iter().filter(is_taken) {
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let Some(reference) = body["customer"]["reference"].as_str() else { continue };
        let version = body["entitlements"]["version"].as_i64().unwrap_or(-1);
        let known = last.entry(reference.to_owned()).or_default();
        if version >= known.0 {
            *known = (version, body["entitlements"]["items"].clone());
        }
    }
    let http = client();
    for (reference, (version, items)) in last.into_iter().take(MOST_ASKED) {
        let url = format!("{}/v1/customers/{reference}/entitlements", world.door.url());
        let answer = match http.get(url).bearer_auth(SECRET_KEY).send().await {
            Ok(answer) => answer.json::<Value>().await.unwrap_or_default(),
            Err(error) => Value::from(error.to_string()),
        };
        // The door names what was never bought, too.
        let never = |item: &&Value| item["reason"] != "not_bought";
        let now: Vec<&Value> = answer["items"].as_array().into_iter().flatten().filter(never).collect();
        let told: Vec<&Value> = items.as_array().into_iter().flatten().filter(never).collect();
        verdict.check(
            (answer["version"].as_i64(), &now) == (Some(version), &told),
            format!("G22: {reference} was told {version} {told:?}, and has {answer}"),
        );
    }
    verdict
}

fn is_taken(received: &&Received) -> bool {
    received.answered.is_some_and(|status| status / 100 == 2)
}

/// Of each message the first time that it was taken.
fn first_taken(received: &[Received]) -> Vec<&Received> {
    let mut seen = BTreeSet::new();
    received.iter().filter(is_taken).filter(|received| seen.insert(&received.id)).collect()
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
