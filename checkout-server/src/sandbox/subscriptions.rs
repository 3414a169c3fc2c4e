//! Subscriptions: the object, the lists of it, and what the provider keeps to itself about each.
//! They are made when a recurring line is paid for (`subscribe.rs`) and live on by `lifetime.rs`.

use axum::Json;
use axum::extract::{Path, State as Ctx};
use checkout_types::catalog::Interval;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::Sandbox;
use super::customers::CustomerView;
use super::error::{ApiError, ApiResult};
use super::lifetime::Debt;
use super::paging::{Created, Page, Query};
use super::payments::Billing;
use super::pricing::Basket;
use super::table::Row;
use super::{dunning, period};
use crate::clock::rfc3339;

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
    #[serde(serialize_with = "written")]
    pub(crate) created_at: Timestamp,
    pub(crate) credit_entitlement_cart: [Value; 0],
    pub(crate) currency: String,
    pub(crate) custom_field_responses: Option<Value>,
    pub(crate) customer: CustomerView,
    pub(crate) customer_business_name: Option<String>,
    pub(crate) discount_cycles_remaining: Option<u32>,
    pub(crate) discount_id: Option<String>,
    pub(crate) discounts: Vec<Value>,
    #[serde(serialize_with = "written")]
    pub(crate) expires_at: Timestamp,
    pub(crate) has_payment_method: bool,
    pub(crate) metadata: Map<String, Value>,
    pub(crate) meter_credit_entitlement_cart: [Value; 0],
    pub(crate) meters: [Value; 0],
    /// Also the day from which an unpaid period is owed.
    #[serde(serialize_with = "written")]
    pub(crate) next_billing_date: Timestamp,
    pub(crate) on_demand: bool,
    pub(crate) paused_at: Option<String>,
    pub(crate) payment_frequency_count: u32,
    pub(crate) payment_frequency_interval: &'static str,
    pub(crate) payment_method_id: Option<String>,
    #[serde(serialize_with = "written")]
    pub(crate) previous_billing_date: Timestamp,
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
    /// What is charged each time: one line, and the codes that still count, each with the charges
    /// that are left to it, the last one included.
    #[serde(skip)]
    pub(crate) terms: Basket,
    /// From which billing days are counted, so that the 31st comes back after February.
    #[serde(skip)]
    pub(crate) anchor: Timestamp,
    /// Only in events.
    #[serde(skip)]
    pub(crate) past_due_ends_at: Option<Timestamp>,
    /// A charge that failed and is still wanted.
    #[serde(skip)]
    pub(crate) debt: Option<Debt>,
    /// The next automatic try to collect it.
    #[serde(skip)]
    pub(crate) retry: Option<dunning::Retry>,
    /// The one that is going on.
    #[serde(skip)]
    pub(crate) dunning_id: Option<String>,
    /// So many of the next charges are declined, whatever the card.
    #[serde(skip)]
    pub(crate) decline_next: u32,
    /// A change of plan for the next billing day.
    #[serde(skip)]
    pub(crate) next_plan: Option<Basket>,
}

fn written<S: Serializer>(time: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&rfc3339(*time))
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
        data["past_due_ends_at"] = self.past_due_ends_at.map(rfc3339).into();
        data["payment_id"] = payment_id.into();
        data
    }

    /// As `GET /control/state` shows it.
    pub(crate) fn control_wire(&self) -> Value {
        let mut wire = self.event_wire(None);
        wire["owed"] = self.debt.as_ref().map(|debt| debt.pricing.now.total).into();
        wire["retry_at"] = self.retry.as_ref().map(|retry| rfc3339(retry.at)).into();
        wire["decline_next"] = json!(self.decline_next);
        wire
    }

    /// When time alone does something to it the next time.
    pub(crate) fn next_moment(&self) -> Option<Timestamp> {
        let retry_at = self.retry.as_ref().map(|retry| retry.at);
        match self.status {
            "active" if self.on_demand => Some(self.expires_at),
            "active" => Some(self.next_billing_date.min(self.expires_at)),
            "past_due" => [retry_at, self.past_due_ends_at].into_iter().flatten().min(),
            "on_hold" => retry_at,
            _ => None,
        }
    }

    /// The first billing day after that time.
    pub(crate) fn billing_after(&self, time: Timestamp) -> Timestamp {
        let (interval, count) = self.interval();
        let mut days = (1..).map(|periods: u32| period::after(self.anchor, interval, count.saturating_mul(periods)));
        days.find(|day| *day > time).unwrap_or(Timestamp::MAX)
    }

    /// How long a period is.
    pub(crate) fn interval(&self) -> (Interval, u32) {
        let line = self.terms.lines.first();
        line.and_then(|line| line.offer.period()).unwrap_or((Interval::Month, 1))
    }

    /// Whether it has come to its end.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.status, "cancelled" | "expired" | "failed")
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

/// `GET /subscriptions`, newest first, with the filters `status`, `customer_id`, `product_id`,
/// `brand_id`, `created_at_gte` and `created_at_lte`.
pub(crate) async fn list(Ctx(sandbox): Ctx<Sandbox>, query: Query) -> ApiResult<Json<Value>> {
    let page = Page::of(&query)?;
    let created = Created::of(&query)?;
    let state = sandbox.state();
    let rows = state.subscriptions.iter().rev().filter(|row| {
        query.allows("status", Some(row.status))
            && query.allows("customer_id", Some(&row.customer.customer_id))
            && query.allows("product_id", Some(&row.product_id))
            && query.allows("brand_id", Some(row.brand_id))
            && created.holds(row.created_at)
    });
    Ok(Json(page.items(rows.map(Subscription::list_wire))))
}

/// `GET /subscriptions/{id}`
pub(crate) async fn get(Ctx(sandbox): Ctx<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    let state = sandbox.state();
    let row = state.subscriptions.get(&id).ok_or_else(|| ApiError::not_found("subscription"))?;
    Ok(Json(row.wire()))
}
