//! What may be shown before anything is quoted: products, prices and plan groups.

use serde::{Deserialize, Serialize};

use crate::money::Currency;

/// `GET /v1/catalog`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// In the order of the catalog file.
    pub products: Vec<Product>,
    /// Groups such as a monthly and a yearly price of one plan.
    pub plans: Vec<Plan>,
}

/// Something sold.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The shop's own id, such as `pro`.
    pub id: String,
    /// What the buyer reads.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// A few short lines for a pricing page.
    pub features: Vec<String>,
    /// An `https` address of a picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// At least one.
    pub prices: Vec<Price>,
}

/// One way to buy a product.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    /// The shop's own id, such as `pro_monthly`: what a page names.
    pub id: String,
    /// Minor units for a quantity of one, before tax and discount.
    pub amount: i64,
    /// What the amount is of.
    pub currency: Currency,
    /// How it is charged.
    pub billing: Billing,
    /// How many may be bought at once.
    pub quantity: QuantityRule,
    /// What may be added.
    pub addons: Vec<Addon>,
}

/// How a price is charged.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Billing {
    /// Once.
    OneTime,
    /// Again every period.
    Recurring {
        /// The period's unit.
        interval: Interval,
        /// How many units make a period.
        interval_count: u32,
        /// Days before the first charge; 0 for none.
        trial_days: u32,
    },
    /// A fixed amount every period, plus what was used in it.
    Usage {
        /// The period's unit.
        interval: Interval,
        /// How many units make a period.
        interval_count: u32,
    },
}

/// A calendar unit.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// A day.
    Day,
    /// Seven days.
    Week,
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

/// Which quantities a price allows: `min`, `min + step`, … up to `max`.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuantityRule {
    /// The least.
    pub min: u32,
    /// The most.
    pub max: u32,
    /// The distance between two allowed ones.
    pub step: u32,
}

impl QuantityRule {
    /// Whether so many may be bought.
    #[must_use]
    pub fn allows(&self, quantity: u32) -> bool {
        (self.min..=self.max).contains(&quantity) && (quantity - self.min).is_multiple_of(self.step.max(1))
    }
}

/// Something that may be added to a price, such as a seat.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addon {
    /// The shop's own id.
    pub id: String,
    /// What the buyer reads.
    pub name: String,
    /// Minor units for one, in the price's currency.
    pub amount: i64,
}

/// Prices of which a buyer chooses one, such as monthly and yearly.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The shop's own id.
    pub id: String,
    /// What the buyer reads.
    pub name: String,
    /// Price ids, in the order to show.
    pub prices: Vec<String>,
}
