//! What ordinary load does not ask: webhooks that somebody forged or kept for an hour, access that ends by
//! time alone, a part of a payment given back whose answer is lost, and somebody else who writes to the
//! database. Each says what the unbroken helper does.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use checkout_server::clock::Clock;
use checkout_tests::http::client;
use jiff::SignedDuration;
use reqwest::StatusCode;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::door::Fault;
use crate::history::History;
use crate::oracle::stored::strings;
use crate::verdict::Verdict;
use crate::world::{OPERATOR_KEY, SECRET_KEY, World};

/// How long access is given that ends by itself, and how long after its end somebody asks.
const GIVEN_FOR: SignedDuration = SignedDuration::from_millis(5_000);
const ASKED_AFTER: Duration = Duration::from_millis(6_500);
/// How often somebody else writes, for how long each time, and how long the others have in between.
const WRITES: u32 = 8;
const WRITING: Duration = Duration::from_millis(150);
const IDLE: Duration = Duration::from_millis(250);
/// How many ask meanwhile, one after the other, and how long after one another.
const CROWD: usize = 12;
const BETWEEN: Duration = Duration::from_millis(70);

/// Asks all of it, while the shop is open.
pub(super) async fn while_open(world: &World, round: u64) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.join(unbelievable(world, round).await);
    verdict.join(fleeting(world, round).await);
    verdict.join(half_back(world, round).await);
    verdict
}

/// What can be seen when all is done.
pub(super) fn afterwards(world: &World, history: &History) -> Verdict {
    let mut verdict = Verdict::default();
    let failed =
        |entry: &&crate::history::Entry| entry.status == Some(503) && entry.answer.contains("storage_unavailable");
    let refused = history.entries().iter().filter(failed).count();
    verdict.check(refused == 0, format!("G2d: {refused} were told that the disk fails, which does not"));
    let known = crate::oracle::open(&world.database());
    let known = match known.and_then(|database| strings(&database, "SELECT id FROM checkouts")) {
        Ok(known) => known,
        Err(error) => {
            verdict.check(false, format!("the orders cannot be read: {error}"));
            return verdict;
        }
    };
    for session in world.truth()["sessions"].as_array().into_iter().flatten() {
        let order = session["request"]["metadata"]["order_id"].as_str().unwrap_or_default();
        verdict.check(
            known.iter().any(|id| id == order),
            format!("G5: a page was made for {order}, which was never written down"),
        );
    }
    verdict
}

/// Only who knows the secret is believed, and only for five minutes (G12).
async fn unbelievable(world: &World, round: u64) -> Verdict {
    let mut verdict = Verdict::default();
    let body = json!({"type": "proof.nothing", "timestamp": Clock::wall().to_string(), "data": {}}).to_string();
    let (now, id) = (Clock::wall().as_second(), format!("msg_probe_{}_{round}", world.seed));
    let stranger = checkout_tests::merchant::secret();
    for (case, signed_at, signature) in [
        ("a webhook that somebody else signed", now, stranger.sign(&id, now, body.as_bytes())),
        ("a webhook of an hour ago", now - 3_600, world.webhook_secret.sign(&id, now - 3_600, body.as_bytes())),
    ] {
        let request = client()
            .post(format!("{}/webhooks/dodo", world.door.url()))
            .header("webhook-id", &id)
            .header("webhook-timestamp", signed_at)
            .header("webhook-signature", signature)
            .body(body.clone());
        let status = request.send().await.map(|answer| answer.status());
        let refused = status.as_ref().is_ok_and(reqwest::StatusCode::is_client_error);
        verdict.check(refused, format!("G12: {case} was answered with {status:?}"));
    }
    verdict
}

/// What was given for a moment has ended after it, though nobody said so (G20).
async fn fleeting(world: &World, round: u64) -> Verdict {
    let mut verdict = Verdict::default();
    let reference = format!("fleeting_{}_{round}", world.seed);
    let until = Clock::wall() + GIVEN_FOR;
    let body = json!({
        "reference": reference, "entitlement": "workshop_tokyo", "action": "grant", "until": until.to_string(),
        "who": "the proof", "why": reference,
    });
    let given = client().post(format!("{}/access", world.operations.url())).bearer_auth(OPERATOR_KEY).json(&body);
    let given = given.send().await.map(|answer| answer.status());
    verdict.check(given.as_ref().is_ok_and(StatusCode::is_success), format!("access was not given: {given:?}"));
    tokio::time::sleep(ASKED_AFTER).await;
    let url = format!("{}/v1/customers/{reference}/entitlements?name=workshop_tokyo", world.door.url());
    let access: Value = match client().get(url).bearer_auth(SECRET_KEY).send().await {
        Ok(answer) => answer.json().await.unwrap_or_default(),
        Err(error) => Value::from(error.to_string()),
    };
    let state = &access["items"][0]["state"];
    verdict.check(state == "ended" || state == "none", format!("G20: access until {until} is {state}"));
    verdict
}

