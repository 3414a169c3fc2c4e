//! What customers may use, worked out from what the provider sold alone: another way to the same answer than
//! the helper's, for as much of it as can be said in a few lines. Held against the helper's own door, and
//! what the merchant was told last (G15, G18, G22).

use std::collections::{BTreeMap, BTreeSet};

use checkout_server::catalog::Catalog;
use checkout_tests::http::client;
use checkout_tests::merchant::Received;
use serde_json::Value;

use super::told::is_taken;
use super::truth::Truth;
use crate::verdict::Verdict;
use crate::world::{SECRET_KEY, World};

/// Customers whose access is asked for at most.
const MOST_ASKED: usize = 500;
/// What is sold, and what it gives. `true` where money that went back takes it away (catalog.example.toml).
const GIVES: [(&str, &str, bool); 4] = [
    ("desktop_license", "desktop", true),
    ("handbook_ebook", "handbook", false),
    ("pro_monthly", "pro", true),
    ("pro_yearly", "pro", false),
];

/// Asks for the access of everybody whom the merchant heard of.
pub(super) async fn check(world: &World, truth: &Truth, received: &[Received]) -> Verdict {
    let mut verdict = Verdict::default();
    let http = client();
    let expected = expected(truth, &world.catalog);
    for (reference, told) in last_told(received).into_iter().take(MOST_ASKED) {
        let url = format!("{}/v1/customers/{reference}/entitlements", world.door.url());
        let answer = match http.get(url).bearer_auth(SECRET_KEY).send().await {
            Ok(answer) => answer.json::<Value>().await.unwrap_or_default(),
            Err(error) => Value::from(error.to_string()),
        };
        as_told(&reference, &told, &answer, &mut verdict);
        let Some(expected) = expected.get(&reference) else { continue };
        for (name, may) in expected {
            let item = answer["items"].as_array().into_iter().flatten().find(|item| item["name"] == **name);
            let state = item.map_or("nothing", |item| item["state"].as_str().unwrap_or_default());
            let told = format!("G15: {reference} has {name} as {state}, and may use it: {may}");
            verdict.check((state == "active") == *may, told);
        }
    }
    verdict
}

/// In the end the merchant has the access that the helper's own door tells.
fn as_told(reference: &str, (version, items): &(i64, Value), answer: &Value, verdict: &mut Verdict) {
    // The door names what was never bought, too.
    let never = |item: &&Value| item["reason"] != "not_bought";
    let now: Vec<&Value> = answer["items"].as_array().into_iter().flatten().filter(never).collect();
    let told: Vec<&Value> = items.as_array().into_iter().flatten().filter(never).collect();
    verdict.check(
        (answer["version"].as_i64(), &now) == (Some(*version), &told),
        format!("G22: {reference} was told {version} {told:?}, and has {answer}"),
    );
}

/// For each customer with a name at the merchant's the newest version that was told.
fn last_told(received: &[Received]) -> BTreeMap<String, (i64, Value)> {
    let mut last: BTreeMap<String, (i64, Value)> = BTreeMap::new();
    for received in received.iter().filter(|received| is_taken(received)) {
        let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
        let Some(reference) = body["customer"]["reference"].as_str() else { continue };
        let version = body["entitlements"]["version"].as_i64().unwrap_or(-1);
        let known = last.entry(reference.to_owned()).or_default();
        if version >= known.0 {
            *known = (version, body["entitlements"]["items"].clone());
        }
    }
    last
}

/// Who may use what. What depends on more than a sale and money that went back is left out.
fn expected(truth: &Truth, catalog: &Catalog) -> BTreeMap<String, BTreeMap<&'static str, bool>> {
    let mut all: BTreeMap<String, BTreeMap<&'static str, bool>> = BTreeMap::new();
    let (mut unclear, mut disputed) = (BTreeSet::new(), BTreeSet::new());
    let sessions: BTreeMap<&str, _> = truth.sessions.values().map(|one| (one.order.as_str(), one)).collect();
    for (id, paid) in truth.payments.iter().filter(|(_, payment)| payment.status == "succeeded") {
        let Some(session) = sessions.get(paid.order.as_str()) else { continue };
        let Some(reference) = session.reference.clone() else { continue };
        let price = catalog.sold_as(&session.product).map(|price| price.id.as_str());
        let Some((_, name, taken_away)) = GIVES.iter().find(|(sold, ..)| Some(*sold) == price) else { continue };
        let (lost, back) = (truth.is_lost(id), truth.went_back(id));
        if lost {
            disputed.insert((reference.clone(), *name));
        }
        if !paid.subscription.is_empty() {
            let runs = truth.subscriptions.get(&paid.subscription).is_some_and(|one| one.status == "active");
            if lost || back || !runs {
                unclear.insert((reference, *name));
                continue;
            }
        }
        let taken = lost || (back && *taken_away);
        *all.entry(reference).or_default().entry(name).or_default() |= !taken;
    }
    // A lost dispute beats everything of that name (docs/access.md).
    for (reference, name) in disputed {
        all.entry(reference).or_default().insert(name, false);
    }
    for (reference, name) in unclear {
        all.entry(reference).or_default().remove(name);
    }
    all
}
