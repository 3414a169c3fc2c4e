//! The body of `POST /checkouts` and `POST /checkouts/preview`: read with every documented
//! field, checked, and turned into a basket. Unknown fields are passed over and `null` counts as
//! absent, as a provider that adds fields without notice has to do (it does not say).

use checkout_types::money::Currency;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::discounts::Discount;
use super::error::{ApiError, ApiResult};
use super::pricing::{Basket, BasketLine};
use super::state::State;
use super::tax::{self, TaxId};

/// Most lines of a cart, and most codes.
const MOST: usize = 20;

/// `POST /checkouts`, as far as the sandbox acts on it. The whole body is kept with the session.
#[derive(Clone, Default, Deserialize)]
pub(crate) struct CheckoutBody {
    pub(crate) product_cart: Vec<CartLine>,
    pub(crate) customer: Option<CustomerBody>,
    pub(crate) customer_business_name: Option<String>,
    pub(crate) tax_id: Option<String>,
    pub(crate) billing_address: Option<AddressBody>,
    pub(crate) billing_currency: Option<String>,
    pub(crate) return_url: Option<String>,
    pub(crate) cancel_url: Option<String>,
    pub(crate) metadata: Option<Map<String, Value>>,
    pub(crate) discount_codes: Option<Vec<String>>,
    pub(crate) discount_code: Option<String>,
    pub(crate) confirm: Option<bool>,
    pub(crate) payment_method_id: Option<String>,
    pub(crate) force_3ds: Option<bool>,
    pub(crate) subscription_data: Option<SubscriptionData>,
    pub(crate) custom_fields: Option<Vec<Value>>,
    pub(crate) feature_flags: Option<FeatureFlags>,
    pub(crate) customization: Option<Customization>,
}

/// A line of the cart. An `amount` counts for pay-what-you-want products, which a catalog does
/// not have, so it is passed over as the provider does.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CartLine {
    pub(crate) product_id: String,
    pub(crate) quantity: u32,
    pub(crate) addons: Option<Vec<CartAddon>>,
}

/// An add-on of a line.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct CartAddon {
    pub(crate) addon_id: String,
    pub(crate) quantity: u32,
}

/// An existing customer by id, or a new one (or an existing one, by e-mail).
#[derive(Clone, Deserialize)]
pub(crate) struct CustomerBody {
    pub(crate) customer_id: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) phone_number: Option<String>,
}

