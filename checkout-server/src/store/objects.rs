//! The provider's objects as their observations join them: subscriptions, refunds, disputes and
//! dunnings, a row each. Payments are in `rows.rs`.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;
use super::rows::json;
use crate::customer::CustomerKey;
use crate::event::{Dispute, Dunning, Refund, Subscription};

/// A table of objects, each as JSON in `data`.
pub(super) struct Objects {
    table: &'static str,
    key: &'static str,
}

pub(super) const SUBSCRIPTIONS: Objects = Objects { table: "subscriptions", key: "id" };
pub(super) const REFUNDS: Objects = Objects { table: "refunds", key: "id" };
pub(super) const DISPUTES: Objects = Objects { table: "disputes", key: "id" };
pub(super) const DUNNINGS: Objects = Objects { table: "dunnings", key: "subscription_id" };

impl Objects {
    /// The object of that id, as it is known.
    pub(super) fn find<T: DeserializeOwned>(&self, connection: &Connection, id: &str) -> Result<Option<T>, StoreError> {
        let Self { table, key } = self;
        let data: Option<String> = connection
            .prepare_cached(&format!("SELECT data FROM {table} WHERE {key} = ?1"))?
            .query_row([id], |row| row.get(0))
            .optional()?;
        data.map(|data| self.read(id, &data)).transpose()
    }

    /// What a `data` column holds.
    pub(super) fn read<T: DeserializeOwned>(&self, id: &str, data: &str) -> Result<T, StoreError> {
        let impossible = |_| StoreError::Impossible { table: self.table, id: id.to_owned(), column: "data" };
        serde_json::from_str(data).map_err(impossible)
    }
}

/// Writes a subscription; whose it is only becomes known, never unknown.
pub(super) fn save_subscription(
    connection: &Connection,
    subscription: &Subscription,
    owner: Option<&(String, CustomerKey)>,
) -> Result<(), StoreError> {
    let (checkout, customer) = (owner.map(|(checkout, _)| checkout), owner.map(|(_, customer)| customer.stored()));
    connection
        .prepare_cached(
            "INSERT INTO subscriptions (id, checkout_id, customer, state, data, changed_at, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (id) DO UPDATE SET checkout_id = coalesce(?2, checkout_id),
                 customer = coalesce(?3, customer), state = ?4, data = ?5, changed_at = ?6, created_at = ?7",
        )?
        .execute(params![
            subscription.seen.id,
            checkout,
            customer,
            subscription.seen.state.as_str(),
            json(subscription)?,
            subscription.version.changed,
            subscription.seen.created_at.map(Timestamp::as_microsecond),
        ])?;
    Ok(())
}

/// Writes a refund.
pub(super) fn save_refund(connection: &Connection, refund: &Refund) -> Result<(), StoreError> {
    save(connection, "refunds", &refund.seen.id, &refund.seen.payment, refund)
}

/// Writes a dispute.
pub(super) fn save_dispute(connection: &Connection, dispute: &Dispute) -> Result<(), StoreError> {
    save(connection, "disputes", &dispute.seen.id, &dispute.seen.payment, dispute)
}

fn save(
    connection: &Connection,
    table: &'static str,
    id: &str,
    payment: &str,
    object: &impl Serialize,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(&format!("INSERT OR REPLACE INTO {table} (id, payment_id, data) VALUES (?1, ?2, ?3)"))?
        .execute(params![id, payment, json(object)?])?;
    Ok(())
}

/// Writes whether the provider still tries.
pub(super) fn save_dunning(connection: &Connection, dunning: &Dunning) -> Result<(), StoreError> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO dunnings (subscription_id, data) VALUES (?1, ?2)")?
        .execute(params![dunning.seen.subscription, json(dunning)?])?;
    Ok(())
}

/// Whose a subscription is: the order whose own session was paid by a sale that names it. What its
/// metadata says is no proof: a buyer can write into that of a payment link (dodo/README 4). The
/// lesser of two orders, so that it does not matter which payment came first.
pub(super) fn subscription_owner(
    connection: &Connection,
    subscription: &str,
) -> Result<Option<(String, CustomerKey)>, StoreError> {
    let owner: Option<(String, String)> = connection
        .prepare_cached(
            "SELECT checkouts.id, checkouts.customer FROM subscription_payments
             JOIN payments ON payments.id = subscription_payments.payment_id
             JOIN checkouts ON checkouts.id = payments.checkout_id AND checkouts.session_id = payments.session_id
             WHERE subscription_payments.subscription_id = ?1 AND payments.charge = 'sale'
             ORDER BY checkouts.id LIMIT 1",
        )?
        .query_row([subscription], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((checkout, customer)) = owner else { return Ok(None) };
    let impossible = || StoreError::Impossible { table: "checkouts", id: checkout.clone(), column: "customer" };
    let customer = CustomerKey::from_store(&customer).ok_or_else(impossible)?;
    Ok(Some((checkout, customer)))
}

/// Remembers which subscriptions a payment paid for.
pub(super) fn link(connection: &Connection, subscription: &str, payment: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO subscription_payments (subscription_id, payment_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute([subscription, payment])?;
    Ok(())
}

/// Gives a subscription that is there already, and payments for it that are nobody's, to the order that
/// began it. Gives the customer whose it was until now.
pub(super) fn give(
    connection: &Connection,
    subscription: &str,
    (checkout, customer): &(String, CustomerKey),
) -> Result<Option<CustomerKey>, StoreError> {
    let customer = customer.stored();
    let former: Option<Option<String>> = connection
        .prepare_cached("SELECT customer FROM subscriptions WHERE id = ?1")?
        .query_row([subscription], |row| row.get(0))
        .optional()?;
    connection
        .prepare_cached(
            "UPDATE subscriptions SET checkout_id = ?2, customer = ?3
             WHERE id = ?1 AND (checkout_id, customer) IS NOT (?2, ?3)",
        )?
        .execute(params![subscription, checkout, customer])?;
    connection
        .prepare_cached(
            "UPDATE payments SET checkout_id = ?2, customer = ?3 WHERE checkout_id IS NULL
             AND id IN (SELECT payment_id FROM subscription_payments WHERE subscription_id = ?1)",
        )?
        .execute(params![subscription, checkout, customer])?;
    Ok(former.flatten().filter(|former| *former != customer).as_deref().and_then(CustomerKey::from_store))
}

/// Whether a subscription is known to run.
pub(super) fn is_active(connection: &Connection, subscription: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM subscriptions WHERE id = ?1 AND state = 'active'";
    Ok(connection.prepare_cached(sql)?.exists([subscription])?)
}
