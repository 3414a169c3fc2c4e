//! What clients were told, held against itself: one key, one answer; one order, one address; and what was
//! read once never becomes older.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::history::{Entry, History, Outcome, What};
use crate::verdict::Verdict;

/// Of so many orders that are acknowledged one may be refused.
const MOST_REFUSED: u64 = 5;

/// Looks through the answers.
pub(crate) fn check(entries: &[Entry]) -> Verdict {
    let mut verdict = Verdict::default();
    for broken in entries.iter().filter(|entry| entry.status == Some(500)) {
        verdict.check(false, format!("G2: {:?} {} was answered with 500: {}", broken.what, broken.key, broken.answer));
    }
    keys(entries, &mut verdict);
    addresses(entries, &mut verdict);
    versions(entries, &mut verdict);
    for refused in entries.iter().filter(|entry| entry.what == What::Webhook && entry.outcome == Outcome::Refused) {
        verdict.check(false, format!("G13: a signed webhook was refused with {:?}", refused.status));
    }
    verdict
}

/// Something was done at all: a run of which nothing was acknowledged has proven nothing. Orders are refused for
/// these reasons alone, and few of them: `order_closed` after three sends whose answers were lost.
pub(crate) fn worked(history: &History, reasons: &[&str]) -> Verdict {
    let mut verdict = Verdict::default();
    let orders = history.count(What::Order, Outcome::Acknowledged);
    let webhooks = history.count(What::Webhook, Outcome::Acknowledged);
    verdict.check(orders > 0, "no order was acknowledged");
    verdict.check(webhooks > 0, "no webhook was acknowledged");
    let mut refused = BTreeMap::new();
    for entry in history.entries() {
        if entry.what == What::Order && entry.outcome == Outcome::Refused {
            let answer: Value = serde_json::from_str(&entry.answer).unwrap_or_default();
            *refused.entry(answer["code"].as_str().unwrap_or_default().to_owned()).or_insert(0_u64) += 1;
        }
    }
    for (code, many) in &refused {
        verdict.check(reasons.contains(&code.as_str()), format!("{many} orders were refused: {code:?}"));
    }
    let all: u64 = refused.values().sum();
    verdict.check(all * MOST_REFUSED <= orders, format!("{all} orders were refused, {orders} acknowledged"));
    verdict.count("orders closed", refused.get("order_closed").copied().unwrap_or_default());
    verdict
}

/// One key has one answer, whatever happens in between (G3).
fn keys(entries: &[Entry], verdict: &mut Verdict) {
    let mut answers: BTreeMap<(u8, &str), &Entry> = BTreeMap::new();
    let with_keys = entries.iter().filter(|entry| matches!(entry.what, What::Order | What::Refund));
    let (mut replays, mut before) = (0, std::collections::BTreeSet::new());
    for entry in with_keys {
        let key = (u8::from(entry.what == What::Refund), entry.key.as_str());
        match entry.outcome {
            Outcome::Acknowledged => {
                let first = *answers.entry(key).or_insert(entry);
                replays += u64::from(!std::ptr::eq(first, entry));
                verdict.check(
                    (first.status, &first.answer) == (entry.status, &entry.answer),
                    format!("G3: {} has two answers: {} and {}", entry.key, first.answer, entry.answer),
                );
            }
            Outcome::Refused if answers.get(&key).is_some_and(|first| first.answered < entry.invoked) => {
                verdict.check(false, format!("G3: {} was answered, then refused: {}", entry.key, entry.answer));
            }
            Outcome::Refused | Outcome::Unknown => {
                before.insert(key);
            }
        }
    }
    verdict.count("keys", answers.len() as u64);
    verdict.count("answers again", replays);
    verdict.count("keys asked again until answered", answers.keys().filter(|key| before.contains(key)).count() as u64);
}

