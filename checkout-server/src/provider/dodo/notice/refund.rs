//! A refund as Dodo writes it.

use checkout_types::money::Money;
use serde::Deserialize;

use super::{Field, value};
use crate::event::{RefundSeen, RefundState};

#[derive(Deserialize)]
struct Refund<'a> {
    #[serde(borrow, rename = "refund_id")]
    id: Field<'a>,
    #[serde(borrow)]
    payment_id: Field<'a>,
    #[serde(borrow)]
    status: Field<'a>,
    #[serde(borrow)]
    amount: Field<'a>,
    #[serde(borrow)]
    currency: Field<'a>,
}

/// Reads a refund object.
pub(super) fn read(object: &str) -> Option<RefundSeen> {
    let refund: Refund<'_> = serde_json::from_str(object).ok()?;
    let currency: Option<String> = value(refund.currency);
    let amount = value(refund.amount)
        .filter(|amount: &i64| *amount >= 0)
        .zip(currency.and_then(|currency| currency.parse().ok()));
    Some(RefundSeen {
        id: value(refund.id)?,
        payment: value(refund.payment_id)?,
        state: match value::<String>(refund.status).as_deref() {
            Some("succeeded") => RefundState::Succeeded,
            Some("failed") => RefundState::Failed,
            Some("pending" | "review") => RefundState::Pending,
            _ => RefundState::Unknown,
        },
        amount: amount.map(|(amount, currency)| Money::new(amount, currency)),
    })
}
