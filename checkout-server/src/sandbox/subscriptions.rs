//! Subscriptions: made when a recurring line is paid for.

use axum::Json;
use axum::extract::{Path, State as Ctx};
use serde::Serialize;
use serde_json::{Map, Value};

use super::Sandbox;
use super::customers::CustomerView;
use super::error::{ApiError, ApiResult};
use super::paging::{Page, Query};
use super::payments::Billing;
use super::table::Row;

/// An add-on of a subscription.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SubscribedAddon {
    pub(crate) addon_id: String,
    pub(crate) quantity: u32,
}

/// `GET /subscriptions/{id}`: the provider's fields in the provider's (alphabetical) order.
#[derive(Clone, Serialize)]
#[expect(clippy::struct_excessive_bools, clippy::struct_field_names, reason = "the provider's own fields")]
pub(crate) struct Subscription {
    pub(crate) addons: Vec<SubscribedAddon>,
    pub(crate) billing: Billing,
    pub(crate) brand_id: &'static str,
    pub(crate) cancel_at_next_billing_date: bool,
    pub(crate) cancellation_comment: Option<String>,
    pub(crate) cancellation_feedback: Option<String>,
    pub(crate) cancelled_at: Option<String>,
    pub(crate) cancelled_by: Option<Value>,
    pub(crate) created_at: String,
    pub(crate) credit_entitlement_cart: [Value; 0],
    pub(crate) currency: String,
    pub(crate) custom_field_responses: Option<Value>,
    pub(crate) customer: CustomerView,
    pub(crate) customer_business_name: Option<String>,
    pub(crate) discount_cycles_remaining: Option<u32>,
    pub(crate) discount_id: Option<String>,
    pub(crate) discounts: Vec<Value>,
    pub(crate) expires_at: String,
    pub(crate) has_payment_method: bool,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) meter_credit_entitlement_cart: [Value; 0],
    pub(crate) meters: [Value; 0],
    pub(crate) next_billing_date: String,
    pub(crate) on_demand: bool,
    pub(crate) paused_at: Option<String>,
    pub(crate) payment_frequency_count: u32,
    pub(crate) payment_frequency_interval: &'static str,
    pub(crate) payment_method_id: Option<String>,
    pub(crate) previous_billing_date: String,
    pub(crate) product_id: String,
    pub(crate) quantity: u32,
    pub(crate) recurring_pre_tax_amount: i64,
    pub(crate) scheduled_change: Option<Value>,
    pub(crate) status: &'static str,
    pub(crate) subscription_id: String,
    pub(crate) subscription_period_count: u32,
    pub(crate) subscription_period_interval: &'static str,
    pub(crate) tax_id: Option<String>,
    pub(crate) tax_inclusive: bool,
    pub(crate) trial_amount: Option<i64>,
    pub(crate) trial_period_days: u32,
    /// For the list.
    #[serde(skip)]
    pub(crate) product_name: String,
}

/// What a row of `GET /subscriptions` leaves out of the full object.
const ONLY_IN_FULL: [&str; 9] = [
    "addons",
    "brand_id",
    "cancellation_comment",
    "cancellation_feedback",
    "credit_entitlement_cart",
    "custom_field_responses",
    "expires_at",
    "meter_credit_entitlement_cart",
    "meters",
];

impl Row for Subscription {
    fn id(&self) -> &str {
        &self.subscription_id
    }
}

impl Subscription {
    /// `GET /subscriptions/{id}`.
    pub(crate) fn wire(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// The data of `subscription.*`. `payment_id` is set for `subscription.renewed` alone.
    pub(crate) fn event_wire(&self, payment_id: Option<&str>) -> Value {
        let mut data = self.wire();
        data["past_due_ends_at"] = Value::Null;
        data["payment_id"] = payment_id.into();
        data
    }

    /// A row of `GET /subscriptions`.
    fn list_wire(&self) -> Value {
        let mut row = self.wire();
        if let Some(fields) = row.as_object_mut() {
            fields.retain(|name, _| !ONLY_IN_FULL.contains(&name.as_str()));
            fields.insert("product_name".into(), self.product_name.clone().into());
        }
        row
    }
}

/// `GET /subscriptions`, newest first, with the filters `status`, `customer_id`, `product_id`
/// and `brand_id`.
pub(crate) async fn list(Ctx(sandbox): Ctx<Sandbox>, query: Query) -> ApiResult<Json<Value>> {
    let page = Page::of(&query)?;
    let state = sandbox.state();
    let rows = state.subscriptions.iter().rev().filter(|row| {
        query.allows("status", Some(row.status))
            && query.allows("customer_id", Some(&row.customer.customer_id))
            && query.allows("product_id", Some(&row.product_id))
            && query.allows("brand_id", Some(row.brand_id))
    });
    Ok(Json(page.items(rows.map(Subscription::list_wire))))
}

/// `GET /subscriptions/{id}`
pub(crate) async fn get(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let state = sandbox.state();
    let row = state.subscriptions.get(&id).ok_or_else(|| ApiError::not_found("subscription"))?;
    Ok(Json(row.wire()))
}