/// An order has one address, an address one order, and no two keys share either (G5).
fn addresses(entries: &[Entry], verdict: &mut Verdict) {
    let (mut by_order, mut by_address) = (BTreeMap::new(), BTreeMap::new());
    let orders = entries.iter().filter(|entry| entry.what == What::Order && entry.outcome == Outcome::Acknowledged);
    for entry in orders {
        let made: Value = serde_json::from_str(&entry.answer).unwrap_or_default();
        let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
        let (id, url) = (text("id"), text("url"));
        verdict.check(!id.is_empty() && !url.is_empty(), format!("{} was answered with {}", entry.key, entry.answer));
        let known = by_order.entry(id.clone()).or_insert_with(|| (entry.key.clone(), url.clone()));
        verdict.check(
            *known == (entry.key.clone(), url.clone()),
            format!("G5: {id} was shown as {known:?} and as {:?}", (&entry.key, &url)),
        );
        let owner = by_address.entry(url.clone()).or_insert_with(|| id.clone());
        verdict.check(*owner == id, format!("G5: {url} was shown for {owner} and for {id}"));
    }
}

/// Whoever asks after an answer is not told less than that answer (G17, G19).
fn versions(entries: &[Entry], verdict: &mut Verdict) {
    let mut of: BTreeMap<&str, Vec<(&Entry, i64)>> = BTreeMap::new();
    let reads = entries.iter().filter(|entry| entry.what == What::Access && entry.outcome == Outcome::Acknowledged);
    for entry in reads {
        let access: Value = serde_json::from_str(&entry.answer).unwrap_or_default();
        of.entry(&entry.key).or_default().push((entry, access["version"].as_i64().unwrap_or(-1)));
    }
    for (customer, mut reads) in of {
        reads.sort_by_key(|(entry, _)| entry.invoked);
        let mut answered: Vec<_> = reads.iter().map(|(entry, version)| (entry.answered, *version)).collect();
        answered.sort_unstable();
        let (mut newest, mut next) = (-1, 0);
        for (entry, version) in reads {
            while next < answered.len() && answered[next].0 < entry.invoked {
                newest = newest.max(answered[next].1);
                next += 1;
            }
            let told = format!("G19: {customer} was at version {newest}, then at {version}");
            verdict.check(version >= newest, told);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(what: What, key: &str, outcome: Outcome, at: u64, answer: &str) -> Entry {
        let (status, mark) = (Some(201), 0);
        let (intended, invoked, answered) = (at, at, at + 5);
        let (key, answer) = (key.to_owned(), answer.to_owned());
        Entry { what, key, intended, invoked, answered, outcome, status, answer, mark }
    }

    fn order(key: &str, at: u64, id: &str, url: &str) -> Entry {
        let made = serde_json::json!({"id": id, "url": url}).to_string();
        entry(What::Order, key, Outcome::Acknowledged, at, &made)
    }

    fn read(at: u64, version: i64) -> Entry {
        let access = serde_json::json!({"version": version}).to_string();
        entry(What::Access, "ada", Outcome::Acknowledged, at, &access)
    }

    fn failures(entries: &[Entry]) -> usize {
        check(entries).failures.len()
    }

    #[test]
    fn an_honest_history_has_nothing_said_against_it() {
        let unknown = entry(What::Order, "one", Outcome::Unknown, 0, "");
        let honest =
            [unknown, order("one", 10, "co_1", "u/1"), order("one", 20, "co_1", "u/1"), read(0, 3), read(10, 3)];
        assert_eq!(failures(&honest), 0);
        assert_eq!(failures(&[read(0, 5), read(3, 4)]), 0, "asked at the same time, either may be");
    }

    #[test]
    fn every_lie_is_heard() {
        let refused = entry(What::Order, "one", Outcome::Refused, 30, "");
        let no_webhook = entry(What::Webhook, "msg", Outcome::Refused, 0, "");
        for (lie, history) in [
            ("two answers", vec![order("one", 0, "co_1", "u/1"), order("one", 10, "co_1", "u/2")]),
            ("two orders", vec![order("one", 0, "co_1", "u/1"), order("one", 10, "co_2", "u/2")]),
            ("one page for two", vec![order("one", 0, "co_1", "u/1"), order("two", 10, "co_2", "u/1")]),
            ("one order for two", vec![order("one", 0, "co_1", "u/1"), order("two", 10, "co_1", "u/1")]),
            ("answered, then refused", vec![order("one", 0, "co_1", "u/1"), refused]),
            ("a webhook refused", vec![no_webhook]),
            ("access that becomes older", vec![read(0, 5), read(10, 4)]),
            ("a 500", vec![Entry { status: Some(500), ..entry(What::Quote, "", Outcome::Unknown, 0, "") }]),
        ] {
            assert!(failures(&history) > 0, "{lie}");
        }
    }
}
