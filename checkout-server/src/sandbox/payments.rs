//! Payments: the object, and the lists of it.

pub(crate) mod opened;

use axum::Json;
use axum::extract::{Path, State as Ctx};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Sandbox;
use super::customers::CustomerView;
use super::error::{ApiError, ApiResult};
use super::paging::{Created, Page, Query};
use super::table::Row;

/// Where the buyer is, as payments and subscriptions say it.
#[derive(Clone, Serialize)]
pub(crate) struct Billing {
    pub(crate) city: Option<String>,
    pub(crate) country: String,
    pub(crate) state: Option<String>,
    pub(crate) street: Option<String>,
    pub(crate) zipcode: Option<String>,
}

/// A time that a payment paid for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ServicePeriod {
    pub(crate) ends_at: String,
    pub(crate) proration_factor: String,
    pub(crate) starts_at: String,
    pub(crate) subscription_id: String,
}

/// A product that was sold once.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PaidLine {
    pub(crate) product_id: String,
    pub(crate) quantity: u32,
}

/// `GET /payments/{id}`: the provider's fields in the provider's (alphabetical) order.
#[derive(Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, clippy::struct_field_names, reason = "the provider's own fields")]
pub(crate) struct Payment {
    pub(crate) billing: Billing,
    pub(crate) brand_id: &'static str,
    pub(crate) business_id: &'static str,
    pub(crate) card_exp_month: Option<String>,
    pub(crate) card_exp_year: Option<String>,
    pub(crate) card_holder_name: Option<String>,
    pub(crate) card_issuing_country: Option<&'static str>,
    pub(crate) card_last_four: Option<String>,
    pub(crate) card_network: Option<&'static str>,
    pub(crate) card_type: Option<&'static str>,
    /// `None` where a card was only put on file.
    pub(crate) charge_type: Option<&'static str>,
    pub(crate) checkout_session_id: Option<String>,
    pub(crate) created_at: String,
    pub(crate) currency: String,
    pub(crate) custom_field_responses: Option<Value>,
    pub(crate) customer: CustomerView,
    pub(crate) digital_products_delivered: bool,
    pub(crate) discount_id: Option<String>,
    pub(crate) discounts: Option<Vec<Value>>,
    pub(crate) disputes: Vec<Value>,
    pub(crate) error_code: Option<&'static str>,
    pub(crate) error_message: Option<&'static str>,
    pub(crate) includes_usage: bool,
    pub(crate) invoice_id: Option<String>,
    pub(crate) invoice_url: Option<String>,
    pub(crate) is_multi_subscription: bool,
    pub(crate) is_update_payment_method: bool,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) payment_id: String,
    pub(crate) payment_link: Option<String>,
    pub(crate) payment_method: &'static str,
    pub(crate) payment_method_id: Option<String>,
    pub(crate) payment_method_type: &'static str,
    pub(crate) payment_provider: &'static str,
    pub(crate) product_cart: Option<Vec<PaidLine>>,
    pub(crate) refund_status: Option<&'static str>,
    pub(crate) refunds: Vec<Value>,
    pub(crate) retry_attempt: u32,
    pub(crate) service_periods: Vec<ServicePeriod>,
    pub(crate) settlement_amount: i64,
    pub(crate) settlement_currency: String,
    pub(crate) settlement_tax: i64,
    pub(crate) status: &'static str,
    pub(crate) subscription_id: Option<String>,
    pub(crate) subscription_ids: Vec<String>,
    pub(crate) tax: i64,
    pub(crate) three_ds_flow: Option<&'static str>,
    pub(crate) three_ds_status: Option<&'static str>,
    pub(crate) three_ds_version: Option<&'static str>,
    pub(crate) total_amount: i64,
    pub(crate) updated_at: Option<String>,
    /// For `/line-items`.
    #[serde(skip)]
    pub(crate) line_items: Vec<LineItem>,
    /// The page on which it is paid: of a checkout session, or of a new card.
    #[serde(skip)]
    pub(crate) page: Option<String>,
    /// For the list's filters.
    #[serde(skip)]
    pub(crate) at: Timestamp,
}

/// `GET /payments/{id}/line-items`, one of them.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LineItem {
    pub(crate) amount: i64,
    pub(crate) description: Option<String>,
    pub(crate) items_id: String,
    pub(crate) name: String,
    pub(crate) refundable_amount: i64,
    pub(crate) tax: i64,
    /// What was paid for it, with the tax.
    #[serde(skip)]
    pub(crate) paid: i64,
    /// Of that, what went back or is on its way back.
    #[serde(skip)]
    pub(crate) refunded: i64,
}

/// What a row of `GET /payments` leaves out of the full object.
const ONLY_IN_FULL: [&str; 20] = [
    "billing",
    "business_id",
    "card_holder_name",
    "card_issuing_country",
    "custom_field_responses",
    "discount_id",
    "discounts",
    "disputes",
    "error_code",
    "error_message",
    "is_update_payment_method",
    "payment_link",
    "payment_method_id",
    "product_cart",
    "refunds",
    "settlement_amount",
    "settlement_currency",
    "settlement_tax",
    "tax",
    "updated_at",
];

impl Row for Payment {
    fn id(&self) -> &str {
        &self.payment_id
    }
}

impl Payment {
    /// `GET /payments/{id}`, and the data of `payment.*`.
    pub(crate) fn wire(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// A row of `GET /payments`.
    fn list_wire(&self) -> Value {
        let mut row = self.wire();
        if let Some(fields) = row.as_object_mut() {
            fields.retain(|name, _| !ONLY_IN_FULL.contains(&name.as_str()));
            let dispute = self.disputes.last().map(|dispute| dispute["dispute_status"].clone());
            fields.insert("dispute_status".into(), dispute.unwrap_or_default());
            fields.insert("has_license_key".into(), false.into());
        }
        row
    }

    fn fits(&self, query: &Query, created: Created) -> bool {
        let subscription = query.get("subscription_id");
        query.allows("status", Some(self.status))
            && query.allows("customer_id", Some(&self.customer.customer_id))
            && query.allows("brand_id", Some(self.brand_id))
            && subscription.is_none_or(|wanted| self.subscription_ids.iter().any(|id| id == wanted))
            && created.holds(self.at)
    }
}

/// `GET /payments`, newest first, with the filters `status`, `customer_id`, `subscription_id`,
/// `brand_id`, `created_at_gte` and `created_at_lte`.
pub(crate) async fn list(Ctx(sandbox): Ctx<Sandbox>, query: Query) -> ApiResult<Json<Value>> {
    let page = Page::of(&query)?;
    let created = Created::of(&query)?;
    let state = sandbox.state();
    let rows = state.payments.iter().rev().filter(|payment| payment.fits(&query, created));
    Ok(Json(page.items(rows.map(Payment::list_wire))))
}

/// `GET /payments/{id}`
pub(crate) async fn get(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    sandbox.state().payments.get(&id).map(|row| Json(row.wire())).ok_or_else(|| ApiError::not_found("payment"))
}

/// `GET /payments/{id}/line-items`
pub(crate) async fn line_items(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let state = sandbox.state();
    let payment = state.payments.get(&id).ok_or_else(|| ApiError::not_found("payment"))?;
    Ok(Json(json!({
        "currency": payment.currency,
        "items": payment.line_items,
        "partial_refund_allowed": true,
    })))
}
