//! A checkout: one order, one provider session, one outcome that only the server decides.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::customer::Customer;
use crate::money::Money;

/// `POST /v1/checkouts`, with an `Idempotency-Key` made and kept before the first send.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckoutRequest {
    /// From the quote that the buyer saw.
    pub quote_token: String,
    /// Who buys.
    pub customer: Customer,
    /// Where the buyer goes afterwards: an address on an allowed origin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub success_url: Option<String>,
    /// The page's own notes, given back with the order: at most 20 pairs, keys up to 40
    /// characters, values up to 500.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub custom_data: BTreeMap<String, String>,
    /// The expired checkout that this one takes the place of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renews: Option<String>,
}

/// The answer to `POST /v1/checkouts` (201, or the same bytes again for the same key).
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

/// A line of what was bought.
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
