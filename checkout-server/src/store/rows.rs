//! Rows, and the one conversion between a row and what it means.

use checkout_types::CheckoutStatus;
use checkout_types::money::Money;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::Serialize;

use super::{StoreError, StoredCheckout, StoredSession};
use crate::customer::CustomerKey;
use crate::event::payment::Charge;
use crate::event::{Payment, PaymentSeen, PaymentState, Version};
use crate::keys::AddressKey;

/// A value as the text of a JSON column.
pub(super) fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unavailable(error.to_string()))
}

/// Writes a payment as it is known now.
pub(super) fn save_payment(
    connection: &Connection,
    payment: &Payment,
    owner: Option<&StoredCheckout>,
) -> Result<(), StoreError> {
    let Payment { seen, version } = payment;
    let PaymentSeen {
        id,
        checkout,
        session,
        created_at,
        updated_at,
        state,
        amount,
        products,
        charge,
        extends,
        subscriptions,
        error_code,
    } = seen;
    let (changed, event, rank) = version.parts();
    let (products, subscriptions) = (json(products)?, json(subscriptions)?);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO payments (id, checkout_id, session_id, state, amount, currency, products, charge,
                error_code, created_at, updated_at, version_changed, version_event, version_rank, subscriptions, customer, named, extends)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
        )?
        .execute(params![
            id,
            owner.map(|owner| &owner.id),
            session,
            state.as_str(),
            amount.map(|money| money.amount),
            amount.map(|money| money.currency.to_string()),
            products,
            charge.as_str(),
            error_code,
            created_at.map(Timestamp::as_microsecond),
            updated_at.map(Timestamp::as_microsecond),
            changed,
            event,
            rank,
            subscriptions,
            owner.map(|owner| owner.customer.stored()),
            checkout,
            extends,
        ])?;
    Ok(())
}

/// The payments that decide a checkout: a renewal or a change of card is not its sale.
pub(super) fn payments_of(connection: &Connection, checkout: &str) -> Result<Vec<Payment>, StoreError> {
    let sql = format!("SELECT {PAYMENT_COLUMNS} FROM payments WHERE checkout_id = ?1 AND charge = 'sale'");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([checkout], |row| Ok(payment_of(row)))?;
    rows.map(|row| row.map_err(StoreError::from)?).collect()
}

/// What [`payment_of`] reads.
pub(super) const PAYMENT_COLUMNS: &str = "id, checkout_id, named, extends, session_id, state, amount, currency, products, charge, subscriptions, \
    error_code, created_at, updated_at, version_changed, version_event, version_rank";

/// A payment's row.
pub(super) fn payment_of(row: &Row<'_>) -> Result<Payment, StoreError> {
    let id: String = row.get("id")?;
    let impossible = |column| StoreError::Impossible { table: "payments", id: id.clone(), column };
    let time = |column| -> Result<Option<Timestamp>, StoreError> {
        let micros: Option<i64> = row.get(column)?;
        micros.map(|micros| Timestamp::from_microsecond(micros).map_err(|_| impossible(column))).transpose()
    };
    let amount: Option<i64> = row.get("amount")?;
    let currency: Option<String> = row.get("currency")?;
    let money = match (amount, currency) {
        (Some(amount), Some(currency)) => {
            Some(Money::new(amount, currency.parse().map_err(|_| impossible("currency"))?))
        }
        _ => None,
    };
    let products: String = row.get("products")?;
    let subscriptions: String = row.get("subscriptions")?;
    Ok(Payment {
        version: Version::from_parts(row.get("version_changed")?, row.get("version_event")?, row.get("version_rank")?),
        seen: PaymentSeen {
            checkout: row.get("named")?,
            session: row.get("session_id")?,
            created_at: time("created_at")?,
            updated_at: time("updated_at")?,
            state: PaymentState::from_store(&row.get::<_, String>("state")?),
            amount: money,
            products: serde_json::from_str(&products).map_err(|_| impossible("products"))?,
            extends: row.get("extends")?,
            charge: Charge::from_store(&row.get::<_, String>("charge")?),
            subscriptions: serde_json::from_str(&subscriptions).map_err(|_| impossible("subscriptions"))?,
            error_code: row.get("error_code")?,
            id,
        },
    })
}

/// What [`checkout`] reads.
pub(super) const COLUMNS: &str = "id, fingerprint, sends, order_json, customer_reference, customer, session_id, url, created_at, expires_at, status, \
    error_code, buyer_key, failures";

/// The checkout with that value in a column. `column` is one of ours, never a caller's.
pub(super) fn find(
    connection: &Connection,
    column: &'static str,
    value: &(dyn rusqlite::ToSql + Sync),
) -> Result<Option<StoredCheckout>, StoreError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM checkouts WHERE {column} = ?1"))?
        .query_row([value], |row| Ok(checkout(row)))
        .optional()?
        .transpose()
}

/// A checkout's row.
pub(super) fn checkout(row: &Row<'_>) -> Result<StoredCheckout, StoreError> {
    let id: String = row.get("id")?;
    let impossible = |column| StoreError::Impossible { table: "checkouts", id: id.clone(), column };
    let time = |column| -> Result<Timestamp, StoreError> {
        Timestamp::from_microsecond(row.get(column)?).map_err(|_| impossible(column))
    };
    let session: (Option<String>, Option<String>) = (row.get("session_id")?, row.get("url")?);
    let buyer: Option<[u8; 16]> = row.get("buyer_key")?;
    let order: String = row.get("order_json")?;
    let customer: String = row.get("customer")?;
    let status: String = row.get("status")?;
    let status = ALL_STATUSES.into_iter().find(|known| known.as_str() == status).ok_or_else(|| impossible("status"))?;
    Ok(StoredCheckout {
        fingerprint: row.get("fingerprint")?,
        sends: row.get("sends")?,
        order: serde_json::from_str(&order).map_err(|_| impossible("order_json"))?,
        customer_reference: row.get("customer_reference")?,
        customer: CustomerKey::from_store(&customer).ok_or_else(|| impossible("customer"))?,
        session: match session {
            (Some(id), Some(url)) => Some(StoredSession { id, url }),
            _ => None,
        },
        created_at: time("created_at")?,
        expires_at: time("expires_at")?,
        status,
        error_code: row.get("error_code")?,
        buyer: buyer.map(AddressKey::from_bytes),
        failures: row.get("failures")?,
        id,
    })
}

const ALL_STATUSES: [CheckoutStatus; 8] = [
    CheckoutStatus::Open,
    CheckoutStatus::Processing,
    CheckoutStatus::Paid,
    CheckoutStatus::Fulfilled,
    CheckoutStatus::Failed,
    CheckoutStatus::Canceled,
    CheckoutStatus::Expired,
    CheckoutStatus::NeedsReview,
];
