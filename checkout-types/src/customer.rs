//! Who buys, as the page may say it. A browser never names an existing customer.

use serde::{Deserialize, Serialize};

/// What the buyer typed about themselves.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// Where the receipt goes.
    #[cfg_attr(feature = "openapi", schema(format = Email, max_length = 254, example = "ada@example.com"))]
    pub email: String,
    /// The name on the receipt.
    #[cfg_attr(feature = "openapi", schema(max_length = 120))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Where the buyer is, as far as tax asks.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// ISO 3166-1 alpha-2, upper case.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[A-Z]{2}$", example = "DE"))]
    pub country: String,
    /// Needed where tax depends on it, such as in the US.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub postal_code: Option<String>,
    /// A business's tax number, such as a VAT id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(max_length = 40))]
    pub tax_id: Option<String>,
}

/// `POST /v1/customer-tokens`, from the merchant's own server: who is signed in.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerTokenRequest {
    /// The merchant's own id of the customer: 1 to 200 characters.
    #[cfg_attr(
        feature = "openapi",
        schema(min_length = 1, max_length = 200, pattern = "^\\S(.*\\S)?$", example = "user_4711")
    )]
    pub reference: String,
    /// To fill the form in.
    #[cfg_attr(feature = "openapi", schema(format = Email, max_length = 254))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// To fill the form in.
    #[cfg_attr(feature = "openapi", schema(max_length = 120))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Seconds, 60 to 900; without it, 900.
    #[cfg_attr(feature = "openapi", schema(minimum = 60, maximum = 900))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in: Option<u32>,
}

/// The answer to `POST /v1/customer-tokens`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Serialize, Deserialize)]
pub struct CustomerToken {
    /// `ct_…`: give it to the page, as `customer-token`.
    pub token: String,
    /// RFC 3339, UTC.
    pub expires_at: String,
}

/// `GET /v1/customer`: who the token says is signed in.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedInCustomer {
    /// The merchant's own id.
    pub reference: String,
    /// To fill the form in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// To fill the form in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// RFC 3339, UTC: when the token stops being believed.
    pub expires_at: String,
}

impl core::fmt::Debug for Customer {
    /// Personal data does not print itself.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Customer(personal data)")
    }
}

impl core::fmt::Debug for Address {
    /// Personal data does not print itself.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Address(personal data)")
    }
}
