//! What a provider says that a cart costs, in our own words.

use checkout_types::money::Currency;

/// What a cart would cost, in minor units of `currency`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// What it is charged in.
    pub currency: Currency,
    /// Before discount and added tax.
    pub subtotal: i64,
    /// Taken off.
    pub discount: i64,
    /// All tax, whether added or held.
    pub tax: i64,
    /// Charged now.
    pub total: i64,
    /// One a line.
    pub lines: Vec<PreviewLine>,
    /// One a recurring line.
    pub recurring: Vec<PreviewCharge>,
}

/// A line of a preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewLine {
    /// The provider's product.
    pub product: String,
    /// How many.
    pub quantity: u32,
    /// For one, before discount and added tax.
    pub unit: i64,
    /// Whether the unit holds the tax.
    pub tax_inclusive: bool,
    /// Its extras.
    pub addons: Vec<PreviewAddon>,
}

/// An extra of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewAddon {
    /// The provider's add-on.
    pub addon: String,
    /// How many.
    pub quantity: u32,
    /// For one.
    pub unit: i64,
}

/// A charge that comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewCharge {
    /// The provider's product.
    pub product: String,
    /// Each period, tax included.
    pub amount: i64,
    /// RFC 3339: the next one.
    pub next_at: Option<String>,
}
