//! Guests' purchases that become a customer's, because the merchant has verified the address that they
//! were made with. What was bought in a customer's own name never moves.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Effects, Store, StoreError, contacts, projection};
use crate::customer::CustomerKey;
use crate::fault::crash_point;

impl Store {
    /// Gives every guest's checkout with that address (in its normal form; letter case does not
    /// count) to the reference, and works out anew how all of them stand. Gives the checkouts that this
    /// reference has claimed with that address, now and before, the oldest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn claim_guests(
        &self,
        reference: &str,
        email: &str,
        now: Timestamp,
    ) -> Result<(Vec<String>, Effects), StoreError> {
        let (reference, email) = (reference.to_owned(), email.to_owned());
        let rules = self.rules.clone();
        self.write(move |connection| {
            let customer = CustomerKey::Reference(reference.clone());
            let guests = contacts::guests_with(connection, &email)?;
            for checkout in &guests {
                give(connection, checkout, &reference, &customer, now)?;
                crash_point("claim.given");
            }
            let mut effects = Effects::default();
            for checkout in &guests {
                projection::settle(connection, &rules, &CustomerKey::Guest(checkout.clone()), now, &mut effects)?;
            }
            if !guests.is_empty() {
                projection::settle(connection, &rules, &customer, now, &mut effects)?;
            }
            Ok((claimed(connection, &reference, &email)?, effects))
        })
        .await
    }
}

/// Moves a checkout and all that hangs on it.
fn give(
    connection: &Connection,
    checkout: &str,
    reference: &str,
    customer: &CustomerKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = customer.stored();
    for sql in [
        "UPDATE checkouts SET customer = ?2 WHERE id = ?1",
        "UPDATE payments SET customer = ?2 WHERE checkout_id = ?1",
        "UPDATE subscriptions SET customer = ?2 WHERE checkout_id = ?1",
    ] {
        connection.prepare_cached(sql)?.execute([checkout, &key])?;
    }
    connection
        .prepare_cached("INSERT INTO claims (checkout_id, reference, created_at) VALUES (?1, ?2, ?3)")?
        .execute(params![checkout, reference, now.as_microsecond()])?;
    Ok(())
}

fn claimed(connection: &Connection, reference: &str, email: &str) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT checkouts.id FROM claims JOIN checkouts ON checkouts.id = claims.checkout_id
         JOIN contacts ON contacts.checkout_id = claims.checkout_id
         WHERE claims.reference = ?1 AND contacts.email = ?2 COLLATE NOCASE
         ORDER BY checkouts.created_at, checkouts.id",
    )?;
    let rows = statement.query_map([reference, email], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
