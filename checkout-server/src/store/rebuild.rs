//! Proof that what readers see is the fold of the inbox (G16): everything is folded again, beside the
//! database and without touching it, and compared with what is stored.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Row};
use serde::Serialize;

use super::fold::{self, Observation};
use super::migration::migrate;
use super::sqlite::plan_once;
use super::{Effects, Rules, StoreError, account, projection};
use crate::customer::CustomerKey;
use crate::event::{Notice, Source};
use crate::standing;

/// Reads a notice of the inbox: where it comes from, its kind, its body.
pub type Reader<'a> = &'a dyn Fn(Source, &str, &[u8]) -> Option<Notice>;

/// What was compared, and what differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Notices that were folded again.
    pub notices: u64,
    /// Of them, those that we cannot read, or that tell of no object.
    pub without_an_object: u64,
    /// Of them, those that could not be folded when they came.
    pub stuck: u64,
    /// Customers whose standing was worked out again.
    pub customers: u64,
    /// What differs: a table and an id each.
    pub differences: Vec<String>,
}

/// What the fold of the inbox writes, and by which key. The rest is given: orders, claims, what was done by hand.
const FOLDED: [(&str, &str); 7] = [
    ("payments", "id"),
    ("subscription_payments", "subscription_id || ' ' || payment_id"),
    ("subscriptions", "id"),
    ("refunds", "id"),
    ("disputes", "id"),
    ("dunnings", "subscription_id"),
    ("checkouts", "id"),
];

/// Columns of a checkout that no fold makes, or that say when it did.
const GIVEN: &str = "id, key_hash, fingerprint, sends, order_json, renews, session_id, url, created_at, expires_at, \
    buyer_key, customer_reference, customer";

/// Differences that are named; there may be more.
const MOST_NAMED: usize = 100;

/// Folds the inbox of the database at `path` again and compares. The database is only read, as it was
/// when this began; a helper may go on with it. `told` hears how far it is, in notices.
///
/// # Errors
/// See [`StoreError`].
pub fn verify(
    path: &Path,
    rules: &Rules,
    read: Reader<'_>,
    now: Timestamp,
    mut told: impl FnMut(u64),
) -> Result<Verified, StoreError> {
    let live = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    live.execute_batch("BEGIN")?;
    // A private database of its own, on the disk where it does not fit into memory.
    let mut again = Connection::open("")?;
    migrate(&mut again)?;
    for connection in [&live, &again] {
        plan_once(connection)?;
    }
    give(&live, &again)?;
    let mut verified = Verified::default();
    fold_again(&live, &again, read, &mut verified, &mut told)?;
    for (table, key) in FOLDED {
        compare(&live, &again, table, key, &mut verified.differences)?;
    }
    standings(&live, rules, now, &mut verified)?;
    Ok(verified)
}

/// Copies the orders as they were before anything was paid.
fn give(live: &Connection, again: &Connection) -> Result<(), StoreError> {
    // An order may name a later one's row, which is not there yet.
    again.execute_batch("PRAGMA foreign_keys = OFF; BEGIN")?;
    let mut from = live.prepare(&format!("SELECT {GIVEN} FROM checkouts"))?;
    let width = from.column_count();
    let places = vec!["?"; width].join(", ");
    let mut to = again.prepare(&format!("INSERT INTO checkouts ({GIVEN}, changed_at) VALUES ({places}, 0)"))?;
    let mut rows = from.query([])?;
    while let Some(row) = rows.next()? {
        to.execute(rusqlite::params_from_iter(values(row, width)?))?;
    }
    Ok(())
}

fn values(row: &Row<'_>, width: usize) -> Result<Vec<rusqlite::types::Value>, StoreError> {
    (0..width).map(|column| Ok(row.get(column)?)).collect()
}

fn fold_again(
    live: &Connection,
    again: &Connection,
    read: Reader<'_>,
    verified: &mut Verified,
    told: &mut impl FnMut(u64),
) -> Result<(), StoreError> {
    let mut notices = live.prepare(
        "SELECT kind, observed_at, received_at, body, source, asked_at, again_at, again_asked_at, stuck
         FROM notices ORDER BY seq",
    )?;
    let mut rows = notices.query([])?;
    let mut effects = Effects::default();
    while let Some(row) = rows.next()? {
        verified.notices += 1;
        if verified.notices.is_multiple_of(10_000) {
            told(verified.notices);
        }
        if row.get::<_, Option<String>>("stuck")?.is_some() {
            verified.stuck += 1;
            continue;
        }
        for observation in observations(row, read)? {
            if observation.notice.seen.object().is_none() {
                verified.without_an_object += 1;
            }
            fold::join(again, observation, time(row, "received_at")?.unwrap_or(Timestamp::UNIX_EPOCH), &mut effects)?;
        }
        effects = Effects::default();
    }
    Ok(())
}

