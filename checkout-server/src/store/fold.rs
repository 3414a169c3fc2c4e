//! From a delivery to a payment to a checkout, inside the transaction that keeps the delivery.

use std::collections::BTreeSet;

use checkout_types::CheckoutStatus;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use super::rows::{PAYMENT_COLUMNS, find, payment_of, payments_of, save_payment};
use super::{Change, Delivery, Effect, StoreError, StoredCheckout};
use crate::checkout::outcome;
use crate::event::{Payment, PaymentSeen};

/// Stores a delivery; `false` where it is a repeat.
pub(super) fn keep(connection: &Connection, delivery: &Delivery) -> Result<bool, StoreError> {
    let digest: [u8; 32] = Sha256::digest(&delivery.body).into();
    let kind = delivery.notice.as_ref().map(|notice| notice.kind.as_str());
    let inserted = connection
        .prepare_cached(
            "INSERT INTO notices (provider, webhook_id, body_sha256, kind, observed_at, received_at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            delivery.provider,
            delivery.webhook_id,
            digest,
            kind,
            delivery.observed_at.as_microsecond(),
            delivery.received_at.as_microsecond(),
            delivery.body,
        ])?;
    Ok(inserted == 1)
}

/// Joins an observation with what is known of its payment, and folds the checkout it belongs to.
pub(super) fn payment(connection: &Connection, payment: Payment, now: Timestamp) -> Result<Effect, StoreError> {
    let known = connection
        .prepare_cached(&format!("SELECT {PAYMENT_COLUMNS} FROM payments WHERE id = ?1"))?
        .query_row([&payment.seen.id], |row| Ok(payment_of(row)))
        .optional()?
        .transpose()?;
    let before = known.as_ref().and_then(|known| known.seen.checkout.clone());
    let joined = match known {
        Some(known) => known.join(payment),
        None => payment,
    };
    let owner = owner(connection, &joined.seen)?;
    save_payment(connection, &joined, owner.as_ref().map(|checkout| checkout.id.as_str()))?;
    let Some(owner) = owner else {
        return Ok(Effect::Unclaimed { names_an_order: joined.seen.checkout.is_some() });
    };
    // A payment that turns out to be another order's is no longer the first one's.
    for id in before.into_iter().filter(|before| *before != owner.id).collect::<BTreeSet<_>>() {
        if let Some(former) = find(connection, "id", &id)? {
            refold(connection, &former, now)?;
        }
    }
    refold(connection, &owner, now)
}

fn refold(connection: &Connection, checkout: &StoredCheckout, now: Timestamp) -> Result<Effect, StoreError> {
    let session = checkout.session.as_ref().map(|session| session.id.as_str());
    let outcome = outcome(&checkout.order, session, &payments_of(connection, &checkout.id)?);
    let changed = connection
        .prepare_cached(
            "UPDATE checkouts
             SET status = ?2, payment_id = ?3, error_code = ?4, paid_twice = ?5, failures = ?6, changed_at = ?7
             WHERE id = ?1 AND (status, payment_id, error_code, paid_twice, failures) IS NOT (?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            checkout.id,
            outcome.status.as_str(),
            outcome.payment,
            outcome.error_code,
            outcome.paid_twice,
            outcome.failures,
            now.as_microsecond(),
        ])?;
    let is_paid = |status| matches!(status, CheckoutStatus::Paid | CheckoutStatus::Fulfilled);
    let change = Change {
        checkout: checkout.id.clone(),
        status: outcome.status,
        paid_twice: outcome.paid_twice,
        buyer: checkout.buyer,
        newly_paid: is_paid(outcome.status) && !is_paid(checkout.status),
        newly_failed: outcome.failures.saturating_sub(checkout.failures),
    };
    Ok(if changed == 1 { Effect::Changed(change) } else { Effect::None })
}

/// Whose payment it is: the order we named in its metadata, or else the session it was made in.
fn owner(connection: &Connection, seen: &PaymentSeen) -> Result<Option<StoredCheckout>, StoreError> {
    if let Some(named) = &seen.checkout
        && let Some(checkout) = find(connection, "id", named)?
    {
        return Ok(Some(checkout));
    }
    match &seen.session {
        Some(session) => find(connection, "session_id", session),
        None => Ok(None),
    }
}
