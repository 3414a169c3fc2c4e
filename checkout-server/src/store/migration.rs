//! Brings a database's tables up to date. All that is new is one transaction, record and all: a process
//! that dies anywhere in it leaves the database as the last release had it, and the next start does it
//! again (G2c).

use refinery::Target;
use rusqlite::{Connection, OptionalExtension as _};

use super::StoreError;

mod embedded {
    refinery::embed_migrations!("migrations/sqlite");
}

/// What the first versions leave behind. Their release committed a migration and its record one after the
/// other; where it died in between, the record is made up for.
const MARKS: [(i32, &str); 4] = [
    (1, "SELECT 1 FROM pragma_table_info('checkouts')"),
    (2, "SELECT 1 FROM pragma_table_info('selling')"),
    (3, "SELECT 1 FROM pragma_table_info('checkouts') WHERE name = 'customer_reference'"),
    (4, "SELECT 1 FROM pragma_table_info('facts')"),
];

/// Brings a database's tables up to date.
///
/// # Errors
/// A newer release wrote them, or they cannot be changed; then they are as they were.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    to(connection, newest())
}

/// An empty database of this release, in memory.
pub(super) fn fresh() -> Result<Connection, StoreError> {
    let mut connection = Connection::open_in_memory()?;
    migrate(&mut connection)?;
    Ok(connection)
}

/// The version that this release writes.
pub(super) fn newest() -> i32 {
    let runner = embedded::migrations::runner();
    runner.get_migrations().iter().map(refinery::Migration::version).max().unwrap_or_default()
}

/// The version of a database's tables; `None` where it has none of ours.
///
/// # Errors
/// It cannot be read.
pub(super) fn version(connection: &Connection) -> Result<Option<i32>, StoreError> {
    if !connection.prepare("SELECT 1 FROM pragma_table_info('refinery_schema_history')")?.exists([])? {
        return Ok(None);
    }
    let sql = "SELECT version FROM refinery_schema_history ORDER BY version DESC LIMIT 1";
    Ok(connection.query_row(sql, [], |row| row.get(0)).optional()?)
}

/// The same up to that version only.
pub(super) fn to(connection: &mut Connection, target: i32) -> Result<(), StoreError> {
    let recorded = version(connection)?.unwrap_or_default();
    if recorded > newest() {
        return Err(StoreError::Newer { found: recorded, known: newest() });
    }
    let failed = |error| StoreError::Unavailable(format!("its tables cannot be brought up to date: {error}"));
    let runner = || embedded::migrations::runner().set_grouped(true);
    if let Some(done) = unrecorded(connection, recorded)? {
        runner().set_target(Target::FakeVersion(done)).run(connection).map_err(failed)?;
    }
    runner().set_target(Target::Version(target)).run(connection).map_err(failed)?;
    Ok(())
}

/// A version that was written and not recorded.
fn unrecorded(connection: &Connection, recorded: i32) -> Result<Option<i32>, StoreError> {
    for (version, mark) in MARKS.into_iter().rev().filter(|(version, _)| *version > recorded) {
        if connection.prepare(mark)?.exists([])? {
            return Ok(Some(version));
        }
    }
    Ok(None)
}
