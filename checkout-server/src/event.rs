//! What a provider tells us, in our own words: a notice is a hint that something happened and an
//! observation of how an object is. Observations are ordered, notices are not (G15). One file for
//! each kind of object says how two observations of it are joined.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub mod dispute;
pub mod dunning;
pub mod payment;
pub mod refund;
pub mod subscription;

pub use dispute::{Dispute, DisputeSeen};
pub use dunning::{Dunning, DunningSeen};
pub use payment::{Payment, PaymentSeen, PaymentState};
pub use refund::{Refund, RefundSeen, RefundState};
pub use subscription::{Subscription, SubscriptionSeen, SubscriptionState};

/// One webhook, or one answer to a question of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The provider's name for what happened, such as `payment.succeeded`; kept even if unknown.
    pub kind: String,
    /// When it happened, by the provider.
    pub at: Option<Timestamp>,
    /// The object that it shows.
    pub seen: Seen,
}

/// The object that a notice shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A payment.
    Payment(PaymentSeen),
    /// A subscription.
    Subscription(SubscriptionSeen),
    /// Money given back.
    Refund(RefundSeen),
    /// A payment that the buyer's bank asks back.
    Dispute(DisputeSeen),
    /// Whether the provider still tries to collect a failed renewal.
    Dunning(DunningSeen),
    /// An object in a notice of a kind that this version does not know: reason to ask for the object,
    /// and no word about it (G17).
    Hint {
        /// `payment`, `subscription`, `refund` or `dispute`.
        kind: &'static str,
        /// The provider's id.
        id: String,
    },
    /// Something that changes no access by itself: kept and counted.
    Other,
}

impl Seen {
    /// The provider's id of what it shows.
    #[must_use]
    pub fn object(&self) -> Option<&str> {
        match self {
            Self::Payment(PaymentSeen { id, .. })
            | Self::Subscription(SubscriptionSeen { id, .. })
            | Self::Refund(RefundSeen { id, .. })
            | Self::Dispute(DisputeSeen { id, .. })
            | Self::Dunning(DunningSeen { subscription: id, .. })
            | Self::Hint { id, .. } => Some(id),
            Self::Other => None,
        }
    }
}

/// Where an observation comes from: of two of one moment, our own question counts more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Source {
    /// A signed delivery.
    Webhook,
    /// The provider's answer to our question.
    Refetch,
}

/// How new an observation is: compared field by field, so that any order of arrival gives one
/// newest. The rank breaks ties between two observations of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Version {
    /// Microseconds: the object's own change, or else when its state was signed.
    pub changed: i64,
    /// Microseconds: when the event happened.
    pub event: i64,
    rank: u8,
}

impl Version {
    /// The version of an object that changed at `changed` (its own word, or else when it was signed or
    /// asked for), in a notice about something that happened at `event`. `rank` orders the states
    /// of one moment, and is less than 16.
    #[must_use]
    pub fn new(changed: Timestamp, event: Option<Timestamp>, source: Source, rank: u8) -> Self {
        let source = match source {
            Source::Webhook => 0,
            Source::Refetch => 16,
        };
        Self {
            changed: changed.as_microsecond(),
            event: event.map_or(0, Timestamp::as_microsecond),
            rank: source + rank.min(15),
        }
    }

    /// Whether both speak of one moment, so that their order is a guess.
    #[must_use]
    pub fn is_tied_with(self, other: Self) -> bool {
        (self.changed, self.event, self.rank / 16) == (other.changed, other.event, other.rank / 16)
    }

    /// For the store: three integers.
    #[must_use]
    pub fn parts(self) -> (i64, i64, u8) {
        (self.changed, self.event, self.rank)
    }

    /// From the store.
    #[must_use]
    pub fn from_parts(changed: i64, event: i64, rank: u8) -> Self {
        Self { changed, event, rank }
    }
}

/// The lesser of two names, if there is any: which one is a matter of agreement, not of order.
fn least<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}
