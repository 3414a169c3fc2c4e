//! What a mail is about: an event, and all that a mail about it may say. Plain data; who remembers fills
//! it in, and what is decided by it stands in `occasion.rs` and `values.rs`.

use std::collections::BTreeMap;

use checkout_types::money::Money;
use jiff::Timestamp;
use serde_json::Value;

use crate::announcement::Kind;
use crate::checkout::Order;
use crate::customer::Contact;
use crate::entitlement::Entitlement;
use crate::standing::SubscriptionStanding;

/// Money that came in, or that should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charged {
    /// The provider's id.
    pub id: String,
    /// How much.
    pub money: Option<Money>,
    /// When, by the provider's clock.
    pub at: Option<Timestamp>,
    /// What for, see [`crate::event::payment::Charge::as_str`].
    pub charge: String,
}

/// What became of the mail about the cancellation that took access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cancellation {
    /// There is none, or it will not arrive: nobody was told.
    #[default]
    Untold,
    /// It is still to be brought.
    OnItsWay,
    /// It has arrived.
    Told,
}

/// An event, and all that a mail about it may say.
#[derive(Clone, Debug)]
pub struct Occurrence {
    /// `evt_…`
    pub event: String,
    /// What happened.
    pub kind: Kind,
    /// When, by our clock.
    pub at: Timestamp,
    /// What the customer could use before it: `entitlements` of the last event that changed them.
    pub access_before: Option<Value>,
    /// And with it.
    pub access_then: Option<Value>,
    /// And now.
    pub access_now: BTreeMap<String, Entitlement>,
    /// What happened to the same object since.
    pub since: Vec<Kind>,
    /// What became of the mail about a cancellation that went with it.
    pub cancellation: Cancellation,
    /// Whom to write to.
    pub contact: Option<Contact>,
    /// What was ordered.
    pub order: Option<Order>,
    /// The payment it is about, or the newest of its subscription.
    pub charge: Option<Charged>,
    /// The subscription it is about, by the provider's id, as it stands now.
    pub subscription: Option<(String, SubscriptionStanding)>,
}
