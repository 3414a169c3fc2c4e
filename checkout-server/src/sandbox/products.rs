//! What is sold: one product per price of the catalog, and its add-ons, in the provider's shapes.

use axum::Json;
use axum::extract::{Path, State};
use checkout_types::catalog::{Billing, Interval};
use checkout_types::money::Currency;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::{ApiError, ApiResult};
use super::paging::{Page, Query};
use super::table::Row;
use super::{BUSINESS_ID, Sandbox};
use crate::catalog::Catalog;
use crate::clock::rfc3339;

/// A product of the provider's: one price of ours.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) product_id: String,
    /// The catalog's price id, kept as `metadata.sku`.
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) image: Option<String>,
    pub(crate) currency: Currency,
    /// Minor units for one.
    pub(crate) price: i64,
    /// What it was before a scenario changed it.
    pub(crate) catalog_price: i64,
    pub(crate) billing: Billing,
    pub(crate) tax_inclusive: bool,
    /// Provider ids.
    pub(crate) addons: Vec<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) updated_at: Timestamp,
}

/// An add-on of the provider's.
#[derive(Clone, Debug)]
pub(crate) struct AddonOffer {
    pub(crate) addon_id: String,
    pub(crate) name: String,
    pub(crate) currency: Currency,
    /// Minor units for one.
    pub(crate) price: i64,
    pub(crate) created_at: Timestamp,
}

impl Row for Offer {
    fn id(&self) -> &str {
        &self.product_id
    }
}

impl Row for AddonOffer {
    fn id(&self) -> &str {
        &self.addon_id
    }
}

/// Every price of the catalog as a product.
pub(crate) fn offers(catalog: &Catalog, now: Timestamp) -> Vec<Offer> {
    let mut offers = Vec::new();
    for product in &catalog.products {
        for price in &product.prices {
            let provider_addon = |id: &String| catalog.addon(id).map(|addon| addon.provider_addon.clone());
            offers.push(Offer {
                product_id: price.provider_product.clone(),
                sku: price.id.clone(),
                name: product.name.clone(),
                description: (!product.description.is_empty()).then(|| product.description.clone()),
                image: product.image.clone(),
                currency: price.money.currency,
                price: price.money.amount,
                catalog_price: price.money.amount,
                billing: price.billing,
                tax_inclusive: price.tax_inclusive,
                addons: price.addons.iter().filter_map(provider_addon).collect(),
                created_at: now,
                updated_at: now,
            });
        }
    }
    offers
}

/// Every add-on of the catalog.
pub(crate) fn addon_offers(catalog: &Catalog, now: Timestamp) -> Vec<AddonOffer> {
    let offer = |addon: &crate::catalog::Addon| AddonOffer {
        addon_id: addon.provider_addon.clone(),
        name: addon.name.clone(),
        currency: addon.money.currency,
        price: addon.money.amount,
        created_at: now,
    };
    catalog.addons.iter().map(offer).collect()
}

/// The provider writes units with a capital letter.
pub(crate) fn interval_name(interval: Interval) -> &'static str {
    match interval {
        Interval::Day => "Day",
        Interval::Week => "Week",
        Interval::Month => "Month",
        Interval::Year => "Year",
    }
}

impl Offer {
    /// The period, for what is charged again.
    pub(crate) fn period(&self) -> Option<(Interval, u32)> {
        match self.billing {
            Billing::OneTime => None,
            Billing::Recurring { interval, interval_count, .. } | Billing::Usage { interval, interval_count } => {
                Some((interval, interval_count))
            }
        }
    }

    /// Days before the first charge.
    pub(crate) fn trial_days(&self) -> u32 {
        match self.billing {
            Billing::Recurring { trial_days, .. } => trial_days,
            Billing::OneTime | Billing::Usage { .. } => 0,
        }
    }

    pub(crate) fn is_usage_based(&self) -> bool {
        matches!(self.billing, Billing::Usage { .. })
    }

