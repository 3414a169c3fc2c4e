//! What budgets have to know of the time before a restart.

use jiff::Timestamp;
use rusqlite::Row;

use super::{RecentOrder, Store, StoreError};
use crate::keys::AddressKey;

impl Store {
    /// The orders that were made or changed since then and count for somebody: the newest `most`,
    /// the oldest of them first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn recent_orders(&self, since: Timestamp, most: u32) -> Result<Vec<RecentOrder>, StoreError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, buyer_key, created_at, changed_at, failures, status IN ('paid', 'fulfilled') AS paid
                 FROM checkouts WHERE changed_at > ?1 AND buyer_key IS NOT NULL ORDER BY changed_at DESC LIMIT ?2",
            )?;
            let rows = statement.query_map((since.as_microsecond(), most), |row| Ok(recent(row)))?;
            let mut orders = rows.map(|row| row?).collect::<Result<Vec<_>, StoreError>>()?;
            orders.reverse();
            Ok(orders)
        })
        .await
    }
}

fn recent(row: &Row<'_>) -> Result<RecentOrder, StoreError> {
    let id: String = row.get("id")?;
    let time = |column| -> Result<Timestamp, StoreError> {
        Timestamp::from_microsecond(row.get(column)?).map_err(|_| StoreError::Impossible {
            table: "checkouts",
            id: id.clone(),
            column,
        })
    };
    Ok(RecentOrder {
        buyer: AddressKey::from_bytes(row.get("buyer_key")?),
        created_at: time("created_at")?,
        changed_at: time("changed_at")?,
        failures: row.get("failures")?,
        paid: row.get("paid")?,
    })
}
