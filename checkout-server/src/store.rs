//! What is remembered, as verbs. Each is one transaction; each that writes is answered after its
//! commit (G1, G2). Below: `verbs.rs` says what can be asked, `fold.rs` what a delivery does,
//! `rows.rs` how it is written, and `sqlite.rs` how SQLite is made to keep its promises.

use checkout_types::CheckoutStatus;
use checkout_types::money::Money;
use jiff::Timestamp;

use crate::announcement::Kind;
use crate::checkout::Order;
use crate::customer::{Contact, CustomerKey};
use crate::error::{Code, Problem};
use crate::event::{Notice, Source};
use crate::keys::AddressKey;
use crate::standing::{News, Standing};

mod access;
mod account;
pub mod backup;
mod by_hand;
mod claims;
mod contacts;
mod earlier;
mod fold;
mod folder;
mod inbox;
pub mod intents;
pub mod lists;
mod mails;
mod migration;
mod objects;
mod outbox;
mod passing;
mod projection;
mod rebuild;
mod recent;
mod record;
pub mod refetches;
mod renewals;
mod rows;
mod rules;
mod selling;
mod sqlite;
pub mod sweep;
mod verbs;
mod waits;

pub use access::StoredAccess;
pub use by_hand::{KeptByHand, Signed};
pub use earlier::fold_earlier_in;
pub use folder::{Hold, hold as hold_folder, prepare as prepare_folder};
pub use outbox::{Depth, Done, IN_LINE, Place, Replay, Room, Turn, Turned};
pub use rebuild::{Reader, Verified, verify};
pub use rules::Rules;
pub use sqlite::Store;

/// A checkout as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCheckout {
    /// `co_…`
    pub id: String,
    /// Keyed hash of the request that made it.
    pub fingerprint: Vec<u8>,
    /// How often the session's creation was sent.
    pub sends: u32,
    /// What was ordered.
    pub order: Order,
    /// Whom the merchant's server said the buyer is, in the merchant's own words.
    pub customer_reference: Option<String>,
    /// Whose it is: that reference, the one that claimed it later, or a guest.
    pub customer: CustomerKey,
    /// The provider's session and its address, once known.
    pub session: Option<StoredSession>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its payment page stops working.
    pub expires_at: Timestamp,
    /// The fold of its payments, see [`crate::checkout::status_at`] for what to show.
    pub status: CheckoutStatus,
    /// The provider's reason for the last failure.
    pub error_code: Option<String>,
    /// Whose budgets it counts for.
    pub buyer: Option<AddressKey>,
    /// How many of its payments have failed.
    pub failures: u32,
}

/// The provider's session of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// The provider's id.
    pub id: String,
    /// Where it is paid.
    pub url: String,
}

/// A key to be claimed, with the order it is for.
#[derive(Clone, Debug)]
pub struct Claim {
    /// `co_…`
    pub id: String,
    /// Keyed hash of the Idempotency-Key.
    pub key_hash: [u8; 32],
    /// Keyed hash of the request's body.
    pub fingerprint: [u8; 32],
    /// What is ordered.
    pub order: Order,
    /// Whom the merchant's server said the buyer is.
    pub customer_reference: Option<String>,
    /// Whom its mails go to.
    pub contact: Contact,
    /// The expired checkout that this one replaces.
    pub renews: Option<String>,
    /// Whose budgets it counts for.
    pub buyer: Option<AddressKey>,
    /// Now.
    pub created_at: Timestamp,
    /// When its payment page will stop working.
    pub expires_at: Timestamp,
}

/// A verified delivery, to be kept whatever it says.
#[derive(Clone)]
pub struct Delivery {
    /// `dodo`.
    pub provider: &'static str,
    /// The same on every repeat.
    pub webhook_id: String,
    /// When it was signed.
    pub observed_at: Timestamp,
    /// Now.
    pub received_at: Timestamp,
    /// As it came.
    pub body: Vec<u8>,
    /// What it says, where we can read it.
    pub notice: Option<Notice>,
}

/// What a delivery did.
#[derive(Clone, Debug)]
pub enum Accepted {
    /// It was known already; nothing changed.
    Repeat,
    /// It was new.
    Stored(Effects),
}

/// The provider's answer to a question of ours, to be kept like a delivery.
#[derive(Clone)]
pub struct Answered {
    /// `dodo`.
    pub provider: &'static str,
    /// What it is about: `payment`, `subscription`, `refund` or `dispute`.
    pub kind: &'static str,
    /// As it came.
    pub body: Vec<u8>,
    /// What it says.
    pub notice: Notice,
    /// When we asked, by the shop's clock.
    pub asked_at: Timestamp,
    /// The same by the wall's: comparable with when webhooks were signed, so in whole seconds.
    pub observed_at: Timestamp,
}

