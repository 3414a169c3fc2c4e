//! RFC 9457 problem details: every error that the helper answers.

use serde::{Deserialize, Serialize};

use crate::cart::Quote;

/// The body of an `application/problem+json` answer. Branch on `code`, show `title`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// An address that explains the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// One sentence for people.
    pub title: String,
    /// The HTTP status, repeated.
    pub status: u16,
    /// Stable, such as `cart_invalid`.
    pub code: String,
    /// The path that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// Names this request in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Whether the same request can work later.
    pub retryable: bool,
    /// What was wrong, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With `price_changed` and `quote_expired`: what it costs now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quote: Option<Box<Quote>>,
    /// With `challenge_required`: what to solve before the same request is sent again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
}

/// Some work that a browser does once and a robot would have to do for every attempt.
///
/// Find a number `n` for which SHA-256 of the text `{token}:{n}` begins with `bits` zero bits, and
/// send the same request again with the header `Checkout-Proof: {token}:{n}`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Made and sealed by the helper; good for one request, for a few minutes.
    pub token: String,
    /// How many leading bits have to be zero: about two to the power of that many tries.
    pub bits: u8,
}

impl Challenge {
    /// More bits than these nobody asks for and no widget works on: some seconds on a phone, and
    /// well within the five minutes that a challenge holds.
    pub const MOST_BITS: u8 = 22;
}

/// One field that was wrong. The input itself is never repeated.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// RFC 6901, such as `/items/0/quantity`.
    pub pointer: String,
    /// Stable, such as `out_of_range`.
    pub code: String,
    /// The least allowed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<i64>,
    /// The most allowed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<i64>,
    /// A name of the catalog that was probably meant, where one comes close.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub did_you_mean: Option<String>,
    /// The values that there are, where they are few enough to be listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<String>,
}
