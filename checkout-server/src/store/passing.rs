//! What time alone changes: no event tells of it (G20).

use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio_util::sync::CancellationToken;

use super::sqlite::in_savepoint;
use super::{Effects, Rules, Store, StoreError, projection};
use crate::customer::CustomerKey;
use crate::fault::{self, Mutant, crash_point};

/// Customers in one transaction: the fold must not wait long for it.
const AT_ONCE: u32 = 64;
/// Until a customer whose rows cannot be read is tried again.
const PUT_OFF: SignedDuration = SignedDuration::from_hours(1);

impl Store {
    /// When something next changes by time alone.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn next_change(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(|connection| {
            let next: Option<i64> = connection
                .prepare_cached("SELECT min(next_change_at) FROM customers WHERE next_change_at IS NOT NULL")?
                .query_row([], |row| row.get(0))
                .optional()?
                .flatten();
            Ok(next.map(|micros| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)))
        })
        .await
    }

    /// Works out anew the customers for whom it is time, the earliest first; `None` where there are none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn pass_time(&self, now: Timestamp) -> Result<Option<Effects>, StoreError> {
        let rules = self.rules.clone();
        self.write(move |connection| {
            let due = if fault::is(Mutant::ExpiryByEventOnly) { Vec::new() } else { due(connection, now)? };
            let mut effects = Effects::default();
            for key in &due {
                match in_savepoint(connection, |connection| settle(connection, &rules, key, now)) {
                    // One row that cannot be read holds up nobody else.
                    Err(error @ StoreError::Impossible { .. }) => {
                        put_off(connection, key, now)?;
                        effects.add(Effects { stuck: Some(error), ..Effects::default() });
                    }
                    settled => effects.add(settled?),
                }
                crash_point("time.settled");
            }
            Ok((!due.is_empty()).then_some(effects))
        })
        .await
    }

    /// Whether the catalog is another one than the one that every customer was worked out by: it says what
    /// each price gives. Until [`Self::follow_the_catalog`] is done, whoever asks gets the right answer
    /// all the same. To be called before anything is folded: see [`forget_another`].
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn compare_the_catalog(&self) -> Result<(), StoreError> {
        let version = self.rules.catalog.version();
        let followed = self
            .read(move |connection| {
                let sql = "SELECT 1 FROM facts WHERE name = 'catalog' AND value = ?1";
                Ok(connection.prepare_cached(sql)?.exists([version])?)
            })
            .await?;
        self.rules.behind.store(!followed, Ordering::Relaxed);
        if !followed {
            let rules = self.rules.clone();
            self.write(move |connection| forget_another(connection, &rules)).await?;
        }
        Ok(())
    }

    /// Makes every customer due to be worked out anew, a few at a time, where the catalog is another one
    /// than last time. It ends between two of them when the helper stops; the next start begins anew.
    ///
    /// # Errors
    /// See [`StoreError`]; the next call begins anew.
    pub async fn follow_the_catalog(&self, stopping: &CancellationToken) -> Result<(), StoreError> {
        let mut after = Some(String::new());
        while let Some(last) = after.filter(|_| self.rules.is_behind() && !stopping.is_cancelled()) {
            after = self.write(move |connection| make_due(connection, &last)).await?;
            if after.is_none() {
                let version = self.rules.catalog.version();
                self.write(move |connection| {
                    let sql = "INSERT OR REPLACE INTO facts (name, value) VALUES ('catalog', ?1)";
                    connection.prepare_cached(sql)?.execute([version])?;
                    Ok(())
                })
                .await?;
                self.rules.behind.store(false, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    /// Works out anew how a customer stands, after something that no notice told.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn refold(&self, customer: &CustomerKey, now: Timestamp) -> Result<Effects, StoreError> {
        let (customer, rules) = (customer.clone(), self.rules.clone());
        self.write(move |connection| {
            let mut effects = Effects::default();
            projection::settle(connection, &rules, &customer, now, &mut effects)?;
            Ok(effects)
        })
        .await
    }
}

/// Forgets by which catalog every customer was worked out, where that is another one: as soon as one of
/// them follows this one, no catalog is everybody's, also not the former one when it comes back.
pub(super) fn forget_another(connection: &Connection, rules: &Rules) -> Result<(), StoreError> {
    let sql = "DELETE FROM facts WHERE name = 'catalog' AND value <> ?1";
    connection.prepare_cached(sql)?.execute([rules.catalog.version()])?;
    Ok(())
}

fn settle(connection: &Connection, rules: &Rules, key: &str, now: Timestamp) -> Result<Effects, StoreError> {
    let impossible = || StoreError::Impossible { table: "customers", id: "a key".to_owned(), column: "customer" };
    let customer = CustomerKey::from_store(key).ok_or_else(impossible)?;
    let mut effects = Effects::default();
    projection::settle(connection, rules, &customer, now, &mut effects)?;
    Ok(effects)
}

/// Makes some customers due, those after that key; gives the last of them, or `None` where there were none.
fn make_due(connection: &Connection, after: &str) -> Result<Option<String>, StoreError> {
    let last: Option<String> = connection
        .prepare_cached(
            "SELECT max(customer) FROM (SELECT customer FROM customers WHERE customer > ?1 ORDER BY customer LIMIT ?2)",
        )?
        .query_row(params![after, AT_ONCE], |row| row.get(0))?;
    if let Some(last) = &last {
        connection
            .prepare_cached("UPDATE customers SET next_change_at = 0 WHERE customer > ?1 AND customer <= ?2")?
            .execute([after, last.as_str()])?;
    }
    Ok(last)
}

fn put_off(connection: &Connection, key: &str, now: Timestamp) -> Result<(), StoreError> {
    let later = now + PUT_OFF;
    connection
        .prepare_cached("UPDATE customers SET next_change_at = ?2 WHERE customer = ?1")?
        .execute(params![key, later.as_microsecond()])?;
    Ok(())
}

/// The keys of those for whom it is time.
fn due(connection: &Connection, now: Timestamp) -> Result<Vec<String>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT customer FROM customers WHERE next_change_at <= ?1 ORDER BY next_change_at LIMIT ?2")?;
    let rows = statement.query_map((now.as_microsecond(), AT_ONCE), |row| row.get::<_, String>(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
