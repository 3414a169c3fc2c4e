//! The catalog: what the page says (`pro_monthly`), what the provider sells (`pdt_…`), what it
//! costs and what it may be bought with. Pure: the file's text comes in, a checked catalog or
//! every mistake with its line and cure comes out.

use checkout_types::catalog::{Billing, QuantityRule};
use checkout_types::money::{Currency, Money};

/// A checked catalog. Every reference in it leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Catalog {
    /// In the order of the file.
    pub products: Vec<Product>,
    /// Extras that prices refer to.
    pub addons: Vec<Addon>,
    /// Groups of prices of which a buyer chooses one.
    pub plans: Vec<Plan>,
}

/// Something sold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    /// The shop's own id.
    pub id: String,
    /// What the buyer reads.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// Short lines for a pricing page.
    pub features: Vec<String>,
    /// An `https` address of a picture.
    pub image: Option<String>,
    /// At least one.
    pub prices: Vec<Price>,
}

/// One way to buy a product: one product at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// The shop's own id, unique in the catalog.
    pub id: String,
    /// The provider's product, `pdt_…`, unique in the catalog.
    pub provider_product: String,
    /// For a quantity of one, before tax and discount.
    pub money: Money,
    /// Further currencies that the provider may charge it in (by its own price lists).
    pub currencies: Vec<Currency>,
    /// How it is charged.
    pub billing: Billing,
    /// Whether the amount already holds the tax.
    pub tax_inclusive: bool,
    /// Which quantities are allowed.
    pub quantity: QuantityRule,
    /// Ids of add-ons that may go with it.
    pub addons: Vec<String>,
}

/// An extra, such as a seat: an add-on at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addon {
    /// The shop's own id.
    pub id: String,
    /// The provider's add-on, `adn_…`.
    pub provider_addon: String,
    /// What the buyer reads.
    pub name: String,
    /// For one.
    pub money: Money,
}

/// Prices of which a buyer chooses one, such as monthly and yearly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The shop's own id.
    pub id: String,
    /// What the buyer reads.
    pub name: String,
    /// Price ids, in the order to show.
    pub prices: Vec<String>,
}

impl Catalog {
    /// The price with that id, and the product it belongs to.
    #[must_use]
    pub fn price(&self, id: &str) -> Option<(&Product, &Price)> {
        let priced = |product| -> Option<(&Product, &Price)> {
            let product: &Product = product;
            Some((product, product.prices.iter().find(|price| price.id == id)?))
        };
        self.products.iter().find_map(priced)
    }

    /// The add-on with that id.
    #[must_use]
    pub fn addon(&self, id: &str) -> Option<&Addon> {
        self.addons.iter().find(|addon| addon.id == id)
    }
}
