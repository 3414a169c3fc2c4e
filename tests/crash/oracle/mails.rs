//! The mails that arrived: a receipt for each payment. SMTP has no idempotency, so one that was on its way
//! when the helper died may come again, with the same Message-ID (G28); these are counted by themselves.

use std::collections::BTreeMap;

use serde_json::Value;

use super::truth::Truth;
use crate::verdict::Verdict;

/// Mails under way at the same time (outbox/worker.rs): a death excuses no more.
const AT_ONCE: u64 = 8;
/// Between an arrival and its being noted, in microseconds.
const ABOUT: i64 = 1_000_000;

/// Looks through the mailbox, after deaths of the helper at these moments.
pub(super) fn check(truth: &Truth, mails: &[Value], deaths: &[i64]) -> Verdict {
    let mut verdict = Verdict::default();
    let mut copies: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    let mut receipts: BTreeMap<&str, &str> = BTreeMap::new();
    for mail in mails {
        let id = mail["message_id"].as_str().unwrap_or_default();
        verdict.check(!id.is_empty(), "G28: a mail has no Message-ID");
        copies.entry(id).or_default().push(mail["came_at"].as_i64().unwrap_or_default());
        let text = mail["text"].as_str().unwrap_or_default();
        if text.contains("We have received your payment") || text.contains("your subscription was renewed") {
            receipts.insert(id, text);
        }
    }
    let (expected, came) = (truth.payments_that("succeeded").len(), receipts.len());
    verdict.check(came == expected, format!("G28: {came} receipts for {expected} payments"));
    let again = again(&copies);
    for (id, first, second) in not_excused(&again, deaths) {
        let gap = (second - first) / 1_000;
        verdict.check(false, format!("G28: {id} came again after {gap} ms, and no death excuses it"));
    }
    verdict.count("mails", copies.len() as u64);
    verdict.count("mails that came again", again.len() as u64);
    verdict
}

/// Each arrival of a mail that had arrived before: its id, when it came before, and when again; the
/// earliest first.
fn again<'a>(copies: &BTreeMap<&'a str, Vec<i64>>) -> Vec<(&'a str, i64, i64)> {
    let mut again = Vec::new();
    for (id, came) in copies {
        let mut came = came.clone();
        came.sort_unstable();
        again.extend(came.windows(2).map(|pair| (*id, pair[0], pair[1])));
    }
    again.sort_unstable_by_key(|(_, _, second)| *second);
    again
}

/// Those that no death explains which lies between the two arrivals; each death explains so many at most.
fn not_excused<'a>(again: &[(&'a str, i64, i64)], deaths: &[i64]) -> Vec<(&'a str, i64, i64)> {
    let mut left: Vec<(i64, u64)> = deaths.iter().map(|death| (*death, AT_ONCE)).collect();
    left.sort_unstable();
    let mut unexcused = Vec::new();
    for (id, first, second) in again {
        let between = |death: i64| (first - ABOUT..=second + ABOUT).contains(&death);
        match left.iter_mut().find(|(death, left)| *left > 0 && between(*death)) {
            Some((_, left)) => *left -= 1,
            None => unexcused.push((*id, *first, *second)),
        }
    }
    unexcused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_excused_by_a_death_between_its_arrivals_and_by_no_other() {
        let second = 1_000_000;
        let copy = [("one", 10 * second, 40 * second)];
        for (death, excused) in [(8, false), (9, true), (10, true), (25, true), (41, true), (42, false)] {
            assert_eq!(not_excused(&copy, &[death * second]).is_empty(), excused, "{death}");
        }
        assert_eq!(not_excused(&copy, &[]).len(), 1);
        let many = [copy[0]; 9];
        assert_eq!(not_excused(&many, &[20 * second]).len(), 1, "eight are under way at once");
    }
}
