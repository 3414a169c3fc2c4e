//! What a customer may use: what a merchant's own server reads, and what is told with every event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// `GET /v1/customers/{reference}/entitlements`, for the merchant's own server.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlements {
    /// The merchant's own id of the customer.
    pub reference: String,
    /// Grows with each change of what this customer may use; 0 for one who never had anything.
    pub version: i64,
    /// RFC 3339, UTC: the time that all of this is said of.
    pub as_of: String,
    /// Every name that the catalog knows, and what was given by hand beside them; by name.
    pub items: Vec<Entitlement>,
}

/// What a customer may use of one thing.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entitlement {
    /// As in the catalog's `grants`, such as `pro`.
    pub name: String,
    /// Whether it may be used: with `active` and `grace` it may.
    pub state: EntitlementState,
    /// Why: a stable word, such as `subscription` or `payment_failed` (docs/access.md lists them; new
    /// ones may be added).
    #[cfg_attr(feature = "openapi", schema(example = "subscription"))]
    pub reason: String,
    /// How much of what, such as `{"seats": 5}`; `null` is as many as one likes. Empty where it may
    /// not be used.
    pub limits: BTreeMap<String, Option<i64>>,
    /// RFC 3339, UTC: until when this stands if nothing else happens; `null` for ever. It changes by
    /// itself then: no event has to come first.
    pub valid_until: Option<String>,
}

/// How access stands.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntitlementState {
    /// It may be used.
    Active,
    /// It may be used, although a renewal failed; ask for another card.
    Grace,
    /// It may not be used until something is mended.
    Suspended,
    /// It may no longer be used.
    Ended,
    /// It was never given.
    None,
}

impl EntitlementState {
    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Grace => "grace",
            Self::Suspended => "suspended",
            Self::Ended => "ended",
            Self::None => "none",
        }
    }

    /// Whether it may be used.
    #[must_use]
    pub const fn is_given(self) -> bool {
        matches!(self, Self::Active | Self::Grace)
    }
}

/// `POST /v1/customers/{reference}/claims`: the merchant has seen that this customer reads that address.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimRequest {
    /// Verified by you: never an address that somebody only typed.
    #[cfg_attr(feature = "openapi", schema(format = Email, max_length = 254))]
    pub email: String,
}

/// The answer to it: the purchases that are this customer's now.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claimed {
    /// The merchant's own id of the customer.
    pub reference: String,
    /// Every checkout that was ever claimed for this customer with this address, the oldest first.
    pub checkouts: Vec<String>,
}
