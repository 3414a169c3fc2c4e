//! Who buys, as the page may say it. A browser never names an existing customer.

use serde::{Deserialize, Serialize};

/// What the buyer typed about themselves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// Where the receipt goes.
    pub email: String,
    /// The name on the receipt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Where the buyer is, as far as tax asks.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// ISO 3166-1 alpha-2, upper case.
    pub country: String,
    /// Needed where tax depends on it, such as in the US.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// A business's tax number, such as a VAT id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
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
