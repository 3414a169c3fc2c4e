//! What happened, as it was told to the merchant's endpoints and by mail.

use serde::{Deserialize, Serialize};

use crate::listing::ListedCustomer;

/// An event in a list. What it says of people is shown with the event alone.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// `evt_…`
    pub id: String,
    /// Such as `subscription.renewed`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whom it is about.
    pub customer: ListedCustomer,
    /// The checkout, payment, subscription or other object that it is about.
    pub object: String,
    /// RFC 3339, UTC.
    pub created_at: String,
}
