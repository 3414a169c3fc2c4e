//! The catalog: what the page says (`pro_monthly`), what the provider sells (`pdt_…`), what it
//! costs and what it may be bought with. Pure: the file's text comes in, a checked catalog or
//! every mistake with its line and cure comes out.

mod bought;
mod check;
mod error;
mod fields;
mod parse;
mod price;
mod terms;
#[cfg(test)]
mod tests;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use checkout_types::catalog as public;
use checkout_types::catalog::{Billing, QuantityRule};
use checkout_types::money::{Currency, Money};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::entitlement::{Limit, Terms};

pub use error::{CatalogErrors, Mistake};
pub(crate) use fields::nearest;
pub(crate) use words::is_id as is_name;

/// Names of what may be used, each with its limits by name.
pub type Grants = BTreeMap<String, BTreeMap<String, Limit>>;

/// A checked catalog. Every reference in it leads somewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Catalog {
    /// In the order of the file.
    pub products: Vec<Product>,
    /// Extras that prices refer to.
    pub addons: Vec<Addon>,
    /// Groups of prices of which a buyer chooses one.
    pub plans: Vec<Plan>,
}

/// Something sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// What it gives, and when that is taken back.
    pub terms: Terms,
}

/// An extra, such as a seat: an add-on at the provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Addon {
    /// The shop's own id.
    pub id: String,
    /// The provider's add-on, `adn_…`.
    pub provider_addon: String,
    /// What the buyer reads.
    pub name: String,
    /// For one.
    pub money: Money,
    /// What each one of it adds to what its price gives.
    pub adds: Grants,
}

/// Prices of which a buyer chooses one, such as monthly and yearly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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

    /// The price that is that product of the provider's.
    #[must_use]
    pub fn sold_as(&self, provider_product: &str) -> Option<&Price> {
        self.prices().find(|price| price.provider_product == provider_product)
    }

    /// The add-on that is that add-on of the provider's.
    #[must_use]
    pub fn addon_sold_as(&self, provider_addon: &str) -> Option<&Addon> {
        self.addons.iter().find(|addon| addon.provider_addon == provider_addon)
    }

    /// Every name of something that may be used, whoever gives it.
    #[must_use]
    pub fn entitlement_names(&self) -> BTreeSet<&str> {
        let given = self.prices().flat_map(|price| price.terms.grants.keys());
        given.chain(self.addons.iter().flat_map(|addon| addon.adds.keys())).map(String::as_str).collect()
    }

    /// Every limit that something of that name can have, whoever gives it.
    #[must_use]
    pub fn limit_names(&self, entitlement: &str) -> BTreeSet<&str> {
        let given = self.prices().map(|price| &price.terms.grants).chain(self.addons.iter().map(|addon| &addon.adds));
        given.filter_map(|grants| grants.get(entitlement)).flat_map(BTreeMap::keys).map(String::as_str).collect()
    }

    /// What a browser may see of it: all but the provider's ids.
    #[must_use]
    pub fn public(&self) -> public::Catalog {
        let Self { products, addons: _, plans } = self;
        public::Catalog {
            products: products.iter().map(|product| self.public_product(product)).collect(),
            plans: plans.iter().map(Plan::public).collect(),
        }
    }

    /// Twelve hex digits that change whenever anything in the catalog does, and only then:
    /// comments and spacing in the file do not count.
    ///
    /// # Panics
    /// Never: plain data with text keys always becomes JSON.
    #[must_use]
    pub fn version(&self) -> String {
        let canonical = serde_json::to_vec(self).expect("a catalog is plain data with text keys");
        let digest = Sha256::digest(&canonical);
        let short = digest.iter().take(6).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        format!("{short:012x}")
    }

    fn prices(&self) -> impl Iterator<Item = &Price> {
        self.products.iter().flat_map(|product| &product.prices)
    }

    fn public_product(&self, product: &Product) -> public::Product {
        let Product { id, name, description, features, image, prices } = product;
        public::Product {
            id: id.clone(),
            name: name.clone(),
            description: description.clone(),
            features: features.clone(),
            image: image.clone(),
            prices: prices.iter().map(|price| self.public_price(price)).collect(),
        }
    }

    fn public_price(&self, price: &Price) -> public::Price {
        let Price {
            id,
            provider_product: _,
            money,
            // Other currencies and the place of the tax are a quote's to say: they depend on the buyer.
            currencies: _,
            billing,
            tax_inclusive: _,
            quantity,
            addons,
            // What it gives is the shop's to promise, in `features`.
            terms: _,
        } = price;
        public::Price {
            id: id.clone(),
            amount: money.amount,
            currency: money.currency,
            billing: *billing,
            quantity: *quantity,
            addons: addons.iter().filter_map(|id| self.addon(id)).map(Addon::public).collect(),
        }
    }
}

impl Addon {
    fn public(&self) -> public::Addon {
        let Self { id, provider_addon: _, name, money, adds: _ } = self;
        // Its currency is the price's: a checked catalog has no other (check.rs).
        public::Addon { id: id.clone(), name: name.clone(), amount: money.amount }
    }
}

impl Plan {
    fn public(&self) -> public::Plan {
        let Self { id, name, prices } = self;
        public::Plan { id: id.clone(), name: name.clone(), prices: prices.clone() }
    }
}
