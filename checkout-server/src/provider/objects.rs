//! The provider's objects, asked for again: one by one in full, or in pages to compare with; and the one
//! call that moves money.

use checkout_types::money::Money;
use jiff::Timestamp;

use crate::event::{Notice, Seen};

/// What can be asked for again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Money that came, or did not.
    Payment,
    /// A subscription.
    Subscription,
    /// Money given back.
    Refund,
    /// A payment that the buyer's bank asks back.
    Dispute,
}

impl Kind {
    /// All of them, in the order in which they are best understood: payments say whose the others are.
    pub const ALL: [Self; 4] = [Self::Payment, Self::Subscription, Self::Refund, Self::Dispute];

    /// As in the store, and as a notice's kind.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::Subscription => "subscription",
            Self::Refund => "refund",
            Self::Dispute => "dispute",
        }
    }

    /// As it was put into the store.
    #[must_use]
    pub fn from_store(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// An object of the provider's as it answered: the bytes for the inbox, and what they say. Not to be
/// printed: it holds personal data.
#[derive(Clone)]
pub struct Observed {
    /// As it came.
    pub body: Vec<u8>,
    /// What it says.
    pub notice: Notice,
}

/// Which page of which list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listing {
    /// Of what.
    pub kind: Kind,
    /// Only what was made then or later; `None` for all.
    pub since: Option<Timestamp>,
    /// Counted from 0.
    pub page: u32,
}

/// A page of a list.
#[derive(Debug)]
pub struct Page {
    /// What it shows. Rows leave out some of an object's fields (dodo/README 2.2).
    pub rows: Vec<Row>,
    /// Rows that we could not read.
    pub unreadable: u64,
    /// Whether it is past the end. A short page is not: how long a page is, is the provider's affair.
    pub is_empty: bool,
}

/// A row of a list.
#[derive(Debug)]
pub struct Row {
    /// The provider's id.
    pub id: String,
    /// What it shows.
    pub seen: Seen,
}

/// Money to be given back.
#[derive(Clone, Debug)]
pub struct NewRefund<'a> {
    /// Our id of it, which travels in the refund's metadata: by it a lost answer is found again.
    pub intent: &'a str,
    /// The provider's id of the payment.
    pub payment: &'a str,
    /// How much of it; `None` for all that is left of it.
    pub amount: Option<Money>,
    /// For the provider's dashboard and the buyer's mail.
    pub reason: Option<&'a str>,
    /// When it was planned: it cannot have been made before.
    pub planned_at: Timestamp,
}