/// A notice that could not be folded when it came.
#[derive(Clone)]
pub struct Stuck {
    /// Its place in the inbox.
    pub seq: i64,
    /// Its type, or what it is about.
    pub kind: String,
    /// Whether the provider sent it, or answered it.
    pub source: Source,
    /// As it came.
    pub body: Vec<u8>,
    /// When it was signed, or when we asked.
    pub observed_at: Timestamp,
    /// When we asked, by the shop's clock.
    pub asked_at: Option<Timestamp>,
    /// Both of the last time, where the same was answered again.
    pub again: Option<(Timestamp, Option<Timestamp>)>,
}

/// What a new observation changed.
#[derive(Clone, Debug, Default)]
pub struct Effects {
    /// The checkouts that stand elsewhere now.
    pub changes: Vec<Change>,
    /// Whether it is about a payment that belongs to no order of ours.
    pub unclaimed: Option<Unclaimed>,
    /// Why it could not be folded, where it could not: it is kept and can be folded later.
    pub stuck: Option<StoreError>,
    /// What is told of it, once it is committed.
    pub told: Vec<Told>,
    /// Why the provider is to be asked, where it is.
    pub asked: Vec<&'static str>,
}

impl Effects {
    /// Both together.
    fn add(&mut self, more: Self) {
        let Self { changes, unclaimed, stuck, told, asked } = more;
        self.changes.extend(changes);
        self.unclaimed = self.unclaimed.take().or(unclaimed);
        self.stuck = self.stuck.take().or(stuck);
        self.told.extend(told);
        self.asked.extend(asked);
    }
}

/// A payment that belongs to no order of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unclaimed {
    /// The provider's id of it.
    pub payment: String,
    /// The order that a sale names in our way, in its metadata: then somebody should look.
    pub order: Option<String>,
}

/// A piece of news that was written down, for metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// What.
    pub kind: Kind,
    /// The money that came in or went back with it.
    pub money: Option<Money>,
    /// What the payment was for, where it is about one.
    pub charge: Option<String>,
}

impl Told {
    fn new(news: &News, standing: &Standing) -> Self {
        let payment = standing.payments.get(&news.object);
        let money = match news.kind {
            Kind::PaymentSucceeded => payment.and_then(|payment| payment.amount),
            Kind::PaymentRefunded => standing.refunds.get(&news.cause).and_then(|refund| refund.amount),
            _ => None,
        };
        Self { kind: news.kind, money, charge: payment.map(|payment| payment.charge.clone()) }
    }
}

/// A checkout that a delivery changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// `co_…`
    pub checkout: String,
    /// Where it stands now.
    pub status: CheckoutStatus,
    /// Whether it has been paid twice (G7).
    pub paid_twice: bool,
    /// Whose budgets it counts for.
    pub buyer: Option<AddressKey>,
    /// Whether it was this that paid it.
    pub newly_paid: bool,
    /// How many failed payments of it this told of.
    pub newly_failed: u32,
}

/// An order of the last hours, as far as budgets are concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecentOrder {
    /// Whose budgets it counts for.
    pub buyer: AddressKey,
    /// When it was made.
    pub created_at: Timestamp,
    /// How many of its payments have failed.
    pub failures: u32,
    /// When it last changed: no failure was later.
    pub changed_at: Timestamp,
    /// Whether it was paid.
    pub paid: bool,
}

/// Why something could not be remembered or recalled.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused or failed; nothing was changed.
    #[error("the database failed: {0}")]
    Unavailable(String),
    /// A row holds what it never should.
    #[error("impossible row {id} in {table}: {column}")]
    Impossible {
        /// Where.
        table: &'static str,
        /// Which.
        id: String,
        /// What.
        column: &'static str,
    },
    /// A newer release wrote the database.
    #[error(
        "a newer release wrote this database (its tables are of version {found}, and this release knows {known}): \
         start that release, or restore a backup that this one can read"
    )]
    Newer {
        /// The version of its tables.
        found: i32,
        /// The newest that we know.
        known: i32,
    },
    /// A copy is not what it should be.
    #[error("the copy is damaged: {0}")]
    Damaged(String),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "the store failed");
        match error {
            StoreError::Unavailable(_) => Self::from(Code::StorageUnavailable).after(1),
            StoreError::Impossible { .. } | StoreError::Newer { .. } | StoreError::Damaged(_) => Code::Internal.into(),
        }
    }
}

#[cfg(test)]
mod tests;
