//! A payment that the buyer's bank asks back. Stages come one after the other; within a stage the
//! newest word counts (GUARANTEES, state machine 4).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Source, Version};

/// How a dispute looks in one notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DisputeSeen {
    /// The provider's id.
    pub id: String,
    /// The payment that is disputed.
    pub payment: String,
    /// How far it has gone.
    pub stage: DisputeStage,
    /// Where it stands.
    pub state: DisputeState,
    /// Settled by giving the money back before it became a dispute: counts as a refund.
    pub refunded: bool,
}

/// How far a dispute has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DisputeStage {
    /// A stage that this version does not know.
    Unknown,
    /// A question of the bank's.
    Inquiry,
    /// The money is taken back.
    Dispute,
    /// Asked again after it was decided.
    Arbitration,
}

impl DisputeStage {
    /// In our words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Inquiry => "inquiry",
            Self::Dispute => "dispute",
            Self::Arbitration => "arbitration",
        }
    }
}

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum DisputeState {
    /// A state that this version does not know.
    Unknown,
    /// Nothing is decided: opened, or answered by the merchant.
    Open,
    /// The money stays: won, cancelled, or the time ran out for the buyer.
    Kept,
    /// The money is gone: lost, or accepted.
    Lost,
}

/// A dispute as its observations show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispute {
    /// The observation that counts.
    pub seen: DisputeSeen,
    /// How new it is.
    pub version: Version,
}

impl Dispute {
    /// An observation in a notice signed, or an answer given, at `observed_at`.
    #[must_use]
    pub fn new(seen: DisputeSeen, at: Option<Timestamp>, observed_at: Timestamp, source: Source) -> Self {
        let version = Version::new(observed_at, at, source, seen.state as u8);
        Self { seen, version }
    }

    /// Joins two observations of one dispute: commutative, associative, idempotent.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        if self.weight() >= other.weight() { self } else { other }
    }

    fn weight(&self) -> impl Ord + use<> {
        let Self { seen: DisputeSeen { id: _, payment, stage, state, refunded }, version } = self;
        (*state != DisputeState::Unknown, *stage, *version, *state, *refunded, payment.clone())
    }
}
