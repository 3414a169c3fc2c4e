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

    /// The provider's own answers beat what it sent, whatever they say; among webhooks success is
    /// sticky and what is unknown never wins.
    fn weight(&self) -> impl Ord + use<> {
        let sticky = match (self.source, self.seen.state) {
            (Source::Refetch, _) => 3,
            (Source::Webhook, RefundState::Succeeded) => 2,
            (Source::Webhook, RefundState::Pending | RefundState::Failed) => 1,
            (Source::Webhook, RefundState::Unknown) => 0,
        };
        let money = self.seen.amount.map(|money| (money.amount, money.currency));
        (sticky, self.version, self.seen.state, money, self.seen.payment.clone())
    }
}
