//! Money given back, as a merchant's own server asks for it and reads of it.

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// `POST /v1/payments/{id}/refunds`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefundRequest {
    /// How much, in the payment's currency. Without it, all that is left of the payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Why, for the provider's dashboard and the buyer.
    #[cfg_attr(feature = "openapi", schema(max_length = 1000))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A refund that was asked for here.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// `int_…`
    #[cfg_attr(feature = "openapi", schema(pattern = "^int_[0-9a-f]{32}$"))]
    pub id: String,
    /// The provider's id of the payment.
    pub payment_id: String,
    /// How much.
    pub amount: Money,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where it stands. When it is made, it is always pending.
    pub status: RefundStatus,
    /// Why the provider refused, as in `/problems`; only with `rejected`, and not where a person decided that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The provider's id of the refund, once there is one and it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund_id: Option<String>,
    /// Who decided about it, where a person had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Reviewed>,
    /// RFC 3339 in UTC.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub created_at: String,
}

/// Who decided about a refund whose answer was lost, and why.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// An operator.
    pub who: String,
    /// In their words.
    pub why: String,
    /// RFC 3339 in UTC.
    #[cfg_attr(feature = "openapi", schema(format = DateTime))]
    pub at: String,
}

/// Where a refund stands.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// It is on its way, or its answer was lost and is being looked for.
    Pending,
    /// The money was given back.
    Succeeded,
    /// The provider tried, and it did not go through.
    Failed,
    /// The provider refused, or a person said that it was not made; nothing was given back.
    Rejected,
    /// Its answer was lost, and the provider shows no such refund days later: a person has to look. It is
    /// never sent again by itself.
    NeedsReview,
}
