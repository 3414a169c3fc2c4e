//! A checkout: one order, one provider session, one outcome that only the server decides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::customer::Customer;
use crate::money::Money;

/// `POST /v1/checkouts`, with an `Idempotency-Key` made and kept before the first send.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckoutRequest {
    /// From the quote that the buyer saw.
    #[cfg_attr(feature = "openapi", schema(min_length = 1))]
    pub quote_token: String,
    /// Who buys.
    pub customer: Customer,
    /// Who is signed in, by the word of the merchant's own server: see `POST /v1/customer-tokens`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 4096, pattern = "^ct_[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]{43}$"))]
    pub customer_token: Option<String>,
    /// Where the buyer goes afterwards: an address on an allowed origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(format = "uri", max_length = 2048))]
    pub success_url: Option<String>,
    /// The page's own notes, given back with the order: at most 20 pairs, keys up to 40
    /// characters, values up to 500.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_data: BTreeMap<String, String>,
    /// The expired checkout that this one takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^co_[0-9a-f]{32}$"))]
    pub renews: Option<String>,
}

/// The answer to `POST /v1/checkouts` (201, or the same bytes again for the same key).
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Serialize, Deserialize)]
pub struct CreatedCheckout {
    /// `co_…`
    pub id: String,
    /// Reads this checkout, and nothing else. Keep it out of addresses and logs.
    pub client_secret: String,
    /// `open`.
    pub status: CheckoutStatus,
    /// The provider's secure payment page.
    pub url: String,
    /// RFC 3339, UTC: when the payment page stops working.
    pub expires_at: String,
}

/// `GET /v1/checkouts/{id}`, and the data of each `checkout` event of its stream.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkout {
    /// `co_…`
    pub id: String,
    /// Where it stands.
    pub status: CheckoutStatus,
    /// What is to be paid now.
    pub total: Money,
    /// The payment page, while it can still be paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// RFC 3339, UTC.
    pub expires_at: String,
    /// Why the last payment did not go through, in words for the buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What was bought, for the page that says so.
    pub items: Vec<CheckoutItem>,
}

/// The same for the merchant's own server, which may also know whose it is.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MerchantCheckout {
    /// What its page sees.
    #[serde(flatten)]
    pub checkout: Checkout,
    /// The merchant's own id of the customer, as the customer token said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_reference: Option<String>,
}

/// A checkout in a list, for the merchant's own server.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedCheckout {
    /// `co_…`
    pub id: String,
    /// Where it stands.
    pub status: CheckoutStatus,
    /// What was to be paid.
    pub total: Money,
    /// What was ordered.
    pub items: Vec<CheckoutItem>,
    /// The merchant's own id of the customer, as the customer token said.
    pub customer_reference: Option<String>,
    /// The provider's id of the payment that decided it.
    pub payment: Option<String>,
    /// Whether two payments succeeded: one has to be given back.
    pub paid_twice: bool,
    /// The provider's reason for the last failure.
    pub error_code: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
    /// RFC 3339, UTC: when a payment last changed it.
    pub changed_at: String,
}

/// A line of what was bought.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckoutItem {
    /// The catalog's id.
    pub price_id: String,
    /// What the buyer reads.
    pub name: String,
    /// How many.
    pub quantity: u32,
}

/// Why a payment did not go through.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable: `card_declined`, `insufficient_funds`, `authentication_failed`, `expired_card`,
    /// `card_details_wrong`, `processing_error`, `payment_canceled`.
    pub code: String,
    /// One sentence that says what the buyer can do.
    pub message: String,
    /// Whether another try can work.
    pub retryable: bool,
}

/// Where a checkout stands.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckoutStatus {
    /// Waiting for the buyer.
    Open,
    /// The buyer has paid; the bank or the provider has not answered yet.
    Processing,
    /// A signed webhook said so, and the amount was right.
    Paid,
    /// Paid, and access was given.
    Fulfilled,
    /// The last payment did not go through; the page can still be paid until it expires.
    Failed,
    /// The buyer gave up.
    Canceled,
    /// The payment page has stopped working.
    Expired,
    /// Something does not add up; a person has to look. No access.
    NeedsReview,
}

impl CheckoutStatus {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Open,
        Self::Processing,
        Self::Paid,
        Self::Fulfilled,
        Self::Failed,
        Self::Canceled,
        Self::Expired,
        Self::NeedsReview,
    ];

    /// As on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Processing => "processing",
            Self::Paid => "paid",
            Self::Fulfilled => "fulfilled",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
            Self::NeedsReview => "needs_review",
        }
    }

    /// Whether the buyer can pay it, or try again.
    #[must_use]
    pub const fn is_payable(self) -> bool {
        matches!(self, Self::Open | Self::Failed | Self::Canceled)
    }

    /// Whether nothing more will happen by itself.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Paid | Self::Fulfilled | Self::NeedsReview)
    }
}