    pub(crate) fn tax_category(&self) -> &'static str {
        if self.period().is_some() { "saas" } else { "digital_products" }
    }

    fn price_wire(&self) -> Value {
        let mut price = json!({
            "currency": self.currency,
            "discount": 0,
            "discount_bps": 0,
            "purchasing_power_parity": false,
            "tax_inclusive": self.tax_inclusive,
        });
        if let Some((interval, count)) = self.period() {
            price["payment_frequency_count"] = count.into();
            price["payment_frequency_interval"] = interval_name(interval).into();
            price["subscription_period_count"] = 10.into();
            price["subscription_period_interval"] = "Year".into();
        }
        match self.billing {
            Billing::OneTime => {
                price["pay_what_you_want"] = false.into();
                price["price"] = self.price.into();
                price["suggested_price"] = Value::Null;
                price["type"] = "one_time_price".into();
            }
            Billing::Recurring { trial_days, .. } => {
                price["price"] = self.price.into();
                price["trial_amount"] = Value::Null;
                price["trial_apply_discounts"] = false.into();
                price["trial_payment_method_optional"] = false.into();
                price["trial_period_days"] = trial_days.into();
                price["type"] = "recurring_price".into();
                price["zero_amount_payment_method_optional"] = false.into();
            }
            Billing::Usage { .. } => {
                price["fixed_price"] = self.price.into();
                price["meters"] = json!([]);
                price["type"] = "usage_based_price".into();
            }
        }
        price
    }

    /// `GET /products/{id}`.
    pub(crate) fn wire(&self) -> Value {
        json!({
            "addons": (!self.addons.is_empty()).then_some(&self.addons),
            "brand_id": BUSINESS_ID,
            "business_id": BUSINESS_ID,
            "created_at": rfc3339(self.created_at),
            "credit_entitlements": [],
            "description": self.description,
            "digital_product_delivery": null,
            "entitlements": [],
            "image": self.image,
            "is_recurring": self.period().is_some(),
            "license_key_activation_message": null,
            "license_key_activations_limit": null,
            "license_key_duration": null,
            "license_key_enabled": false,
            "metadata": { "sku": self.sku },
            "name": self.name,
            "price": self.price_wire(),
            "pricing_mode": null,
            "product_collection_id": null,
            "product_id": self.product_id,
            "tax_category": self.tax_category(),
            "updated_at": rfc3339(self.updated_at),
        })
    }

    /// A row of `GET /products`.
    fn list_wire(&self) -> Value {
        json!({
            "business_id": BUSINESS_ID,
            "created_at": rfc3339(self.created_at),
            "currency": self.currency,
            "description": self.description,
            "entitlements": [],
            "image": self.image,
            "is_recurring": self.period().is_some(),
            "metadata": { "sku": self.sku },
            "name": self.name,
            "price": (!self.is_usage_based()).then_some(self.price),
            "price_detail": self.price_wire(),
            "pricing_mode": null,
            "product_id": self.product_id,
            "tax_category": self.tax_category(),
            "tax_inclusive": self.tax_inclusive,
            "updated_at": rfc3339(self.updated_at),
        })
    }
}

impl AddonOffer {
    /// `GET /addons/{id}`.
    pub(crate) fn wire(&self) -> Value {
        json!({
            "business_id": BUSINESS_ID,
            "created_at": rfc3339(self.created_at),
            "currency": self.currency,
            "description": null,
            "id": self.addon_id,
            "image": null,
            "name": self.name,
            "price": self.price,
            "tax_category": "saas",
            "updated_at": rfc3339(self.created_at),
        })
    }
}

/// `GET /products`, with the filters `archived` (nothing ever is) and `recurring`.
pub(crate) async fn list(State(sandbox): State<Sandbox>, query: Query) -> ApiResult<Json<Value>> {
    let page = Page::of(&query)?;
    let recurring = query.flag("recurring")?;
    let archived = query.flag("archived")?.unwrap_or(false);
    let state = sandbox.state();
    let rows = state
        .offers
        .iter()
        .filter(|offer| !archived && recurring.is_none_or(|wanted| wanted == offer.period().is_some()));
    Ok(Json(page.items(rows.map(Offer::list_wire))))
}

/// `GET /products/{id}`
pub(crate) async fn get(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    sandbox.state().offers.get(&id).map(|offer| Json(offer.wire())).ok_or_else(|| ApiError::not_found("product"))
}

/// `GET /addons`
pub(crate) async fn list_addons(State(sandbox): State<Sandbox>, query: Query) -> ApiResult<Json<Value>> {
    let page = Page::of(&query)?;
    let state = sandbox.state();
    Ok(Json(page.items(state.addons.iter().map(AddonOffer::wire))))
}

/// `GET /addons/{id}`
pub(crate) async fn get_addon(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    sandbox.state().addons.get(&id).map(|addon| Json(addon.wire())).ok_or_else(|| ApiError::not_found("add-on"))
}
