//! Lists, newest first, a page at a time; and who somebody is in them.

use serde::{Deserialize, Serialize};

/// A page of a list.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// Newest first.
    pub items: Vec<T>,
    /// Give it as `cursor` for what comes after these, with the same filters. `null` at the end.
    pub next_cursor: Option<String>,
}

/// Whose something is: the merchant's customer, or a guest who is known by one checkout alone.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedCustomer {
    /// The merchant's own id of the customer.
    pub reference: Option<String>,
    /// The checkout of somebody who was not signed in.
    pub checkout: Option<String>,
}

/// How many messages a replay put into the queue again.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replayed {
    /// Those that wait already are not counted.
    pub replayed: u64,
}
