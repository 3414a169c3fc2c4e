//! What was done at the provider's in our name: nothing twice that moves money (G6), and no page that
//! nobody was meant to have (G5).

use std::collections::BTreeMap;

use checkout_server::clock::Clock;
use rusqlite::Connection;

use super::stored::strings;
use super::truth::Truth;
use crate::courier::Office;
use crate::history::{History, What};
use crate::verdict::Verdict;

/// The most sends of one order's creation (ordering.rs).
const MOST_SENDS: u64 = 3;

/// Looks through the provider's memory.
pub(super) fn check(truth: &Truth, database: &Connection, history: &History) -> Verdict {
    let mut verdict = Verdict::default();
    effects(truth, database, &mut verdict);
    sessions(truth, history, &mut verdict);
    verdict
}

/// What is stored as the provider's word is its word: nothing in the inbox that it did not send (G12).
pub(super) fn said(office: &Office, database: &Connection) -> Verdict {
    let mut verdict = Verdict::default();
    let sql = "SELECT webhook_id || ' ' || lower(hex(body_sha256)) FROM notices WHERE source = 'webhook'";
    for notice in verdict.read("the inbox", strings(database, sql)) {
        verdict.check(office.has_seen(&notice), format!("G12: the provider never sent {notice}"));
    }
    verdict
}

/// An intent has made no refund, or one.
fn effects(truth: &Truth, database: &Connection, verdict: &mut Verdict) {
    let mut made: BTreeMap<&str, u64> = BTreeMap::new();
    for refund in truth.refunds.values() {
        *made.entry(&refund.intent).or_default() += 1;
    }
    for (intent, many) in &made {
        verdict.check(*many == 1, format!("G6: {intent} gave money back {many} times"));
    }
    match intents(database) {
        Ok(planned) => terminal(&made, &planned, verdict),
        Err(error) => verdict.check(false, format!("the intents cannot be read: {error}")),
    }
    let mut back: BTreeMap<&str, i64> = BTreeMap::new();
    for refund in truth.refunds.values().filter(|refund| refund.status != "failed") {
        *back.entry(&refund.payment).or_default() += refund.amount;
    }
    for (payment, back) in back {
        let paid = truth.payments.get(payment).map_or(0, |payment| payment.amount);
        verdict.check(back <= paid, format!("G6: of {payment} {back} went back, {paid} were paid"));
    }
    verdict.count("refunds", truth.refunds.len() as u64);
}

/// An intent as it is stored.
struct Intent {
    state: String,
    /// When the provider is asked about it, in microseconds.
    due_at: Option<i64>,
}

fn intents(database: &Connection) -> rusqlite::Result<BTreeMap<String, Intent>> {
    let mut statement = database.prepare("SELECT id, state, due_at FROM intents")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, Intent { state: row.get(1)?, due_at: row.get(2)? })))?;
    rows.collect()
}

/// Each intent has come to its end or is flagged; the provider's refund has one that is done. Only what the
/// provider does not have may still be looked for, later.
fn terminal(made: &BTreeMap<&str, u64>, planned: &BTreeMap<String, Intent>, verdict: &mut Verdict) {
    for intent in made.keys() {
        let state = planned.get(*intent).map_or("never written down", |intent| &intent.state);
        verdict.check(state == "done", format!("G6: money went back by {intent:?}, which is {state}"));
    }
    let (now, mut later) = (Clock::wall().as_microsecond(), 0);
    for (id, Intent { state, due_at }) in planned {
        let many = made.get(id.as_str()).copied().unwrap_or_default();
        match state.as_str() {
            "done" => verdict.check(many == 1, format!("G6: {id} is done, and gave money back {many} times")),
            "rejected" | "needs_review" => {}
            _ => {
                later += 1;
                let is_looked_for = many == 0 && due_at.is_some_and(|due_at| due_at > now);
                verdict
                    .check(is_looked_for, format!("G6: {id} is {state}, due at {due_at:?}, and made {many} refunds"));
            }
        }
    }
    verdict.count("intents looked for later", later);
}

/// What was revealed is a page of that order; there are no more pages than sends.
fn sessions(truth: &Truth, history: &History, verdict: &mut Verdict) {
    let mut of: BTreeMap<&str, u64> = BTreeMap::new();
    for session in truth.sessions.values() {
        *of.entry(&session.order).or_default() += 1;
    }
    for (order, many) in &of {
        verdict.check(*many <= MOST_SENDS, format!("G5: {order} has {many} pages"));
    }
    for entry in history.acknowledged(|entry| entry.what == What::Order) {
        let made: serde_json::Value = serde_json::from_str(&entry.answer).unwrap_or_default();
        let text = |name: &str| made[name].as_str().unwrap_or_default();
        let session = text("url").rsplit('/').next().unwrap_or_default();
        let order = truth.sessions.get(session).map(|session| session.order.as_str());
        verdict.check(order == Some(text("id")), format!("G5: the page of {} is that of {order:?}", text("id")));
    }
    verdict.count("pages", truth.sessions.len() as u64);
    verdict.count("pages nobody was shown", truth.sessions.len().saturating_sub(of.len()) as u64);
}
