//! From facts to what readers see: how a customer stands is worked out anew from all that is known of
//! them; the difference is told (`record.rs`), in the same transaction (G14, G16).

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::account::account;
use super::rows::json;
use super::{Effects, Rules, StoreError, backup, record, renewals};
use crate::announcement::Kind;
use crate::customer::CustomerKey;
use crate::fault::crash_point;
use crate::standing::{self, Standing};

/// A customer's row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Projected {
    /// Grows with each change of what may be used; where nothing was ever heard of them 0, or what numbers
    /// begin after in a database that was restored.
    pub(super) version: i64,
    /// How they stood at the last change.
    pub(super) standing: Standing,
    /// When time alone changes that: microseconds.
    pub(super) next_change_at: Option<i64>,
}

/// The row of that customer, or an empty one.
pub(super) fn projected(connection: &Connection, customer: &CustomerKey) -> Result<Projected, StoreError> {
    let row: Option<(i64, String, Option<i64>)> = connection
        .prepare_cached("SELECT version, standing, next_change_at FROM customers WHERE customer = ?1")?
        .query_row([customer.stored()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    let Some((version, standing, next_change_at)) = row else {
        return Ok(Projected { version: backup::floor(connection)?, ..Projected::default() });
    };
    let impossible = |_| StoreError::Impossible { table: "customers", id: format!("{customer:?}"), column: "standing" };
    Ok(Projected { version, standing: serde_json::from_str(&standing).map_err(impossible)?, next_change_at })
}

/// Works out how a customer stands now, writes it and tells the difference.
pub(super) fn settle(
    connection: &Connection,
    rules: &Rules,
    customer: &CustomerKey,
    now: Timestamp,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    let before = projected(connection, customer)?;
    let (standing, next) = standing::of(&account(connection, customer)?, &rules.catalog, now);
    let next_change_at = next.map(Timestamp::as_microsecond);
    renewals::schedule(connection, &standing, now)?;
    if before.standing == standing && before.next_change_at == next_change_at {
        return Ok(());
    }
    let news = standing::news(&before.standing, &standing);
    let differs = news.iter().any(|news| news.kind == Kind::EntitlementsChanged);
    let after = Projected { version: before.version + i64::from(differs), standing, next_change_at };
    save(connection, customer, &after, now)?;
    crash_point("fold.customer");
    record::tell(connection, rules, customer, &news, &after, now, effects)
}

fn save(
    connection: &Connection,
    customer: &CustomerKey,
    Projected { version, standing, next_change_at }: &Projected,
    now: Timestamp,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO customers (customer, version, standing, next_change_at, changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![customer.stored(), version, json(standing)?, next_change_at, now.as_microsecond()])?;
    Ok(())
}
