//! A payment as Dodo writes it.

use std::collections::BTreeSet;

use checkout_types::money::Money;
use serde::Deserialize;

use super::{Field, checkout, time, value};
use crate::event::payment::Charge;
use crate::event::{PaymentSeen, PaymentState};

#[derive(Deserialize)]
struct Payment<'a> {
    #[serde(borrow, rename = "payment_id")]
    id: Field<'a>,
    #[serde(borrow)]
    metadata: Field<'a>,
    #[serde(borrow)]
    checkout_session_id: Field<'a>,
    #[serde(borrow)]
    created_at: Field<'a>,
    #[serde(borrow)]
    updated_at: Field<'a>,
    #[serde(borrow)]
    status: Field<'a>,
    #[serde(borrow)]
    total_amount: Field<'a>,
    #[serde(borrow)]
    currency: Field<'a>,
    #[serde(borrow)]
    product_cart: Field<'a>,
    #[serde(borrow)]
    charge_type: Field<'a>,
    #[serde(borrow)]
    is_update_payment_method: Field<'a>,
    #[serde(borrow)]
    service_periods: Field<'a>,
    #[serde(borrow)]
    subscription_id: Field<'a>,
    #[serde(borrow)]
    subscription_ids: Field<'a>,
    #[serde(borrow)]
    error_code: Field<'a>,
}

#[derive(Deserialize)]
struct CartLine {
    product_id: String,
    quantity: i64,
}

/// Reads a payment object.
pub(super) fn read(object: &str) -> Option<PaymentSeen> {
    let payment: Payment<'_> = serde_json::from_str(object).ok()?;
    let cart: Vec<CartLine> = value(payment.product_cart).unwrap_or_default();
    Some(PaymentSeen {
        id: value(payment.id)?,
        checkout: checkout(payment.metadata),
        session: value(payment.checkout_session_id),
        created_at: time(payment.created_at),
        updated_at: time(payment.updated_at),
        state: state(payment.status),
        amount: money(&payment),
        products: cart.into_iter().map(|CartLine { product_id, quantity }| (product_id, quantity)).collect(),
        charge: charge(&payment),
        // Objects recorded before October 2026 do not say.
        extends: value::<Vec<serde_json::Value>>(payment.service_periods).is_none_or(|periods| !periods.is_empty()),
        subscriptions: subscriptions(&payment),
        error_code: value(payment.error_code),
    })
}

fn state(status: Field<'_>) -> PaymentState {
    let Some(status) = status.filter(|status| status.get() != "null") else { return PaymentState::Waiting };
    match value::<String>(Some(status)).as_deref() {
        Some(
            "requires_customer_action"
            | "requires_merchant_action"
            | "requires_payment_method"
            | "requires_confirmation"
            | "requires_capture",
        ) => PaymentState::Waiting,
        Some("processing") => PaymentState::Processing,
        Some("succeeded") => PaymentState::Succeeded,
        Some("failed") => PaymentState::Failed,
        Some("cancelled") => PaymentState::Cancelled,
        Some("partially_captured" | "partially_captured_and_capturable") => PaymentState::Partial,
        Some(other) => PaymentState::Unknown(other.to_owned()),
        None => PaymentState::Unknown("malformed".to_owned()),
    }
}

fn money(payment: &Payment<'_>) -> Option<Money> {
    let currency: String = value(payment.currency)?;
    Some(Money::new(value(payment.total_amount)?, currency.parse().ok()?))
}

/// Objects recorded before October 2026 do not say what they are for: they are sales.
fn charge(payment: &Payment<'_>) -> Charge {
    if value(payment.is_update_payment_method) == Some(true) {
        return Charge::CardUpdate;
    }
    match payment.charge_type.map(serde_json::value::RawValue::get) {
        None | Some("null" | "\"new\"") => Charge::Sale,
        Some("\"renewal\"") => Charge::Renewal,
        Some("\"plan_change\"") => Charge::PlanChange,
        Some("\"on_demand\"") => Charge::OnDemand,
        Some(_) => Charge::Other,
    }
}

/// One of a payment for one subscription, all of them of a payment for several.
fn subscriptions(payment: &Payment<'_>) -> BTreeSet<String> {
    let several: Vec<String> = value(payment.subscription_ids).unwrap_or_default();
    several.into_iter().chain(value::<String>(payment.subscription_id)).collect()
}
