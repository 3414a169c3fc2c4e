//! Money given back. It may be told before its payment; a refund that succeeded stays one until the
//! provider, asked, says otherwise (GUARANTEES, state machine 3).

use checkout_types::money::Money;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Source, Version};

/// How a refund looks in one notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundSeen {
    /// The provider's id.
    pub id: String,
    /// The payment that it gives back.
    pub payment: String,
    /// Where it stands.
    pub state: RefundState,
    /// How much; `None` where it does not parse.
    pub amount: Option<Money>,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RefundState {
    /// A state that this version does not know.
    Unknown,
    /// Under way, or looked at by a person.
    Pending,
    /// Did not go through.
    Failed,
    /// Given back.
    Succeeded,
}

/// A refund as its observations show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The observation that counts.
    pub seen: RefundSeen,
    /// How new it is.
    pub version: Version,
    source: Source,
}

impl Refund {
    /// An observation in a notice signed, or an answer given, at `observed_at`.
    #[must_use]
    pub fn new(seen: RefundSeen, at: Option<Timestamp>, observed_at: Timestamp, source: Source) -> Self {
        let version = Version::new(observed_at, at, source, seen.state as u8);
        Self { seen, version, source }
    }

    /// Joins two observations of one refund: commutative, associative, idempotent.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        if self.weight() >= other.weight() { self } else { other }
    }

    /// What ends a refund beats what is on its way, and a success is an end whoever tells it. A failure is
    /// one only where the provider, asked, says so: a webhook of it may be older than it looks. Of two ends
    /// the newer counts, such as money that the bank sent back; but a success whose amount cannot be read, which
    /// would count as a part, never one that can.
    fn weight(&self) -> impl Ord + use<> {
        let class = match (self.seen.state, self.source) {
            (RefundState::Succeeded, _) | (RefundState::Failed, Source::Refetch) => 2,
            (RefundState::Pending, _) | (RefundState::Failed, Source::Webhook) => 1,
            (RefundState::Unknown, _) => 0,
        };
        let money = self.seen.amount.map(|money| (money.amount, money.currency));
        let tells = self.seen.state != RefundState::Succeeded || money.is_some();
        (class, tells, self.version, self.seen.state, money, self.seen.payment.clone())
    }
}
