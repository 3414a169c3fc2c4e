//! Whom a checkout's mails go to: as its buyer typed it, written with the claim. Nobody has verified it.

use rusqlite::{Connection, params};

use super::StoreError;
use crate::customer::Contact;

/// Keeps the contact of a checkout that was just made.
pub(super) fn keep(connection: &Connection, checkout: &str, contact: &Contact) -> Result<(), StoreError> {
    let Contact { email, name } = contact;
    connection
        .prepare_cached(
            "INSERT INTO contacts (checkout_id, email, name) VALUES (?1, ?2, ?3) ON CONFLICT (checkout_id) DO NOTHING",
        )?
        .execute(params![checkout, email, name])?;
    Ok(())
}

/// The guests' checkouts with that address, in whatever letter case, which nobody has claimed yet; the
/// oldest first.
pub(super) fn guests_with(connection: &Connection, email: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT checkouts.id FROM contacts JOIN checkouts ON checkouts.id = contacts.checkout_id
         WHERE contacts.email = ?1 COLLATE NOCASE AND checkouts.customer = 'co:' || checkouts.id
         ORDER BY checkouts.created_at, checkouts.id",
    )?;
    let rows = statement.query_map([email], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
