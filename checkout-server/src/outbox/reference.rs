//! docs/webhooks.md: what merchants are told, and how to take it. Its tables and its body are written from
//! the code, and a test compares.

use std::fmt::Write as _;
use std::time::Duration;

use super::schedule::WAITS;
use crate::announcement::Kind;

const BEFORE: &str = include_str!("reference/before.md");
const AFTER: &str = include_str!("reference/after.md");

/// The whole page.
#[must_use]
pub fn reference() -> String {
    let mut page = BEFORE.replace("{kinds}", &kinds());
    page.push_str(&AFTER.replace("{waits}", &waits()));
    page
}

fn kinds() -> String {
    let mut table = "| `type` | what happened | `data` |\n|---|---|---|\n".to_owned();
    for kind in Kind::ALL {
        let (what, data) = meaning(kind);
        let data = data.split_whitespace().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(table, "| `{}` | {what} | {} |", kind.as_str(), if data.is_empty() { "–" } else { &data });
    }
    table
}

fn waits() -> String {
    WAITS[1..].iter().map(|wait| in_words(*wait)).collect::<Vec<_>>().join(", ")
}

fn in_words(wait: Duration) -> String {
    match wait.as_secs() {
        seconds if seconds < 60 => format!("{seconds} s"),
        seconds if seconds < 3_600 => format!("{} min", seconds / 60),
        seconds => format!("{} h", seconds / 3_600),
    }
}

/// What happened, and what `data` shows.
fn meaning(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::CheckoutPaid => ("An order was paid as ordered.", "checkout"),
        Kind::CheckoutNeedsReview => ("An order was paid, but not as ordered: a person has to look.", "checkout"),
        Kind::CheckoutPaidTwice => ("An order was paid a second time: give one payment back.", "checkout"),
        Kind::PaymentSucceeded => ("Money came in: a sale, a renewal, a change of plan.", "payment"),
        Kind::PaymentFailed => ("A payment did not go through.", "payment"),
        Kind::PaymentRefunded => ("Money was given back, all or a part of it.", "refund payment"),
        Kind::DisputeOpened => ("The buyer's bank asks money back.", "dispute payment"),
        Kind::DisputeWon => ("The bank has decided: the money stays.", "dispute payment"),
        Kind::DisputeLost => ("The bank has decided: the money is gone.", "dispute payment"),
        Kind::SubscriptionStarted => ("A subscription runs.", "subscription"),
        Kind::SubscriptionRenewed => ("It was paid for another period.", "subscription"),
        Kind::SubscriptionPastDue => ("Its renewal failed.", "subscription"),
        Kind::SubscriptionRecovered => ("A failed renewal was made good.", "subscription"),
        Kind::SubscriptionPaused => ("It was paused.", "subscription"),
        Kind::SubscriptionResumed => ("It goes on after a pause.", "subscription"),
        Kind::SubscriptionChanged => ("Its plan, quantity or add-ons are others now.", "subscription"),
        Kind::SubscriptionCanceled => ("It will end with its period, or has ended before it.", "subscription"),
        Kind::SubscriptionUncanceled => ("The cancellation was taken back.", "subscription"),
        Kind::SubscriptionEnded => ("It is over.", "subscription"),
        Kind::TrialEnding => ("Its trial ends in three days.", "subscription"),
        Kind::EntitlementsChanged => ("What the customer may use is no longer what it was.", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_event_and_every_wait() {
        let page = reference();
        assert!(Kind::ALL.into_iter().all(|kind| page.contains(&format!("| `{}` |", kind.as_str()))));
        assert!(page.contains("5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h"));
        assert!(!page.contains("{kinds}") && !page.contains("{waits}"));
    }
}
