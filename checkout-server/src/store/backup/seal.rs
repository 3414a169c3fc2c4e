//! The seal of a copy: a hash over everything in it, kept in it. SQLite notices where its pages and its
//! indexes do not fit together any more; a byte that changed inside a value it takes for what was written.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};

use super::StoreError;

/// A table that copies alone have.
const TABLE: &str = "backup_seal";

/// Seals a copy that nobody else has yet.
///
/// # Errors
/// See [`StoreError`]; then the copy is of no use.
pub(super) fn put_on(copy: &Connection) -> Result<(), StoreError> {
    // Nobody uses a copy that was ended in the middle.
    copy.pragma_update(None, "journal_mode", "OFF")?;
    take_off(copy)?;
    let hash = of(copy)?;
    copy.execute_batch(&format!("CREATE TABLE {TABLE} (hash BLOB NOT NULL)"))?;
    copy.execute(&format!("INSERT INTO {TABLE} (hash) VALUES (?1)"), params![hash.as_slice()])?;
    Ok(())
}

/// Makes a copy, or what was one, a database that changes.
///
/// # Errors
/// See [`StoreError`].
pub(in crate::store) fn take_off(database: &Connection) -> Result<(), StoreError> {
    Ok(database.execute_batch(&format!("DROP TABLE IF EXISTS {TABLE}"))?)
}

/// Whether a copy is sealed.
///
/// # Errors
/// It was changed since.
pub(super) fn holds(copy: &Connection) -> Result<bool, StoreError> {
    if !copy.table_exists(None, TABLE)? {
        return Ok(false);
    }
    let changed = || StoreError::Damaged("it is not as it was when it was made: its seal does not fit".to_owned());
    let kept: Option<Vec<u8>> =
        copy.query_row(&format!("SELECT hash FROM {TABLE}"), [], |row| row.get(0)).optional()?;
    if kept.ok_or_else(changed)?.as_slice() == of(copy)?.as_slice() { Ok(true) } else { Err(changed()) }
}

/// The hash of all tables, with how each was made and each of its rows. What SQLite counts for its planner
/// is no part of it.
fn of(copy: &Connection) -> Result<[u8; 32], StoreError> {
    let mut hash = Sha256::new();
    let ours = format!("name NOT IN ('{TABLE}', 'sqlite_schema') AND name NOT LIKE 'sqlite_stat%'");
    rows(copy, &format!("(SELECT type, name, sql FROM sqlite_schema WHERE {ours} ORDER BY type, name)"), &mut hash)?;
    let sql = format!(
        "SELECT name, wr, ncol FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND {ours} ORDER BY name"
    );
    let mut tables = copy.prepare(&sql)?;
    let tables = tables.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for table in tables.collect::<Result<Vec<(String, bool, i64)>, _>>()? {
        // An order that no index and no later SQLite changes.
        let source = match table {
            (name, false, _) => format!("\"{name}\" NOT INDEXED ORDER BY rowid"),
            (name, true, columns) => {
                let columns: Vec<String> = (1..=columns).map(|column| column.to_string()).collect();
                format!("\"{name}\" ORDER BY {}", columns.join(", "))
            }
        };
        rows(copy, &source, &mut hash)?;
    }
    Ok(hash.finalize().into())
}

/// Adds what a source gives: each value with its type and its length, so that none can pass for two.
fn rows(copy: &Connection, source: &str, hash: &mut Sha256) -> Result<(), StoreError> {
    let mut statement = copy.prepare(&format!("SELECT * FROM {source}"))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    hash.update(b"table");
    while let Some(row) = rows.next()? {
        hash.update(b"row");
        for column in 0..columns {
            match row.get_ref(column)? {
                ValueRef::Null => hash.update(b"n"),
                ValueRef::Integer(number) => hash.update([b"i".as_slice(), &number.to_le_bytes()].concat()),
                ValueRef::Real(number) => hash.update([b"r".as_slice(), &number.to_bits().to_le_bytes()].concat()),
                ValueRef::Text(bytes) => long(b't', bytes, hash),
                ValueRef::Blob(bytes) => long(b'b', bytes, hash),
            }
        }
    }
    Ok(())
}

fn long(kind: u8, bytes: &[u8], hash: &mut Sha256) {
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}
