//! The provider's attempts to collect a failed renewal: whether it still tries. It may be told before
//! the subscription that it is about.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Source, Version};

/// How an attempt looks in one notice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DunningSeen {
    /// The provider's id of the subscription.
    pub subscription: String,
    /// Where it stands.
    pub state: DunningState,
}

/// Whether the provider still tries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DunningState {
    /// A state that this version does not know.
    Unknown,
    /// It tries.
    Recovering,
    /// It has given up.
    Exhausted,
    /// The money came in.
    Recovered,
}

/// The attempts of one subscription, as the newest word shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dunning {
    /// The newest observation whose state we know.
    pub seen: DunningSeen,
    /// How new it is.
    pub version: Version,
    /// When it was so, by the provider: microseconds.
    pub at: i64,
}

impl Dunning {
    /// An observation in a notice signed at `observed_at`.
    #[must_use]
    pub fn new(seen: DunningSeen, at: Option<Timestamp>, observed_at: Timestamp, source: Source) -> Self {
        let version = Version::new(observed_at, at, source, seen.state as u8);
        Self { at: at.unwrap_or(observed_at).as_microsecond(), version, seen }
    }

    /// Joins two observations: commutative, associative, idempotent.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        let weight = |dunning: &Self| {
            let known = dunning.seen.state != DunningState::Unknown;
            (known, dunning.at, dunning.version, dunning.seen.clone())
        };
        if weight(&self) >= weight(&other) { self } else { other }
    }

    /// Whether the provider has given up on a renewal that has been trouble since then.
    #[must_use]
    pub fn gave_up_since(&self, troubled_since: Timestamp) -> bool {
        self.seen.state == DunningState::Exhausted && self.at >= troubled_since.as_microsecond()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(state: DunningState, second: i64) -> Dunning {
        let at = Timestamp::from_second(second).unwrap();
        Dunning::new(DunningSeen { subscription: "sub_1".into(), state }, Some(at), at, Source::Webhook)
    }

    #[test]
    fn what_it_gave_up_last_time_is_no_word_about_this_time() {
        let gave_up = told(DunningState::Exhausted, 100);
        assert!(gave_up.gave_up_since(Timestamp::from_second(90).unwrap()));
        assert!(!gave_up.gave_up_since(Timestamp::from_second(110).unwrap()));
    }

    #[test]
    fn the_newest_known_word_counts_in_any_order() {
        let words =
            [told(DunningState::Recovering, 1), told(DunningState::Exhausted, 2), told(DunningState::Unknown, 3)];
        for turn in 0..3 {
            let mut words = words.clone();
            words.rotate_left(turn);
            assert_eq!(words.into_iter().reduce(Dunning::join).unwrap().seen.state, DunningState::Exhausted);
        }
    }
}
