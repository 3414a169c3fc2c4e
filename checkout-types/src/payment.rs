//! A payment, as the provider told of it.

use serde::{Deserialize, Serialize};

use crate::listing::ListedCustomer;
use crate::money::Money;

/// A payment in a list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The provider's id.
    pub id: String,
    /// `waiting`, `processing`, `succeeded`, `failed`, `cancelled`, `partial`, or one that is unknown here.
    pub status: String,
    /// What it is for: `sale`, `renewal`, `plan_change`, `on_demand`, `card_update` or `other`.
    pub charge: String,
    /// What was (to be) paid.
    pub amount: Option<Money>,
    /// The order that it pays.
    pub checkout: Option<String>,
    /// Whose it is; `null` where it is no order of ours.
    pub customer: Option<ListedCustomer>,
    /// The subscriptions that it pays for.
    pub subscriptions: Vec<String>,
    /// The provider's reason for a failure.
    pub error_code: Option<String>,
    /// RFC 3339, UTC: by the provider.
    pub created_at: Option<String>,
}
