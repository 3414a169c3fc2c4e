//! A subscription, as the provider told of it.

use serde::{Deserialize, Serialize};

use crate::listing::ListedCustomer;

/// A subscription.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// The provider's id.
    pub id: String,
    /// `pending`, `active`, `on_hold`, `past_due`, `paused`, `cancelled`, `failed`, `expired`, or one that
    /// is unknown here.
    pub status: String,
    /// The order that began it.
    pub checkout: Option<String>,
    /// Whose it is; `null` where it is no order of ours.
    pub customer: Option<ListedCustomer>,
    /// The catalog's price, where it is one of ours.
    pub price: Option<String>,
    /// The provider's product that is subscribed to.
    pub product: Option<String>,
    /// How many of it.
    pub quantity: i64,
    /// RFC 3339, UTC: until when it is paid.
    pub current_period_end: Option<String>,
    /// Whether it ends then.
    pub cancel_at_period_end: bool,
    /// RFC 3339, UTC: when it ends for good.
    pub expires_at: Option<String>,
    /// RFC 3339, UTC: when it was begun, by the provider.
    pub created_at: Option<String>,
    /// RFC 3339, UTC: when we last heard something new of it.
    pub changed_at: String,
}
