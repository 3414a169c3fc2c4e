//! What the buyer wants, and what the server says it costs.

use serde::{Deserialize, Serialize};

use crate::catalog::{Billing, QuantityRule};
use crate::customer::Address;
use crate::money::{Currency, Money};

/// `POST /v1/quotes`: ids, quantities and codes. Prices never come from the browser (G8).
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuoteRequest {
    /// One to twenty lines, each of another price.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 20))]
    pub items: Vec<CartLine>,
    /// A code the buyer typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(pattern = "^\\s*[A-Za-z0-9_-]{1,16}\\s*$", example = "LAUNCH20"))]
    pub discount_code: Option<String>,
    /// Where the buyer is; without it, totals are before tax.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Address>,
    /// The currency to pay in, where the catalog offers more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
}

/// One line of the cart, as the browser may say it.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartLine {
    /// The catalog's id, such as `pro_monthly`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[a-z0-9_-]{1,64}$", example = "pro_monthly"))]
    pub price_id: String,
    /// How many.
    #[cfg_attr(feature = "openapi", schema(minimum = 1))]
    #[serde(default = "one")]
    pub quantity: u32,
    /// Extras of this line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addons: Vec<CartAddon>,
}

fn one() -> u32 {
    1
}

/// An extra of a line.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartAddon {
    /// The catalog's id, such as `extra_seat`.
    #[cfg_attr(feature = "openapi", schema(pattern = "^[a-z0-9_-]{1,64}$", example = "priority_support"))]
    pub addon_id: String,
    /// How many.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 9999))]
    #[serde(default = "one")]
    pub quantity: u32,
}

/// What the cart costs, by the server, until `expires_at`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// `qt_…`
    pub id: String,
    /// In the cart's order.
    pub lines: Vec<QuoteLine>,
    /// The sum of the lines before discount and (where it is added) tax.
    pub subtotal: Money,
    /// What a code takes off, as a positive amount.
    pub discount: Money,
    /// The tax in the total; `None` while the country is not known.
    pub tax: Option<Money>,
    /// Whether the prices already hold the tax.
    pub tax_inclusive: bool,
    /// What will be charged now.
    pub total: Money,
    /// What will be charged again, and when; empty for one-time carts.
    pub recurring: Vec<Recurring>,
    /// The code that was applied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discount_code: Option<String>,
    /// The country that tax was computed for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// RFC 3339, UTC: 15 minutes after it was made.
    pub expires_at: String,
    /// The signed form of all this: what `POST /v1/checkouts` takes.
    pub quote_token: String,
}

impl core::fmt::Debug for Quote {
    /// Its token orders it, and the rest says what somebody buys: neither prints itself.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Quote").field("id", &self.id).field("total", &self.total).finish_non_exhaustive()
    }
}

/// A priced line.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteLine {
    /// The catalog's id.
    pub price_id: String,
    /// What the buyer reads.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// How many there may be.
    pub quantity_rule: QuantityRule,
    /// How it is charged.
    pub billing: Billing,
    /// For one.
    pub unit: Money,
    /// For the quantity, with its add-ons, before discount.
    pub total: Money,
    /// Its extras.
    pub addons: Vec<QuoteAddon>,
}

/// A priced extra.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuoteAddon {
    /// The catalog's id.
    pub addon_id: String,
    /// What the buyer reads.
    pub name: String,
    /// How many.
    pub quantity: u32,
    /// For the quantity.
    pub total: Money,
}

/// A charge that comes again.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurring {
    /// The line it belongs to.
    pub price_id: String,
    /// What each period costs, tax included.
    pub amount: Money,
    /// How often.
    pub billing: Billing,
    /// RFC 3339, UTC: when it is charged next, where the provider says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<String>,
}
