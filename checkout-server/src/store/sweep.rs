//! What a sweep compares with the provider's lists, and how far it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _};
use serde::de::DeserializeOwned;

use super::rows::{PAYMENT_COLUMNS, json, payment_of};
use super::{Store, StoreError};
use crate::event::{Dispute, Refund, Seen, Subscription};
use crate::healing::sweep::plan::Memory;
use crate::provider::Kind;

/// The fact under which it is remembered.
const SWEEP: &str = "sweep";

impl Store {
    /// What we know of these objects, by the provider's ids.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn known(&self, kind: Kind, ids: Vec<String>) -> Result<BTreeMap<String, Seen>, StoreError> {
        self.read(move |connection| {
            let mut known = BTreeMap::new();
            for id in ids {
                if let Some(seen) = seen(connection, kind, &id)? {
                    known.insert(id, seen);
                }
            }
            Ok(known)
        })
        .await
    }

    /// What is remembered of sweeps; `None` before the first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn sweep_memory(&self) -> Result<Option<Memory>, StoreError> {
        self.read(|connection| {
            let value: Option<String> = connection
                .prepare_cached("SELECT value FROM facts WHERE name = ?1")?
                .query_row([SWEEP], |row| row.get(0))
                .optional()?;
            // A later release may have written it otherwise; then sweeping begins anew.
            Ok(value.and_then(|value| serde_json::from_str(&value).ok()))
        })
        .await
    }

    /// Remembers how far a sweep is.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn remember_sweep(&self, memory: &Memory) -> Result<(), StoreError> {
        let value = json(memory)?;
        self.write(move |connection| {
            connection
                .prepare_cached("INSERT OR REPLACE INTO facts (name, value) VALUES (?1, ?2)")?
                .execute([SWEEP, &value])?;
            Ok(())
        })
        .await
    }

    /// When the oldest checkout was made.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn oldest_checkout(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|connection| {
            let oldest: Option<i64> =
                connection.query_row("SELECT MIN(created_at) FROM checkouts", [], |row| row.get(0))?;
            Ok(oldest.and_then(|oldest| Timestamp::from_microsecond(oldest).ok()))
        })
        .await
    }
}

fn seen(connection: &Connection, kind: Kind, id: &str) -> Result<Option<Seen>, StoreError> {
    Ok(match kind {
        Kind::Payment => connection
            .prepare_cached(&format!("SELECT {PAYMENT_COLUMNS} FROM payments WHERE id = ?1"))?
            .query_row([id], |row| Ok(payment_of(row)))
            .optional()?
            .transpose()?
            .map(|payment| Seen::Payment(payment.seen)),
        Kind::Subscription => object::<Subscription>(connection, "subscriptions", id)?
            .map(|subscription| Seen::Subscription(subscription.seen)),
        Kind::Refund => object::<Refund>(connection, "refunds", id)?.map(|refund| Seen::Refund(refund.seen)),
        Kind::Dispute => object::<Dispute>(connection, "disputes", id)?.map(|dispute| Seen::Dispute(dispute.seen)),
    })
}

/// A row whose object is JSON. `table` is one of ours, never a caller's.
fn object<T: DeserializeOwned>(
    connection: &Connection,
    table: &'static str,
    id: &str,
) -> Result<Option<T>, StoreError> {
    let data: Option<String> = connection
        .prepare_cached(&format!("SELECT data FROM {table} WHERE id = ?1"))?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let impossible = |_| StoreError::Impossible { table, id: id.to_owned(), column: "data" };
    data.map(|data| serde_json::from_str(&data).map_err(impossible)).transpose()
}
