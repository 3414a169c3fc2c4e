//! What clients saw, in three values: it was acknowledged, it was refused, or nobody can say. Each with the
//! moment at which it was meant to begin, at which it began, and at which its answer was there.

use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// What was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// A price.
    Quote,
    /// An order, by its key.
    Order,
    /// That a webhook of the provider's be taken; the key is its id and its body's hash.
    Webhook,
    /// Money back, by its key.
    Refund,
    /// Access given or blocked by hand; the key is the reason that the operator gave.
    Hand,
    /// What a customer may use; the key is the customer.
    Access,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// A 2xx: it is done, and stays done.
    Acknowledged,
    /// Another answer: it was not done.
    Refused,
    /// No answer, or one that says to come back: it may have been done.
    Unknown,
}

/// One request. Times are microseconds since the history began.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) what: What,
    pub(crate) key: String,
    pub(crate) intended: u64,
    pub(crate) invoked: u64,
    pub(crate) answered: u64,
    pub(crate) outcome: Outcome,
    /// The answer's, where there was one.
    pub(crate) status: Option<u16>,
    /// The answer's body, or why there was none.
    pub(crate) answer: String,
    /// What the gauge said when the answer was there.
    pub(crate) mark: u64,
}

type Gauge = dyn Fn() -> u64 + Send + Sync;

/// All of them, in the order of their answers. Clones share it.
#[derive(Clone)]
pub(crate) struct History {
    begun: Instant,
    gauge: Arc<Gauge>,
    entries: Arc<Mutex<Vec<Entry>>>,
}

impl Default for History {
    fn default() -> Self {
        Self::marked(|| 0)
    }
}

impl History {
    /// One that writes down beside each answer what a gauge says right after it came, such as how long
    /// the log of the disk is: whatever was acknowledged by then has to be in the log by then.
    pub(crate) fn marked(gauge: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self { begun: Instant::now(), gauge: Arc::new(gauge), entries: Arc::default() }
    }

    /// How far the gauge is, for whoever has an answer now.
    pub(crate) fn mark(&self) -> u64 {
        (self.gauge)()
    }

    /// Microseconds since it began.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Writes one down.
    pub(crate) fn record(&self, entry: Entry) {
        self.lock().push(entry);
    }

    /// All of them.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.lock().clone()
    }

    /// What was acknowledged, as far as `wanted`.
    pub(crate) fn acknowledged(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<Entry> {
        let entries = self.lock();
        let acknowledged = entries.iter().filter(|entry| entry.outcome == Outcome::Acknowledged);
        acknowledged.filter(|entry| wanted(entry)).cloned().collect()
    }

    /// What was acknowledged when the gauge stood no further than that.
    pub(crate) fn acknowledged_until(&self, mark: u64) -> Vec<Entry> {
        self.acknowledged(|entry| entry.mark <= mark)
    }

    /// Whether something of that kind was acknowledged after that moment of the history.
    pub(crate) fn acknowledged_since(&self, moment: u64, wanted: impl Fn(&Entry) -> bool) -> bool {
        let entries = self.lock();
        let newest = entries.iter().rev().take_while(|entry| entry.answered >= moment);
        newest.into_iter().any(|entry| entry.outcome == Outcome::Acknowledged && wanted(entry))
    }

    /// How many came to that.
    pub(crate) fn count(&self, what: What, outcome: Outcome) -> u64 {
        let is = |entry: &&Entry| entry.what == what && entry.outcome == outcome;
        self.lock().iter().filter(is).count() as u64
    }

    /// The time that so many percent of the acknowledged stay below, from when they were meant to begin.
    pub(crate) fn percentile(&self, what: What, percent: usize) -> Duration {
        self.percentile_of(what, percent, |_| true)
    }

    /// The same of those that are wanted.
    pub(crate) fn percentile_of(&self, what: What, percent: usize, wanted: impl Fn(&Entry) -> bool) -> Duration {
        let is = |entry: &&Entry| entry.what == what && entry.outcome == Outcome::Acknowledged && wanted(entry);
        let taken = |entry: &Entry| entry.answered.saturating_sub(entry.intended);
        let mut times: Vec<u64> = self.lock().iter().filter(is).map(taken).collect();
        times.sort_unstable();
        let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        Duration::from_micros(times.get(place).copied().unwrap_or_default())
    }

    /// Writes all of it to a file, a line of JSON each.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn save(&self, path: &Path) -> std::io::Result<()> {
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        for entry in self.lock().iter() {
            serde_json::to_writer(&mut file, entry)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
