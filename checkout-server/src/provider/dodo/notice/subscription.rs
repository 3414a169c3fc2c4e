//! A subscription as Dodo writes it. It has no time of change of its own.

use serde::Deserialize;

use super::{Field, checkout, note, time, value};
use crate::event::subscription::Period;
use crate::event::{SubscriptionSeen, SubscriptionState};

/// The metadata key under which the merchant's own name of the customer travels.
const REFERENCE: &str = "customer_reference";

#[derive(Deserialize)]
struct Subscription<'a> {
    #[serde(borrow, rename = "subscription_id")]
    id: Field<'a>,
    #[serde(borrow)]
    metadata: Field<'a>,
    #[serde(borrow)]
    customer: Field<'a>,
    #[serde(borrow)]
    status: Field<'a>,
    #[serde(borrow)]
    product_id: Field<'a>,
    #[serde(borrow)]
    quantity: Field<'a>,
    #[serde(borrow)]
    addons: Field<'a>,
    #[serde(borrow)]
    created_at: Field<'a>,
    #[serde(borrow)]
    previous_billing_date: Field<'a>,
    #[serde(borrow)]
    next_billing_date: Field<'a>,
    #[serde(borrow)]
    cancel_at_next_billing_date: Field<'a>,
    #[serde(borrow)]
    expires_at: Field<'a>,
    #[serde(borrow)]
    paused_at: Field<'a>,
    #[serde(borrow)]
    past_due_ends_at: Field<'a>,
    #[serde(borrow)]
    trial_period_days: Field<'a>,
}

#[derive(Deserialize)]
struct Customer {
    customer_id: String,
}

#[derive(Deserialize)]
struct Addon {
    addon_id: String,
    quantity: i64,
}

/// Reads a subscription object.
pub(super) fn read(object: &str) -> Option<SubscriptionSeen> {
    let subscription: Subscription<'_> = serde_json::from_str(object).ok()?;
    let addons: Vec<Addon> = value(subscription.addons).unwrap_or_default();
    let period = time(subscription.previous_billing_date).zip(time(subscription.next_billing_date));
    Some(SubscriptionSeen {
        id: value(subscription.id)?,
        checkout: checkout(subscription.metadata),
        reference: note(subscription.metadata, REFERENCE),
        customer: value::<Customer>(subscription.customer).map(|customer| customer.customer_id),
        state: state(subscription.status),
        product: value(subscription.product_id),
        quantity: value(subscription.quantity).unwrap_or(1),
        addons: addons.into_iter().map(|Addon { addon_id, quantity }| (addon_id, quantity)).collect(),
        created_at: time(subscription.created_at),
        period: period.filter(|(start, end)| start < end).map(|(start, end)| Period { start, end }),
        ends_with_period: value(subscription.cancel_at_next_billing_date).unwrap_or(false),
        expires_at: time(subscription.expires_at),
        paused_at: time(subscription.paused_at),
        past_due_ends_at: time(subscription.past_due_ends_at),
        trial_days: value(subscription.trial_period_days).unwrap_or(0),
    })
}

fn state(status: Field<'_>) -> SubscriptionState {
    match value::<String>(status).as_deref() {
        Some("pending") => SubscriptionState::Pending,
        Some("active") => SubscriptionState::Active,
        Some("on_hold") => SubscriptionState::OnHold,
        Some("past_due") => SubscriptionState::PastDue,
        Some("paused") => SubscriptionState::Paused,
        Some("cancelled") => SubscriptionState::Cancelled,
        Some("failed") => SubscriptionState::Failed,
        Some("expired") => SubscriptionState::Expired,
        Some(other) => SubscriptionState::Unknown(other.to_owned()),
        None => SubscriptionState::Unknown("malformed".to_owned()),
    }
}