/// A part of a payment goes back once, also when the answer to it is lost (G6; the oracle counts).
async fn half_back(world: &World, round: u64) -> Verdict {
    let mut verdict = Verdict::default();
    world.provider.rule(|line| if line.starts_with("POST /refunds") { Fault::DropReply } else { Fault::Pass });
    for (payment, currency) in refundable(world, 3, &mut verdict) {
        let answer = give_back(world, &payment, &currency, &format!("half-{payment}-{round}")).await;
        verdict.check(answer.is_ok(), format!("a refund was not answered: {answer:?}"));
    }
    world.provider.rule(|_| Fault::Pass);
    verdict
}

/// So many of the newest payments of which nothing went back yet, and their currencies.
fn refundable(world: &World, most: usize, verdict: &mut Verdict) -> Vec<(String, String)> {
    let unrefunded = "SELECT id FROM payments WHERE state = 'succeeded' AND amount >= 400 AND charge = 'sale'
                      AND id NOT IN (SELECT object_id FROM intents) ORDER BY id DESC";
    let database = crate::oracle::open(&world.database());
    let payments = database.and_then(|database| strings(&database, unrefunded));
    verdict.check(payments.is_ok(), format!("the payments cannot be read: {:?}", payments.as_ref().err()));
    let truth = world.truth();
    let currency = |payment: &String| {
        let paid = truth["payments"].as_array()?.iter().find(|paid| paid["payment_id"] == payment.as_str())?;
        Some(paid["currency"].as_str()?.to_owned())
    };
    let payments = payments.unwrap_or_default().into_iter().take(most);
    payments.filter_map(|payment| currency(&payment).map(|currency| (payment, currency))).collect()
}

/// Asks for a part of a payment; gives the answer.
async fn give_back(world: &World, payment: &str, currency: &str, key: &str) -> Result<String, reqwest::Error> {
    let request = client()
        .post(format!("{}/v1/payments/{payment}/refunds", world.door.url()))
        .bearer_auth(SECRET_KEY)
        .header("idempotency-key", key)
        .json(&json!({"amount": {"amount": 100, "currency": currency}}));
    request.send().await?.text().await
}

/// Somebody else holds the database for a moment, again and again: everybody waits for their turn, and nobody
/// is refused (`BEGIN IMMEDIATE` and a busy timeout). A refund reads what is left before it is written down:
/// in a transaction that became a writer only then, it could not wait. Asked when the shop is closed: while it
/// is open, somebody who writes at once has always begun the transaction already.
pub(super) async fn when_closed(world: &World, round: u64) -> Verdict {
    let mut verdict = Verdict::default();
    let payments = refundable(world, CROWD, &mut verdict);
    let path = world.database();
    let writing = tokio::task::spawn_blocking(move || write_beside(&path));
    for (payment, currency) in payments {
        tokio::time::sleep(BETWEEN).await;
        let answer = give_back(world, &payment, &currency, &format!("beside-{payment}-{round}")).await;
        let waited = answer.as_ref().is_ok_and(|answer| !answer.contains("storage_unavailable"));
        verdict.check(waited, format!("G2d: while somebody else wrote, a refund was answered with {answer:?}"));
    }
    let written = writing.await.map_err(|error| error.to_string()).and_then(|written| written);
    verdict.check(written.is_ok(), written.err().unwrap_or_default());
    verdict
}

fn write_beside(path: &PathBuf) -> Result<(), String> {
    let write = || -> rusqlite::Result<()> {
        let database = Connection::open(path)?;
        database.busy_timeout(Duration::from_secs(30))?;
        for _ in 0..WRITES {
            database.execute_batch("BEGIN IMMEDIATE; UPDATE facts SET value = value WHERE name = 'catalog'")?;
            let begun = Instant::now();
            std::thread::sleep(WRITING.saturating_sub(begun.elapsed()));
            database.execute_batch("COMMIT")?;
            std::thread::sleep(IDLE);
        }
        Ok(())
    };
    write().map_err(|error| format!("somebody else could not write: {error}"))
}
