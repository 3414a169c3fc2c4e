//! A subscription: the newest observation of it, and what only ever grows: the newest period that
//! it was paid for, and since when each unpaid period has been trouble. The provider's object has no
//! time of change of its own, so observations are ordered by when they were signed; what has ended
//! goes on only when the provider says so on asking (GUARANTEES, state machine 5).

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Source, Version, least};

/// How a subscription looks in one notice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SubscriptionSeen {
    /// The provider's id.
    pub id: String,
    /// Our checkout, from the metadata we sent along.
    pub checkout: Option<String>,
    /// Who it belongs to, in the merchant's words, from the same place.
    pub reference: Option<String>,
    /// The provider's customer.
    pub customer: Option<String>,
    /// Where it stands.
    pub state: SubscriptionState,
    /// The provider's product that is subscribed to now.
    pub product: Option<String>,
    /// How many of it: seats.
    pub quantity: i64,
    /// The provider's add-ons, and how many of each.
    pub addons: Vec<(String, i64)>,
    /// When it was begun.
    pub created_at: Option<Timestamp>,
    /// What is paid for: from the last billing to the next. A renewal without one extends nothing.
    pub period: Option<Period>,
    /// Whether it ends when the period does.
    pub ends_with_period: bool,
    /// When it ends for good, whatever is paid.
    pub expires_at: Option<Timestamp>,
    /// Since when it has been paused.
    pub paused_at: Option<Timestamp>,
    /// Until when the provider itself goes on after a failed renewal.
    pub past_due_ends_at: Option<Timestamp>,
    /// Days before the first charge.
    pub trial_days: i64,
}

/// A service period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Period {
    /// From here…
    pub start: Timestamp,
    /// …to here: the next billing.
    pub end: Timestamp,
}

/// Where a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum SubscriptionState {
    /// Made, and nothing paid yet.
    Pending,
    /// Running; also a trial.
    Active,
    /// A renewal failed and the provider has stopped trying, or tries in the background.
    OnHold,
    /// A renewal failed within the provider's own time of grace.
    PastDue,
    /// Stopped for a while, on purpose.
    Paused,
    /// Ended before its time.
    Cancelled,
    /// Never came about: the mandate failed.
    Failed,
    /// Ended as agreed.
    Expired,
    /// A state that this version does not know. Never widens anything (G17).
    Unknown(String),
}

const UNKNOWN: &str = "unknown:";

impl SubscriptionState {
    /// As in the store.
    #[must_use]
    pub fn as_str(&self) -> Cow<'_, str> {
        Cow::Borrowed(match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::OnHold => "on_hold",
            Self::PastDue => "past_due",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Unknown(text) => return Cow::Owned(format!("{UNKNOWN}{text}")),
        })
    }

    /// As it was put into the store.
    #[must_use]
    pub fn from_store(text: &str) -> Self {
        match text {
            "pending" => Self::Pending,
            "active" => Self::Active,
            "on_hold" => Self::OnHold,
            "past_due" => Self::PastDue,
            "paused" => Self::Paused,
            "cancelled" => Self::Cancelled,
            "failed" => Self::Failed,
            "expired" => Self::Expired,
            other => Self::Unknown(other.strip_prefix(UNKNOWN).unwrap_or(other).to_owned()),
        }
    }

    fn is_known(&self) -> bool {
        !matches!(self, Self::Unknown(_))
    }

    /// Whether it is over, and no delivery opens it again. After a cancellation a buyer may come back.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        matches!(self, Self::Expired | Self::Failed)
    }

    /// Of two states of one second the one that gives less is believed until we have asked.
    fn rank(&self) -> u8 {
        match self {
            Self::Unknown(_) => 0,
            Self::Pending => 1,
            Self::Active => 2,
            Self::Paused => 3,
            Self::PastDue => 4,
            Self::OnHold => 5,
            Self::Cancelled => 6,
            Self::Failed => 7,
            Self::Expired => 8,
        }
    }
}

/// A subscription as its observations show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The newest observation whose state we know, or else the newest.
    pub seen: SubscriptionSeen,
    /// How new it is.
    pub version: Version,
    /// The newest service period that an observation named, those of a subscription that ran before
    /// others: a bill that was not paid moves the dates too.
    pub period: Option<((bool, Version), Period)>,
    /// The newest one that was named when it did not run: it counts where a payment proves it.
    pub unproven: Option<(Version, Period)>,
    /// For each period's end (microseconds), since when (microseconds) its renewal has been trouble.
    pub trouble: BTreeMap<i64, i64>,
    /// Whether two observations of one moment contradict each other: the provider has to be asked.
    pub contested: bool,
    /// How new the provider's newest answer to a question of ours is: older deliveries count no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Version>,
    /// Of one that has ended, the newest delivery that would have it go on. It counts once an answer of
    /// the provider takes the end back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<Box<Word>>,
}

/// What one observation says, but for whose the subscription is, which is joined by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Word {
    seen: SubscriptionSeen,
    version: Version,
    contested: bool,
}

