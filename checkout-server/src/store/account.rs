//! Everything that is known of one customer, read for the fold and for whoever asks.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::Connection;
use serde::de::DeserializeOwned;

use super::objects::{DISPUTES, DUNNINGS, Objects, REFUNDS, SUBSCRIPTIONS};
use super::rows::{COLUMNS, PAYMENT_COLUMNS, checkout, payment_of};
use super::{StoreError, StoredCheckout};
use crate::customer::CustomerKey;
use crate::entitlement::{ByHand, Limit};
use crate::event::{Dispute, Dunning, Payment, Refund, Subscription};
use crate::standing::{Account, Bought};

/// The customer's account. Checkouts that were never paid are left out: they give nothing.
pub(super) fn account(connection: &Connection, customer: &CustomerKey) -> Result<Account, StoreError> {
    let key = customer.stored();
    let mut bought = bought(connection, &key)?;
    if !bought.is_empty() {
        payments(connection, &key, &mut bought)?;
        subscriptions(connection, &key, &mut bought)?;
        refunds(connection, &key, &mut bought)?;
        disputes(connection, &key, &mut bought)?;
    }
    Ok(Account { bought: bought.into_values().collect(), by_hand: by_hand(connection, &key)? })
}

fn bought(connection: &Connection, key: &str) -> Result<BTreeMap<String, Bought>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, paid_twice, EXISTS (SELECT 1 FROM claims WHERE checkout_id = checkouts.id) AS claimed
         FROM checkouts WHERE customer = ?1 AND payment_id IS NOT NULL"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([key])?;
    let mut all = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let StoredCheckout { id, order, status, session, .. } = checkout(row)?;
        let bought = Bought {
            checkout: id.clone(),
            order,
            session: session.map(|session| session.id),
            status,
            paid_twice: row.get("paid_twice")?,
            claimed: row.get("claimed")?,
            payments: Vec::new(),
            subscriptions: Vec::new(),
            dunnings: BTreeMap::new(),
            refunds: Vec::new(),
            disputes: Vec::new(),
        };
        all.insert(id, bought);
    }
    Ok(all)
}

fn payments(connection: &Connection, key: &str, all: &mut BTreeMap<String, Bought>) -> Result<(), StoreError> {
    let sql = format!("SELECT {PAYMENT_COLUMNS} FROM payments WHERE customer = ?1 ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([key])?;
    while let Some(row) = rows.next()? {
        let payment: Payment = payment_of(row)?;
        let owner: Option<String> = row.get("checkout_id")?;
        if let Some(bought) = owner.and_then(|owner| all.get_mut(&owner)) {
            bought.payments.push(payment);
        }
    }
    Ok(())
}

fn subscriptions(connection: &Connection, key: &str, all: &mut BTreeMap<String, Bought>) -> Result<(), StoreError> {
    let sql = "SELECT subscriptions.id, checkout_id, subscriptions.data, dunnings.data FROM subscriptions
               LEFT JOIN dunnings ON dunnings.subscription_id = subscriptions.id
               WHERE customer = ?1 ORDER BY subscriptions.id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([key])?;
    while let Some(row) = rows.next()? {
        let (id, checkout): (String, String) = (row.get(0)?, row.get(1)?);
        let Some(bought) = all.get_mut(&checkout) else { continue };
        let subscription: Subscription = SUBSCRIPTIONS.read(&id, &row.get::<_, String>(2)?)?;
        if let Some(data) = row.get::<_, Option<String>>(3)? {
            let dunning: Dunning = DUNNINGS.read(&id, &data)?;
            bought.dunnings.insert(id, dunning);
        }
        bought.subscriptions.push(subscription);
    }
    Ok(())
}

fn refunds(connection: &Connection, key: &str, all: &mut BTreeMap<String, Bought>) -> Result<(), StoreError> {
    let sql = "SELECT refunds.id, payments.checkout_id, refunds.data FROM payments
               JOIN refunds ON refunds.payment_id = payments.id WHERE payments.customer = ?1 ORDER BY refunds.id";
    each(connection, sql, key, &REFUNDS, |checkout, refund: Refund| {
        all.entry(checkout).and_modify(|bought| bought.refunds.push(refund));
    })
}

fn disputes(connection: &Connection, key: &str, all: &mut BTreeMap<String, Bought>) -> Result<(), StoreError> {
    let sql = "SELECT disputes.id, payments.checkout_id, disputes.data FROM payments
               JOIN disputes ON disputes.payment_id = payments.id WHERE payments.customer = ?1 ORDER BY disputes.id";
    each(connection, sql, key, &DISPUTES, |checkout, dispute: Dispute| {
        all.entry(checkout).and_modify(|bought| bought.disputes.push(dispute));
    })
}

/// Reads rows of (id, checkout, data).
fn each<T: DeserializeOwned>(
    connection: &Connection,
    sql: &'static str,
    key: &str,
    objects: &Objects,
    mut take: impl FnMut(String, T),
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([key])?;
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        take(row.get(1)?, objects.read(&id, &row.get::<_, String>(2)?)?);
    }
    Ok(())
}

fn by_hand(connection: &Connection, key: &str) -> Result<Vec<ByHand>, StoreError> {
    let sql = "SELECT id, entitlement, given, until, limits FROM access_by_hand
               WHERE customer = ?1 AND lifted_at IS NULL ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([key])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get("id")?;
        let impossible = |column| StoreError::Impossible { table: "access_by_hand", id: id.clone(), column };
        let until: Option<i64> = row.get("until")?;
        let limits: String = row.get("limits")?;
        let limits: BTreeMap<String, Limit> = serde_json::from_str(&limits).map_err(|_| impossible("limits"))?;
        all.push(ByHand {
            entitlement: row.get("entitlement")?,
            given: row.get("given")?,
            until: until
                .map(|until| Timestamp::from_microsecond(until).map_err(|_| impossible("until")))
                .transpose()?,
            limits,
        });
    }
    Ok(all)
}
