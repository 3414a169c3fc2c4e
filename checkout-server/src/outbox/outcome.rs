//! A message that is to be sent, and how a try of it ended. Pure.

use std::time::Duration;

use crate::customer::CustomerKey;

use super::Channel;

/// A message that is to be sent now. It does not print itself: its data is the buyer's.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Its place in the outbox.
    pub seq: i64,
    /// `msg_…`: the same on every try.
    pub id: String,
    /// `evt_…`
    pub event: String,
    /// The event's name, such as `subscription.renewed`.
    pub kind: String,
    /// How it travels.
    pub channel: Channel,
    /// The endpoint's id, or the mail's template.
    pub target: String,
    /// Whose event it is, as [`CustomerKey::stored`] writes it.
    pub customer: String,
    /// Gap-free for each endpoint and customer; none for mails.
    pub sequence: Option<i64>,
    /// How many tries have failed before.
    pub attempts: u32,
    /// The event's whole body as JSON, but for its `sequence`.
    pub data: String,
}

impl Message {
    /// Whose event it is.
    #[must_use]
    pub fn customer_key(&self) -> Option<CustomerKey> {
        CustomerKey::from_store(&self.customer)
    }
}

/// How a try ended. Texts say what happened in our own words: never an address, a body or a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has arrived.
    Delivered {
        /// What was answered: of HTTP or of SMTP.
        status: Option<u16>,
    },
    /// It has not; later it may.
    Retry {
        /// How long the other side asked us to wait.
        after: Option<Duration>,
        /// What was answered, if anything.
        status: Option<u16>,
        /// Why.
        error: String,
    },
    /// It will not, until a person has looked at it.
    Park {
        /// What was answered, if anything.
        status: Option<u16>,
        /// Why.
        error: String,
    },
    /// It is no longer to be sent, such as a mail that a recovery has overtaken.
    Cancel {
        /// Why.
        why: String,
    },
    /// The endpoint says that it is gone for good (410): nothing more is sent there.
    Gone,
}