impl Subscription {
    /// An observation in a notice signed, or an answer given, at `observed_at`.
    #[must_use]
    pub fn new(seen: SubscriptionSeen, at: Option<Timestamp>, observed_at: Timestamp, source: Source) -> Self {
        let version = Version::new(observed_at, at, source, seen.state.rank());
        let runs = matches!(seen.state, SubscriptionState::Active | SubscriptionState::Paused);
        // What a state means that we do not know, its dates do not say either (G17).
        let known = seen.state.is_known();
        let period = seen.period.filter(|_| known).map(|period| ((runs, version), period));
        let unproven = seen.period.filter(|_| known && !runs).map(|period| (version, period));
        let troubled = matches!(seen.state, SubscriptionState::OnHold | SubscriptionState::PastDue);
        let due = seen.period.map_or(0, |period| period.end.as_microsecond());
        // When it happened, not when it was sent: a delivery may be a day late.
        let since = at.unwrap_or(observed_at).as_microsecond();
        let trouble = troubled.then_some((due, since)).into_iter().collect();
        let answered = Some(version).filter(|_| known && source == Source::Refetch);
        Self { seen, version, period, unproven, trouble, contested: false, answered, passed_over: None }
    }

    /// Joins two observations of one subscription: commutative, associative, idempotent.
    #[must_use]
    pub fn join(mut self, mut other: Self) -> Self {
        // Whose it is only becomes known, never unknown.
        let checkout = least(self.seen.checkout.take(), other.seen.checkout.take());
        let reference = least(self.seen.reference.take(), other.seen.reference.take());
        let customer = least(self.seen.customer.take(), other.seen.customer.take());
        let (period, unproven) = (self.period.max(other.period), self.unproven.max(other.unproven));
        let answered = self.answered.max(other.answered);
        let mut trouble = std::mem::take(&mut self.trouble);
        for (due, since) in std::mem::take(&mut other.trouble) {
            trouble.entry(due).and_modify(|known| *known = since.min(*known)).or_insert(since);
        }
        let (ours, theirs) = (self.passed_over.take(), other.passed_over.take());
        let others = [Some(other.word()), ours.map(|word| *word), theirs.map(|word| *word)];
        let (word, passed_over) = decide(self.word(), others.into_iter().flatten().collect(), answered);
        let Word { mut seen, version, contested } = word;
        (seen.checkout, seen.reference, seen.customer) = (checkout, reference, customer);
        let passed_over = passed_over.map(Box::new);
        Self { seen, version, period, unproven, trouble, contested, answered, passed_over }
    }

    fn word(self) -> Word {
        let Self { seen, version, contested, .. } = self;
        Word { seen, version, contested }
    }

    /// The service period that counts: what a delivery names that is passed over does not.
    #[must_use]
    pub fn present(&self) -> Option<((bool, Version), Period)> {
        let own = self.seen.period.filter(|_| self.passed_over.is_some());
        own.map(|period| ((false, self.version), period)).or(self.period)
    }

    /// Since when the renewal of the present period has been trouble.
    #[must_use]
    pub fn troubled_since(&self) -> Option<Timestamp> {
        let due = self.period.map_or(0, |(_, period)| period.end.as_microsecond());
        let since = self.trouble.get(&due).or_else(|| self.trouble.values().next_back())?;
        Timestamp::from_microsecond(*since).ok()
    }
}

/// Of all that is said, what counts, and what is passed over. From the provider's newest answer on, an
/// end is final: a delivery that would open again what has ended is not taken at its word.
fn decide(word: Word, others: Vec<Word>, answered: Option<Version>) -> (Word, Option<Word>) {
    let all = || others.iter().chain([&word]);
    let going = all().any(|word| word.seen.state.has_ended()).then(|| {
        let going = all().filter(|word| word.weight(answered) == Weight::Going).cloned();
        going.reduce(|one, other| one.newer(other, answered))
    });
    let word = others.into_iter().fold(word, |one, other| one.newer(other, answered));
    let passed_over = going.flatten().filter(|going| word.seen.state.has_ended() && going.version > word.version);
    (word, passed_over)
}

/// What counts before age does.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// What we do not understand, and what the provider's answer has overtaken.
    Nothing,
    Going,
    Ended,
}

impl Word {
    fn weight(&self, answered: Option<Version>) -> Weight {
        let past = answered.is_some_and(|at| self.version < at && !self.version.is_tied_with(at));
        match &self.seen.state {
            state if past || !state.is_known() => Weight::Nothing,
            state if state.has_ended() => Weight::Ended,
            _ => Weight::Going,
        }
    }

    fn newer(self, other: Self, answered: Option<Version>) -> Self {
        let (ours, theirs) = (self.weight(answered), other.weight(answered));
        let tied = ours == theirs && self.version.is_tied_with(other.version);
        let contested = tied && (self.contested || other.contested || self.seen != other.seen);
        // Total: the content decides between observations of one moment, so that arrival does not.
        let is_newer = (ours, self.version, &self.seen) >= (theirs, other.version, &other.seen);
        let mut newer = if is_newer { self } else { other };
        newer.contested |= contested;
        newer
    }
}

#[cfg(test)]
mod tests;
