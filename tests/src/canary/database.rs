//! Searches the files of a database, byte by byte for secrets and column by column for buyers' data.

use std::fs;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// The places that may hold buyers' data (docs/operations.md): what the provider sent, as it came; whom
/// mails go to; and what merchants are told.
const PERSONAL: [(&str, &str); 4] =
    [("notices", "body"), ("contacts", "email"), ("contacts", "name"), ("events", "data")];

/// What is found in the database of that folder. A folder without one holds nothing.
pub fn leaks(data: &Path, secrets: &[String]) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["checkout.db", "checkout.db-wal"] {
        let bytes = fs::read(data.join(name)).unwrap_or_default();
        // Every byte as a character of its own, so that nothing is hidden by what is not UTF-8.
        let text: String = bytes.iter().filter(|byte| byte.is_ascii()).map(|byte| char::from(*byte)).collect();
        let held = secrets.iter().filter(|secret| text.contains(secret.as_str()));
        found.extend(held.map(|secret| format!("{name} holds {secret:?}")));
    }
    let path = data.join("checkout.db");
    if path.exists() {
        found.extend(personal(&path).unwrap_or_else(|error| vec![format!("checkout.db cannot be searched: {error}")]));
    }
    found
}

fn personal(path: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut found = Vec::new();
    for table in tables {
        let mut all = connection.prepare(&format!("SELECT * FROM \"{table}\""))?;
        let columns: Vec<String> = all.column_names().map(str::to_owned).collect();
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            for (at, column) in columns.iter().enumerate() {
                let text = match row.get_ref(at)? {
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes),
                    _ => continue,
                };
                if !PERSONAL.contains(&(table.as_str(), column.as_str()))
                    && let Some(canary) = super::personal_in(&text)
                {
                    found.push(format!("{table}.{column} holds {canary:?}"));
                }
            }
        }
    }
    Ok(found)
}