/// What a row of the inbox shows: one observation, or for an answer that was given twice the first and the last.
fn observations(row: &Row<'_>, read: Reader<'_>) -> Result<Vec<Observation>, StoreError> {
    let kind: Option<String> = row.get("kind")?;
    let body: Vec<u8> = row.get("body")?;
    let source = match row.get::<_, String>("source")?.as_str() {
        "refetch" => Source::Refetch,
        _ => Source::Webhook,
    };
    let Some(notice) = read(source, kind.as_deref().unwrap_or_default(), &body) else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for (observed, asked) in [("observed_at", "asked_at"), ("again_at", "again_asked_at")] {
        let Some(observed_at) = time(row, observed)? else { continue };
        let at = time(row, asked)?.or(notice.at);
        all.push(Observation { notice: Notice { at, ..notice.clone() }, observed_at, source });
    }
    Ok(all)
}

fn time(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>, StoreError> {
    let micros: Option<i64> = row.get(column)?;
    Ok(micros.map(|micros| Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX)))
}

/// Compares a table row by row, both in the order of their keys.
fn compare(
    live: &Connection,
    again: &Connection,
    table: &str,
    key: &str,
    differences: &mut Vec<String>,
) -> Result<(), StoreError> {
    let columns = match table {
        "checkouts" => "status, payment_id, error_code, paid_twice, failures",
        _ => "*",
    };
    let sql = format!("SELECT {key} AS row_key, {columns} FROM {table} ORDER BY 1");
    let (mut stored, mut folded) = (live.prepare(&sql)?, again.prepare(&sql)?);
    let width = stored.column_count();
    let (mut stored, mut folded) = (stored.query([])?, folded.query([])?);
    let (mut left, mut right) = (next(&mut stored, width)?, next(&mut folded, width)?);
    while left.is_some() || right.is_some() {
        let (left_key, right_key) = (left.as_ref().map(|row| &row.0), right.as_ref().map(|row| &row.0));
        let order = match (left_key, right_key) {
            (Some(left), Some(right)) => left.cmp(right),
            (Some(_), None) => std::cmp::Ordering::Less,
            _ => std::cmp::Ordering::Greater,
        };
        if left != right && differences.len() < MOST_NAMED {
            let id = if order.is_gt() { right_key } else { left_key };
            differences.push(format!("{table} {}", id.map(String::as_str).unwrap_or_default()));
        }
        if order.is_le() {
            left = next(&mut stored, width)?;
        }
        if order.is_ge() {
            right = next(&mut folded, width)?;
        }
    }
    Ok(())
}

type Keyed = (String, Vec<rusqlite::types::Value>);

fn next(rows: &mut rusqlite::Rows<'_>, width: usize) -> Result<Option<Keyed>, StoreError> {
    let Some(row) = rows.next()? else { return Ok(None) };
    Ok(Some((row.get(0)?, values(row, width)?)))
}

/// Works out each customer's standing from the stored facts, where time has not passed a change since.
fn standings(live: &Connection, rules: &Rules, now: Timestamp, verified: &mut Verified) -> Result<(), StoreError> {
    // A demo's clock runs ahead of ours.
    let newest: Option<i64> = live.query_row("SELECT max(changed_at) FROM customers", [], |row| row.get(0))?;
    let newest = newest.and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let now = newest.map_or(now, |newest| newest.max(now));
    let mut customers = live.prepare("SELECT customer FROM customers ORDER BY customer")?;
    let mut rows = customers.query([])?;
    while let Some(row) = rows.next()? {
        let key: String = row.get(0)?;
        verified.customers += 1;
        let impossible = || StoreError::Impossible { table: "customers", id: "a key".to_owned(), column: "customer" };
        let customer = CustomerKey::from_store(&key).ok_or_else(impossible)?;
        let stored = projection::projected(live, &customer)?;
        if stored.next_change_at.is_some_and(|at| at <= now.as_microsecond()) {
            continue;
        }
        let (standing, _) = standing::of(&account::account(live, &customer)?, &rules.catalog, now);
        if standing != stored.standing && verified.differences.len() < MOST_NAMED {
            verified.differences.push(format!("customers {customer:?}"));
        }
    }
    Ok(())
}
