//! Whom a checkout's mails go to: as its buyer typed it, written with the claim. Nobody has verified it.
//! Whom a customer's mails go to: who bought last and paid.

use rusqlite::{Connection, params};

use super::{Store, StoreError};
use crate::customer::{Contact, CustomerKey};

/// Addresses of one customer that an operator is shown.
const MOST: usize = 5;

/// The addresses that a customer's checkouts were made with, whom to write to first: that of one checkout
/// (`?2`), of the newest paid one, of the newest that has a payment, of the newest.
const IN_ORDER: &str = "SELECT email, name, status IN ('paid', 'fulfilled') AS paid, payment_id IS NOT NULL AS charged
     FROM checkouts JOIN contacts ON contacts.checkout_id = checkouts.id WHERE customer = ?1
     ORDER BY checkouts.id IS ?2 DESC, paid DESC, charged DESC, created_at DESC, checkouts.id DESC";

impl Store {
    /// Where mails reach a customer: each address once, whom they go to first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn contacts_of(&self, customer: &CustomerKey) -> Result<Vec<Contact>, StoreError> {
        let customer = customer.stored();
        self.read(move |connection| {
            let mut all: Vec<Contact> = Vec::new();
            each(connection, &customer, None, |contact, _| {
                if !all.iter().any(|known| known.email == contact.email) {
                    all.push(contact);
                }
                all.len() < MOST
            })?;
            Ok(all)
        })
        .await
    }
}

/// Whom to write to about a customer's purchases, or about that one checkout of theirs. Who never paid for
/// anything is nobody to write to: anybody can begin a checkout with anybody's address.
pub(super) fn of(connection: &Connection, customer: &str, about: Option<&str>) -> Result<Option<Contact>, StoreError> {
    let mut first = None;
    each(connection, customer, about, |contact, charged| {
        first = charged.then_some(contact);
        false
    })?;
    Ok(first)
}

/// Visits the addresses, with whether a payment is known of the checkout, for as long as more are wanted.
fn each(
    connection: &Connection,
    customer: &str,
    about: Option<&str>,
    mut wants_more: impl FnMut(Contact, bool) -> bool,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(IN_ORDER)?;
    let mut rows = statement.query(params![customer, about])?;
    while let Some(row) = rows.next()? {
        let contact = Contact { email: row.get("email")?, name: row.get("name")? };
        if !wants_more(contact, row.get::<_, bool>("paid")? || row.get("charged")?) {
            break;
        }
    }
    Ok(())
}

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

#[cfg(test)]
mod tests {
    use super::*;

    /// A customer's checkouts, oldest first: status, whether there is a payment, address.
    fn customer(rows: &[(&str, bool, &str)]) -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        let tables =
            "CREATE TABLE checkouts (id TEXT, customer TEXT, status TEXT, payment_id TEXT, created_at INTEGER);
             CREATE TABLE contacts (checkout_id TEXT, email TEXT, name TEXT);";
        connection.execute_batch(tables).unwrap();
        for (index, (status, charged, email)) in rows.iter().enumerate() {
            let id = format!("co_{index}");
            let row = params![id, status, charged.then_some("pay_1"), i64::try_from(index).unwrap()];
            connection.execute("INSERT INTO checkouts VALUES (?1, 'ref:1', ?2, ?3, ?4)", row).unwrap();
            connection.execute("INSERT INTO contacts VALUES (?1, ?2, NULL)", params![id, email]).unwrap();
        }
        connection
    }

    #[test]
    fn the_newest_paid_checkout_says_whom_to_write_to_and_one_that_was_never_charged_nobody() {
        let first = |rows: &[(&str, bool, &str)], about: Option<&str>| {
            of(&customer(rows), "ref:1", about).unwrap().map(|contact| contact.email)
        };
        let (old, paid, failed, open) = (
            ("paid", true, "old@x"),
            ("fulfilled", true, "paid@x"),
            ("expired", true, "failed@x"),
            ("open", false, "open@x"),
        );
        for (rows, about, email) in [
            (&[old, paid, failed, open][..], None, Some("paid@x")),
            (&[old, paid, failed, open], Some("co_0"), Some("old@x")),
            (&[failed, open], None, Some("failed@x")),
            (&[open], None, None),
            (&[], None, None),
        ] {
            assert_eq!(first(rows, about).as_deref(), email, "{rows:?} {about:?}");
        }
        assert!(of(&customer(&[paid]), "ref:2", None).unwrap().is_none());
    }
}
