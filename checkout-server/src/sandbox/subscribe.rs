//! What a paid session leaves behind besides its payment: a subscription for each recurring
//! line, and the card on file.

use jiff::Timestamp;

use super::checkouts::Session;
use super::customers::SavedCard;
use super::payments::{Payment, ServicePeriod, opened};
use super::pricing::{Basket, BasketLine, PricedLine};
use super::products::interval_name;
use super::state::State;
use super::subscriptions::{SubscribedAddon, Subscription};
use super::webhooks::Subject;
use super::{BUSINESS_ID, cards, new_id, period};
use crate::clock::rfc3339;

/// Makes the subscriptions of a session that was paid, links them with the payment, keeps the
/// card, and emits `subscription.active` and `subscription.renewed` (the latter comes with every
/// charge, the first one too).
pub(crate) fn paid(state: &mut State, session_id: &str, payment_id: &str, now: Timestamp) {
    let Some(session) = state.sessions.get(session_id).cloned() else { return };
    let Some(payment) = state.payments.get_mut(payment_id) else { return };
    keep_card(&mut state.customers, payment, now);
    let made: Vec<_> =
        session.pricing.lines.iter().filter_map(|line| subscription(&session, line, payment, now)).collect();
    payment.subscription_ids = made.iter().map(|row| row.subscription_id.clone()).collect();
    payment.subscription_id = made.first().filter(|_| made.len() == 1).map(|row| row.subscription_id.clone());
    payment.service_periods = made.iter().filter(|row| !row.on_demand).map(service_period).collect();
    for row in made {
        let id = row.subscription_id.clone();
        let on_demand = row.on_demand;
        state.subscriptions.push(row);
        state.plan_ahead(&id);
        state.emit("subscription.active", Subject::Subscription(id.clone(), None), now);
        if !on_demand {
            state.emit("subscription.renewed", Subject::Subscription(id, Some(payment_id.to_owned())), now);
        }
    }
}

fn service_period(subscription: &Subscription) -> ServicePeriod {
    ServicePeriod {
        ends_at: rfc3339(subscription.next_billing_date),
        proration_factor: "1".into(),
        starts_at: rfc3339(subscription.created_at),
        subscription_id: subscription.subscription_id.clone(),
    }
}

/// Puts the card of a payment on file.
pub(crate) fn keep_card(
    customers: &mut super::table::Table<super::customers::Customer>,
    payment: &Payment,
    used_at: Timestamp,
) {
    let Some(customer) = customers.get_mut(&payment.customer.customer_id) else { return };
    let (Some(id), Some(last_four)) = (&payment.payment_method_id, &payment.card_last_four) else { return };
    let month = payment.card_exp_month.as_deref().and_then(|month| month.parse().ok());
    let year = payment.card_exp_year.as_deref().and_then(|year| year.parse().ok());
    let card = cards::ending(last_four, payment.card_issuing_country);
    if customer.cards.iter().any(|saved| saved.payment_method_id == *id) {
        return;
    }
    if let (Some(card), Some(month), Some(year)) = (card, month, year) {
        customer.cards.push(SavedCard {
            payment_method_id: id.clone(),
            card,
            expiry: cards::Expiry { month, year },
            used_at,
        });
    }
}

fn subscription(session: &Session, line: &PricedLine, payment: &Payment, now: Timestamp) -> Option<Subscription> {
    let offer = &line.line.offer;
    let (interval, count) = offer.period()?;
    // Counted from the payment, not from when the session was made.
    let next_billing = match line.line.trial_days {
        0 => period::after(now, interval, count),
        days => period::after_days(now, days),
    };
    let quantity = i64::from(line.line.quantity);
    let discounts = &session.pricing.discounts;
    let addon = |(addon, quantity): &(super::products::AddonOffer, u32)| SubscribedAddon {
        addon_id: addon.addon_id.clone(),
        quantity: *quantity,
    };
    Some(Subscription {
        addons: line.line.addons.iter().map(addon).collect(),
        billing: opened::billing(session),
        brand_id: BUSINESS_ID,
        cancel_at_next_billing_date: false,
        cancellation_comment: None,
        cancellation_feedback: None,
        cancelled_at: None,
        cancelled_by: None,
        created_at: now,
        credit_entitlement_cart: [],
        currency: session.pricing.currency.to_string(),
        custom_field_responses: None,
        customer: payment.customer.clone(),
        customer_business_name: session.body.customer_business_name.clone(),
        discount_cycles_remaining: discounts.first().and_then(super::discounts::Discount::cycles_remaining),
        discount_id: discounts.first().map(|code| code.id.clone()),
        discounts: discounts.iter().enumerate().map(|(place, code)| code.detail(place)).collect(),
        expires_at: period::after(now, checkout_types::catalog::Interval::Year, 10),
        has_payment_method: true,
        metadata: payment.metadata.clone(),
        meter_credit_entitlement_cart: [],
        meters: [],
        next_billing_date: next_billing,
        on_demand: session.body.on_demand().is_some(),
        paused_at: None,
        payment_frequency_count: count,
        payment_frequency_interval: interval_name(interval),
        payment_method_id: payment.payment_method_id.clone(),
        previous_billing_date: now,
        product_id: offer.product_id.clone(),
        quantity: line.line.quantity,
        recurring_pre_tax_amount: line.item.unit_price.saturating_mul(quantity),
        scheduled_change: None,
        status: "active",
        subscription_id: new_id("sub"),
        subscription_period_count: 10,
        subscription_period_interval: "Year",
        tax_id: session.body.tax_id.clone(),
        tax_inclusive: offer.tax_inclusive,
        trial_amount: None,
        trial_period_days: line.line.trial_days,
        product_name: offer.name.clone(),
        terms: terms(session, line),
        // A trial's periods are counted from its end.
        anchor: if line.line.trial_days > 0 { next_billing } else { now },
        past_due_ends_at: None,
        debt: None,
        retry: None,
        dunning_id: None,
        decline_next: 0,
        next_plan: None,
    })
}

/// What each later charge is reckoned from. Codes of a cart with several subscriptions count for
/// each of them in full (not documented).
fn terms(session: &Session, line: &PricedLine) -> Basket {
    Basket {
        lines: vec![BasketLine { trial_days: 0, mandate_only: false, ..line.line.clone() }],
        currency: session.pricing.currency,
        tax_bps: session.pricing.tax_bps,
        discounts: session.pricing.discounts.clone(),
    }
}
