//! Copies of the database: made while a helper goes on with it, looked through, and told apart from the
//! database that they were once (G2e).
//!
//! A copy is made by `VACUUM INTO` on a connection that only reads. It is the database at one moment, as
//! a reader sees it: the writer waits for nothing, and what it commits meanwhile is not in it. SQLite's
//! backup calls would copy page by page; they begin anew at each commit of another process, or take over
//! a damaged page as it is. Here every row is read and written again, so damage is noticed where it is,
//! and what was deleted is not in the copy. It costs a few seconds a gigabyte more, and nobody waits for it.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, params};
use serde::Serialize;

use super::{StoreError, migration};
use crate::ordering::MOST_SENDS;

mod seal;

pub(super) use seal::take_off as take_seal_off;

/// The name of the fact that says when a database was restored: seconds since 1970. Numbers that
/// consumers see go on after it.
pub(super) const RESTORED: &str = "restored_at";

/// How long a busy database is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is in a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// The version of its tables.
    pub schema: i32,
    /// Its orders.
    pub checkouts: u64,
    /// Its inbox.
    pub notices: u64,
    /// Whether it carries the seal of [`copy`], and each value is what was copied. One that was made by other
    /// means has none.
    pub sealed: bool,
}

/// Copies the database at `from` as it is now into the empty file at `to`. A helper may go on with it. The
/// copy is not synced yet.
///
/// # Errors
/// See [`StoreError`]; then what is at `to` is of no use.
pub fn copy(from: &Path, to: &Path) -> Result<(), StoreError> {
    let database = Connection::open_with_flags(from, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    database.busy_timeout(PATIENCE)?;
    let to = to.to_str().ok_or_else(|| StoreError::Unavailable(format!("{} is no UTF-8", to.display())))?;
    database.execute("VACUUM INTO ?1", [to])?;
    seal::put_on(&Connection::open(to)?)
}

/// Looks through a whole copy: that each page and each index is sound, each reference has its row, each value
/// is what was copied, and this release can read it.
///
/// # Errors
/// What is wrong with it.
pub fn check(copy: &Path) -> Result<Contents, StoreError> {
    let length = std::fs::metadata(copy).map_err(|error| StoreError::Unavailable(error.to_string()))?.len();
    let copy = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let schema = match migration::version(&copy)? {
        Some(found) if found > migration::newest() => {
            return Err(StoreError::Newer { found, known: migration::newest() });
        }
        Some(found) => found,
        None => return Err(StoreError::Damaged("it is a database, but none of this helper's".to_owned())),
    };
    let whole: i64 =
        copy.query_row("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", [], |row| row.get(0))?;
    if length != whole.unsigned_abs() {
        return Err(StoreError::Damaged(format!("it has {length} bytes and not {whole}")));
    }
    let sound: String = copy.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(StoreError::Damaged(sound));
    }
    let astray = copy.query_row("SELECT count(*), min(\"table\") FROM pragma_foreign_key_check", [], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?))
    })?;
    if let (1.., table) = astray {
        return Err(StoreError::Damaged(format!(
            "{} rows of {} name others that are not there",
            astray.0,
            table.unwrap_or_default()
        )));
    }
    let count = |sql| Ok::<u64, StoreError>(copy.query_row(sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs());
    Ok(Contents {
        schema,
        checkouts: count("SELECT count(*) FROM checkouts")?,
        notices: count("SELECT count(*) FROM notices")?,
        sealed: seal::holds(&copy)?,
    })
}

/// Brings a copy up to this release and makes it a database to go on with: what may have happened since it
/// was taken is neither done nor counted twice. `replaced` is the database in whose place it comes.
///
/// # Errors
/// See [`StoreError`]; then the copy is of no use.
pub fn make_current(copy: &Path, replaced: Option<&Path>, now: Timestamp) -> Result<(), StoreError> {
    // What is replaced may be broken: then the time has to do.
    let told = replaced.and_then(|database| highest(database).ok()).unwrap_or(0);
    let mut copy = Connection::open(copy)?;
    // One file: a copy by other means may still be in the mode that has two more beside it.
    copy.pragma_update(None, "journal_mode", "DELETE")?;
    copy.pragma_update(None, "foreign_keys", "ON")?;
    take_seal_off(&copy)?;
    migration::migrate(&mut copy)?;
    if tables(&copy)? != tables(&migration::fresh()?)? {
        return Err(StoreError::Damaged("its tables are not those of this helper".to_owned()));
    }
    let transaction = copy.transaction()?;
    go_on(&transaction, told.saturating_add(1).max(now.as_second()), now)?;
    Ok(transaction.commit()?)
}

/// Its tables, indexes and triggers, as they were written.
fn tables(connection: &Connection) -> Result<Vec<(String, String, Option<String>)>, StoreError> {
    let sql = "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%' ORDER BY type, name";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The highest number that consumers may have seen from a database.
fn highest(database: &Path) -> Result<i64, StoreError> {
    let database = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let sql =
        "SELECT max((SELECT COALESCE(max(version), 0) FROM customers), (SELECT COALESCE(max(last), 0) FROM lines))";
    let used: i64 = database.query_row(sql, [], |row| row.get(0))?;
    Ok(used.max(floor(&database)?))
}

/// What a restored database must not do again, and what it must do first.
fn go_on(connection: &Connection, floor: i64, now: Timestamp) -> Result<(), StoreError> {
    // Consumers have seen higher numbers than these. Of a database that is not there any more nobody knows
    // which: no customer has as many changes as there are seconds since 1970 (G23).
    connection
        .execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?1, ?2)", params![RESTORED, floor.to_string()])?;
    connection.execute("UPDATE customers SET version = max(version, ?1)", [floor])?;
    connection.execute("UPDATE lines SET last = max(last, ?1)", [floor])?;
    // A refund that was planned then may have been sent since: it is looked for, never sent again (G6).
    connection.execute(
        "UPDATE intents SET state = 'unknown', attempts = 0, due_at = ?1, changed_at = ?1 WHERE state = 'planned'",
        [now.as_microsecond()],
    )?;
    // An order without a page then may have had one revealed since: it gets no second one (G5). A payment
    // in the first finds it by its metadata.
    connection.execute(
        "UPDATE checkouts SET sends = max(sends, ?1) WHERE session_id IS NULL AND payment_id IS NULL",
        [MOST_SENDS],
    )?;
    // As if it had never been compared: the helper begins with that (G18).
    connection.execute(
        "UPDATE facts SET value = json_set(value, '$.recent_at', NULL, '$.full_at', NULL, '$.under_way', NULL)
         WHERE name = 'sweep' AND json_valid(value)",
        [],
    )?;
    Ok(())
}

/// After which number those of a new customer begin: none, but in a database that was restored.
pub(super) fn floor(connection: &Connection) -> Result<i64, StoreError> {
    let mut restored =
        connection.prepare_cached("SELECT COALESCE(max(CAST(value AS INTEGER)), 0) FROM facts WHERE name = ?1")?;
    Ok(restored.query_row([RESTORED], |row| row.get(0))?)
}
