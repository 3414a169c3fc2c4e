//! The body of what is told: one object as it is now, and the customer's whole access beside it.

use std::collections::BTreeSet;

use checkout_types::money::Money;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Kind;
use crate::clock::rfc3339;
use crate::customer::{Contact, CustomerKey};
use crate::entitlement::wire;
use crate::standing::{News, Standing};

/// The whole body but for `sequence`, which is each endpoint's own.
#[must_use]
pub fn body(
    id: &str,
    news: &News,
    customer: &CustomerKey,
    contact: Option<&Contact>,
    standing: &Standing,
    version: i64,
    at: Timestamp,
) -> Value {
    let guest = match customer {
        CustomerKey::Reference(_) => None,
        CustomerKey::Guest(checkout) => Some(checkout),
    };
    json!({
        "id": id,
        "type": news.kind.as_str(),
        "timestamp": rfc3339(at),
        "customer": {
            "reference": customer.reference(),
            "checkout": guest,
            "email": contact.map(|contact| &contact.email),
            "name": contact.and_then(|contact| contact.name.as_ref()),
        },
        "data": data(news, standing),
        "entitlements": { "version": version, "items": wire::items(&standing.entitlements, &BTreeSet::new()) },
    })
}

fn data(news: &News, standing: &Standing) -> Value {
    let object = news.object.as_str();
    match news.kind {
        Kind::CheckoutPaid | Kind::CheckoutNeedsReview | Kind::CheckoutPaidTwice => {
            json!({ "checkout": checkout(object, standing) })
        }
        Kind::PaymentSucceeded | Kind::PaymentFailed => json!({ "payment": payment(object, standing) }),
        Kind::PaymentRefunded => {
            let refund = standing.refunds.get(&news.cause);
            json!({
                "refund": { "id": news.cause, "payment": object, "amount": refund.and_then(|refund| refund.amount) },
                "payment": payment(object, standing),
            })
        }
        Kind::DisputeOpened | Kind::DisputeWon | Kind::DisputeLost => {
            let dispute = standing.disputes.get(object);
            let of = dispute.map(|dispute| dispute.payment.as_str()).unwrap_or_default();
            json!({
                "dispute": { "id": object, "payment": of, "stage": dispute.map(|dispute| &dispute.stage) },
                "payment": payment(of, standing),
            })
        }
        Kind::EntitlementsChanged => json!({}),
        _ => json!({ "subscription": subscription(object, standing) }),
    }
}

fn checkout(id: &str, standing: &Standing) -> Value {
    standing.checkouts.get(id).map_or(Value::Null, |checkout| {
        json!({
            "id": id,
            "status": checkout.status,
            "paid_twice": checkout.paid_twice,
            "total": checkout.total,
            "prices": checkout.prices,
        })
    })
}

fn payment(id: &str, standing: &Standing) -> Value {
    standing.payments.get(id).map_or(Value::Null, |payment| {
        let refunds = standing.refunds.values().filter(|refund| refund.payment == id);
        let refunded = payment.amount.map(|paid| {
            let same = refunds.filter_map(|refund| refund.amount).filter(|back| back.currency == paid.currency);
            Money::new(same.fold(0_i64, |sum, back| sum.saturating_add(back.amount)), paid.currency)
        });
        json!({
            "id": id,
            "status": payment.state,
            "charge": payment.charge,
            "amount": payment.amount,
            "refunded": refunded,
            "error_code": payment.error_code,
            "checkout": payment.checkout,
            "subscriptions": payment.subscriptions,
        })
    })
}

fn subscription(id: &str, standing: &Standing) -> Value {
    standing.subscriptions.get(id).map_or(Value::Null, |subscription| {
        json!({
            "id": id,
            "status": subscription.state,
            "checkout": subscription.checkout,
            "price": subscription.price,
            "quantity": subscription.quantity,
            "current_period_start": subscription.period_start.map(rfc3339),
            "current_period_end": subscription.period_end.map(rfc3339),
            "trial_end": subscription.trial_end.map(rfc3339),
            "cancel_at_period_end": subscription.ends_with_period,
            "past_due_since": subscription.past_due_since.map(rfc3339),
            "grace_until": subscription.grace_until.map(rfc3339),
            "paused_at": subscription.paused_at.map(rfc3339),
        })
    })
}
