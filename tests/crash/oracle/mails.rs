//! The mails that arrived: a receipt for each payment. SMTP has no idempotency, so one that was on its way
//! when the helper died may come again, with the same Message-ID (G28); these are counted by themselves.

use std::collections::BTreeMap;

use serde_json::Value;

use super::truth::Truth;
use crate::verdict::Verdict;

/// Mails under way at the same time (outbox/worker.rs).
const AT_ONCE: u64 = 8;

/// Looks through the mailbox, after so many deaths of the helper.
pub(super) fn check(truth: &Truth, mails: &[Value], deaths: u64) -> Verdict {
    let mut verdict = Verdict::default();
    let mut copies: BTreeMap<&str, u64> = BTreeMap::new();
    let mut receipts: BTreeMap<&str, &str> = BTreeMap::new();
    for mail in mails {
        let id = mail["message_id"].as_str().unwrap_or_default();
        verdict.check(!id.is_empty(), "a mail has no Message-ID");
        *copies.entry(id).or_default() += 1;
        let text = mail["text"].as_str().unwrap_or_default();
        if text.contains("We have received your payment") || text.contains("your subscription was renewed") {
            receipts.insert(id, text);
        }
    }
    let (expected, came) = (truth.payments_that("succeeded").len(), receipts.len());
    verdict.check(came == expected, format!("G28: {came} receipts for {expected} payments"));
    let again: u64 = copies.values().map(|copies| copies - 1).sum();
    let excused = deaths * AT_ONCE;
    verdict.check(again <= excused, format!("G28: {again} mails came again; {excused} may, after {deaths} deaths"));
    verdict.count("mails", copies.len() as u64);
    verdict.count("mails that came again", again);
    verdict
}
