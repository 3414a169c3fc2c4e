//! Charging a card on file, without its owner: renewals, retries, changes of plan, charges on demand.

use jiff::Timestamp;

use super::cards::{self, Failure};
use super::customers::SavedCard;
use super::lifetime::Debt;
use super::payments::{Payment, opened};
use super::state::State;
use super::subscriptions::Subscription;
use super::{BUSINESS_ID, new_id};

/// What came of a charge.
pub(crate) struct Charged {
    pub(crate) payment_id: String,
    pub(crate) succeeded: bool,
}

/// Charges the subscription's card. The payment is made in any case; nobody is told yet.
pub(crate) fn card_on_file(
    state: &mut State,
    subscription_id: &str,
    debt: &Debt,
    retry_attempt: u32,
    at: Timestamp,
) -> Charged {
    let Some(subscription) = state.subscriptions.get_mut(subscription_id) else {
        return Charged { payment_id: String::new(), succeeded: false };
    };
    let decline = subscription.decline_next > 0;
    subscription.decline_next = subscription.decline_next.saturating_sub(1);
    let subscription = subscription.clone();
    let saved = card(state, &subscription);
    let outcome = match (&saved, state.scenario.next_renewals) {
        _ if decline => Err(cards::DECLINED),
        (Some(_), Some(scenario)) => scenario.outcome(),
        (None, _) => Err(cards::NO_CARD),
        (Some(saved), None) if saved.expiry.is_past(at) => Err(cards::EXPIRED_CARD),
        (Some(saved), None) => saved.card.later,
    };
    let mut payment = payment(&subscription, debt, at);
    payment.retry_attempt = retry_attempt;
    if let Some(saved) = saved {
        opened::show_card(&mut payment, saved.card, saved.expiry);
        payment.payment_method_id = Some(saved.payment_method_id);
    }
    let base_url = &state.outbox.base_url;
    conclude(&mut payment, outcome, base_url);
    let payment_id = payment.payment_id.clone();
    state.payments.push(payment);
    Charged { payment_id, succeeded: outcome.is_ok() }
}

fn card(state: &State, subscription: &Subscription) -> Option<SavedCard> {
    let wanted = subscription.payment_method_id.as_ref()?;
    let customer = state.customers.get(&subscription.customer.customer_id)?;
    customer.cards.iter().find(|saved| saved.payment_method_id == *wanted).cloned()
}

/// A payment of a subscription's charge, before it meets a card: with the subscription's metadata, as
/// the provider copies it from the order on.
fn payment(subscription: &Subscription, debt: &Debt, at: Timestamp) -> Payment {
    Payment {
        brand_id: BUSINESS_ID,
        charge_type: Some(debt.charge_type),
        includes_usage: debt.includes_usage,
        metadata: subscription.metadata.clone(),
        subscription_id: Some(subscription.subscription_id.clone()),
        subscription_ids: vec![subscription.subscription_id.clone()],
        ..opened::charge(subscription.customer.clone(), subscription.billing.clone(), &debt.pricing, at)
    }
}

/// Writes what the bank said. A charge without its owner is not asked for 3-D Secure.
fn conclude(payment: &mut Payment, outcome: Result<(), Failure>, base_url: &str) {
    match outcome {
        Ok(()) => {
            payment.status = "succeeded";
            payment.invoice_id = Some(new_id("inv"));
            payment.invoice_url = Some(format!("{base_url}/invoices/payments/{}", payment.payment_id));
        }
        Err(failure) => {
            payment.status = "failed";
            payment.error_code = Some(failure.code);
            payment.error_message = Some(failure.message);
        }
    }
}
