//! What happened lately, for the panel: a bounded list in memory. It never holds bodies, secrets
//! or anything about a buyer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use checkout_types::{CheckoutStatus, Money};
use jiff::Timestamp;
use serde::Serialize;

use crate::clock::{Clock, rfc3339};

/// How many entries are kept; a purchase makes about twenty.
const MOST_ENTRIES: usize = 300;

/// The recent past of one demo. Clones share it.
#[derive(Clone)]
pub struct Activity {
    clock: Clock,
    kept: Arc<Mutex<Kept>>,
}

#[derive(Default)]
struct Kept {
    last: u64,
    entries: VecDeque<Numbered>,
}

/// One thing that happened, in words for a newcomer.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When, by the demo's clock.
    pub at: Timestamp,
    /// Who did it, or was asked.
    pub who: Who,
    /// One short sentence.
    pub text: String,
    /// How it ended, such as `200`, `409 price_changed`, `accepted` or `paid`.
    pub status: Option<String>,
    /// Small print, such as how long it took.
    pub detail: Option<String>,
}

/// The parts that a newcomer tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Our server: prices, checkouts, webhooks in.
    Helper,
    /// The pretend payment provider.
    Sandbox,
    /// A signed message from the provider to the helper.
    Webhook,
    /// An order changed its state.
    Checkout,
    /// The merchant's own server: here the shop, when the helper tells it something.
    Shop,
}

/// An entry as the panel reads it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Numbered {
    /// Counted from 1, without gaps.
    pub(super) seq: u64,
    at: String,
    who: Who,
    pub(super) text: String,
    status: Option<String>,
    detail: Option<String>,
}

/// The answer to `GET /activity`.
#[derive(Debug, Serialize)]
pub(super) struct News {
    /// What to ask for next time as `after`.
    pub(super) last: u64,
    /// Oldest first.
    pub(super) entries: Vec<Numbered>,
}

impl Activity {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        Self { clock, kept: Arc::default() }
    }

    /// What time it is in the demo.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Adds an entry; the oldest goes where there is no more room.
    pub fn record(&self, entry: Entry) {
        let Entry { at, who, text, status, detail } = entry;
        let mut kept = self.kept();
        kept.last += 1;
        let numbered = Numbered { seq: kept.last, at: rfc3339(at), who, text, status, detail };
        kept.entries.push_back(numbered);
        if kept.entries.len() > MOST_ENTRIES {
            kept.entries.pop_front();
        }
    }

    /// Adds that a checkout changed its state.
    pub fn record_checkout(&self, status: CheckoutStatus, total: Money) {
        let text = match status {
            CheckoutStatus::Open => format!("A checkout over {total} was opened: nothing is paid yet"),
            CheckoutStatus::Processing => "The buyer has paid; the checkout waits for the bank's word".to_owned(),
            CheckoutStatus::Paid => format!("{total} is paid: a signed webhook said so, and it was stored first"),
            CheckoutStatus::Fulfilled => "The buyer now has what was bought".to_owned(),
            CheckoutStatus::Failed => "The payment did not go through; the buyer can try again".to_owned(),
            CheckoutStatus::Canceled => "The buyer gave up".to_owned(),
            CheckoutStatus::Expired => "The payment page has expired".to_owned(),
            CheckoutStatus::NeedsReview => {
                "Something does not add up: a person has to look, no access is given".to_owned()
            }
        };
        let status = Some(status.as_str().to_owned());
        self.record(Entry { at: self.now(), who: Who::Checkout, text, status, detail: None });
    }

    /// What was added after that number. A number from before a restart gives everything.
    pub(super) fn since(&self, after: u64) -> News {
        let kept = self.kept();
        let after = if after > kept.last { 0 } else { after };
        News { last: kept.last, entries: kept.entries.iter().filter(|entry| entry.seq > after).cloned().collect() }
    }

    /// The list is whole even if someone panicked while holding it: entries go in one by one.
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