/// Where the buyer is.
#[derive(Clone, Deserialize)]
pub(crate) struct AddressBody {
    pub(crate) country: String,
    pub(crate) city: Option<String>,
    pub(crate) state: Option<String>,
    pub(crate) street: Option<String>,
    pub(crate) zipcode: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SubscriptionData {
    pub(crate) trial_period_days: Option<u32>,
    pub(crate) on_demand: Option<OnDemand>,
}

/// A subscription that is charged when the merchant says so.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct OnDemand {
    /// Nothing is charged at the start.
    pub(crate) mandate_only: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
pub(crate) struct FeatureFlags {
    pub(crate) always_create_new_customer: Option<bool>,
    pub(crate) allow_customer_editing_email: Option<bool>,
    pub(crate) allow_customer_editing_country: Option<bool>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Customization {
    pub(crate) theme: Option<String>,
    pub(crate) theme_config: Option<ThemeConfig>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ThemeConfig {
    pub(crate) pay_button_text: Option<String>,
}

/// Reads a body.
///
/// # Errors
/// `INVALID_REQUEST_BODY` for what is not JSON or not of the schema, an address that is not
/// http(s), both kinds of discount field; `MAXIMUM_KEYS_REACHED` for too much metadata.
pub(crate) fn read(bytes: &[u8]) -> ApiResult<(CheckoutBody, Value)> {
    let raw: Value = serde_json::from_slice(bytes).map_err(|error| ApiError::body(error.to_string()))?;
    let body: CheckoutBody = serde_json::from_value(raw.clone()).map_err(|error| ApiError::body(error.to_string()))?;
    check_metadata(body.metadata.as_ref())?;
    for (name, url) in [("return_url", &body.return_url), ("cancel_url", &body.cancel_url)] {
        if url.as_deref().is_some_and(|url| !is_web_address(url)) {
            return Err(ApiError::body(format!("{name} is an absolute http or https address")));
        }
    }
    if body.discount_code.is_some() && body.discount_codes.is_some() {
        return Err(ApiError::body("discount_code and discount_codes exclude each other"));
    }
    if body.custom_fields.as_ref().is_some_and(|fields| fields.len() > 5) {
        return Err(ApiError::body("custom_fields holds at most 5"));
    }
    if body.subscription_data.as_ref().and_then(|data| data.trial_period_days).is_some_and(|days| days > 10_000) {
        return Err(ApiError::body("trial_period_days is 0 to 10000"));
    }
    Ok((body, raw))
}

fn is_web_address(text: &str) -> bool {
    reqwest::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

/// At most 50 pairs, keys of at most 40 characters, values of at most 500 that are texts,
/// numbers or booleans.
pub(crate) fn check_metadata(metadata: Option<&Map<String, Value>>) -> ApiResult<()> {
    let Some(metadata) = metadata else { return Ok(()) };
    if metadata.len() > 50 {
        return Err(ApiError::refused("MAXIMUM_KEYS_REACHED", "metadata holds at most 50 pairs"));
    }
    for (key, value) in metadata {
        let fits = match value {
            Value::String(text) => text.chars().count() <= 500,
            Value::Number(_) | Value::Bool(_) => true,
            Value::Null | Value::Array(_) | Value::Object(_) => false,
        };
        if !fits || key.chars().count() > 40 {
            return Err(ApiError::body("metadata: keys up to 40, texts up to 500 characters, no nesting"));
        }
    }
    Ok(())
}

impl CheckoutBody {
    /// Checks the cart against what is sold.
    ///
    /// # Errors
    /// The provider's code for the first thing that is wrong.
    pub(crate) fn basket(&self, state: &State, now: Timestamp) -> ApiResult<Basket> {
        if self.product_cart.is_empty() {
            return Err(ApiError::refused("PRODUCT_CART_EMTPY", "The cart holds nothing"));
        }
        if self.product_cart.len() > MOST {
            return Err(ApiError::body("product_cart holds at most 20 lines"));
        }
        let lines = self.product_cart.iter().map(|line| self.line(line, state)).collect::<ApiResult<Vec<_>>>()?;
        Ok(Basket {
            currency: self.currency(&lines)?,
            tax_bps: self.tax_bps()?,
            discounts: self.discounts(state, now)?,
            lines,
        })
    }

    /// Where the buyer is, or is taken to be.
    pub(crate) fn country(&self) -> &str {
        self.billing_address.as_ref().map_or(tax::DEFAULT_COUNTRY, |address| &address.country)
    }

    /// Whether subscriptions are charged when the merchant says so.
    pub(crate) fn on_demand(&self) -> Option<&OnDemand> {
        self.subscription_data.as_ref()?.on_demand.as_ref()
    }

    fn line(&self, line: &CartLine, state: &State) -> ApiResult<BasketLine> {
        let offer = state.offers.get(&line.product_id).ok_or_else(|| ApiError::not_found("product"))?;
        if line.quantity == 0 {
            return Err(ApiError::body("quantity is at least 1"));
        }
        if offer.is_usage_based() && line.quantity != 1 {
            return Err(ApiError::refused("INVALID_QUANTITY", "A usage-based product is bought once"));
        }
        let wanted = line.addons.as_deref().unwrap_or_default();
        if offer.is_usage_based() && !wanted.is_empty() {
            let code = "ADDONS_IN_USAGE_BASED_BILLING_NOT_SUPPORTED";
            return Err(ApiError::refused(code, "Usage-based products take no add-ons"));
        }
        let mut addons: Vec<(_, u32)> = Vec::new();
        for CartAddon { addon_id, quantity } in wanted {
            let addon = state.addons.get(addon_id).filter(|_| offer.addons.contains(addon_id));
            let addon = addon.ok_or_else(|| ApiError::not_found("add-on of that product"))?;
            if addons.iter().any(|(known, _): &(super::products::AddonOffer, u32)| known.addon_id == *addon_id) {
                return Err(ApiError::refused("DUPLICATE_ADDON_IDS_IN_REQUEST", "An add-on is named twice"));
            }
            if *quantity == 0 {
                return Err(ApiError::body("an add-on's quantity is at least 1"));
            }
            addons.push((addon.clone(), *quantity));
        }
        let asked = self.subscription_data.as_ref().and_then(|data| data.trial_period_days);
        let trial_days = if offer.period().is_some() { asked.unwrap_or(offer.trial_days()) } else { 0 };
        let mandate_only = offer.period().is_some() && self.on_demand().is_some_and(|terms| terms.mandate_only);
        Ok(BasketLine { offer: offer.clone(), quantity: line.quantity, addons, trial_days, mandate_only })
    }

    /// What was asked for, else what the first line is priced in.
    fn currency(&self, lines: &[BasketLine]) -> ApiResult<Currency> {
        match (&self.billing_currency, lines.first()) {
            (Some(code), _) => code
                .parse()
                .map_err(|_| ApiError::refused("UNSUPPORTED_BILLING_CURRENCY", format!("{code} is not supported"))),
            (None, Some(line)) => Ok(line.offer.currency),
            (None, None) => Err(ApiError::refused("PRODUCT_CART_EMTPY", "The cart holds nothing")),
        }
    }

    fn tax_bps(&self) -> ApiResult<i64> {
        let country = self.country();
        if !tax::SUPPORTED_COUNTRIES.contains(&country) {
            return Err(ApiError::refused("UNSUPPORTED_COUNTRY", "The country is not supported"));
        }
        let zipcode = self.billing_address.as_ref().and_then(|address| address.zipcode.as_deref());
        let reversed = self.tax_id.as_deref().map(|tax_id| tax::judge(tax_id, country)) == Some(TaxId::ReverseCharge);
        Ok(if reversed { 0 } else { tax::rate_bps(country, zipcode) })
    }

    fn discounts(&self, state: &State, now: Timestamp) -> ApiResult<Vec<Discount>> {
        let codes: Vec<_> = self.discount_codes.iter().flatten().chain(&self.discount_code).collect();
        if codes.len() > MOST {
            return Err(ApiError::body("discount_codes holds at most 20"));
        }
        let find = |code: &String| {
            let discount = state.discount(code);
            let discount =
                discount.ok_or_else(|| ApiError::refused("INVALID_DISCOUNT_CODE", "No such code for this cart"))?;
            discount.usable(now)?;
            Ok(discount.clone())
        };
        codes.into_iter().map(find).collect()
    }
}
