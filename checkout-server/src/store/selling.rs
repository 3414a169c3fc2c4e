//! The kill switch, remembered.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{Store, StoreError};
use crate::selling::Switch;

impl Store {
    /// How the switch stands; `None` where nobody has ever used it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn selling(&self) -> Result<Option<Switch>, StoreError> {
        self.read(|connection| {
            let row = connection
                .prepare_cached("SELECT on_sale, reason, changed_at FROM selling WHERE id = 1")?
                .query_row([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()?;
            let Some((selling, reason, changed_at)) = row else { return Ok(None) };
            let impossible = |_| StoreError::Impossible { table: "selling", id: "1".to_owned(), column: "changed_at" };
            let changed_at = Some(Timestamp::from_microsecond(changed_at).map_err(impossible)?);
            Ok(Some(Switch { selling, reason, changed_at }))
        })
        .await
    }

    /// Turns the switch.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_selling(&self, switch: Switch) -> Result<(), StoreError> {
        self.write(move |connection| {
            let Switch { selling, reason, changed_at } = switch;
            let changed_at = changed_at.map_or(0, Timestamp::as_microsecond);
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO selling (id, on_sale, reason, changed_at) VALUES (1, ?1, ?2, ?3)",
                )?
                .execute(params![selling, reason, changed_at])?;
            Ok(())
        })
        .await
    }
}
