//! The queue of objects that the provider has to be asked about, one row an object.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Store, StoreError};
use crate::provider::Kind;

/// An object to be asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refetch {
    /// What it is.
    pub kind: Kind,
    /// The provider's id of it.
    pub object: String,
    /// Why, as whoever asked for it says.
    pub reason: String,
    /// How often the provider did not answer.
    pub attempts: u32,
    /// When it was asked last without an answer.
    pub asked_at: Option<Timestamp>,
}

impl Store {
    /// The objects to be asked about now, those first that have waited longest.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn due_refetches(&self, now: Timestamp, most: u32) -> Result<Vec<Refetch>, StoreError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT object_id, kind, reason, attempts, asked_at FROM refetches
                 WHERE due_at <= ?1 ORDER BY due_at, object_id LIMIT ?2",
            )?;
            let mut rows = statement.query(params![now.as_microsecond(), most])?;
            let mut due = Vec::new();
            while let Some(row) = rows.next()? {
                let (object, kind): (String, String) = (row.get("object_id")?, row.get("kind")?);
                let asked_at: Option<i64> = row.get("asked_at")?;
                // Written by an older or a newer release: nobody here can ask about it.
                let Some(kind) = Kind::from_store(&kind) else { continue };
                due.push(Refetch {
                    kind,
                    object,
                    reason: row.get("reason")?,
                    attempts: row.get("attempts")?,
                    asked_at: asked_at.and_then(|at| Timestamp::from_microsecond(at).ok()),
                });
            }
            Ok(due)
        })
        .await
    }

    /// Puts an object off, because the provider did not answer.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn put_off(&self, object: &str, due_at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let object = object.to_owned();
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE refetches SET attempts = attempts + 1, due_at = ?2, asked_at = ?3 WHERE object_id = ?1",
                )?
                .execute(params![object, due_at.as_microsecond(), now.as_microsecond()])?;
            Ok(())
        })
        .await
    }

    /// Puts an object off, because it was asked about a moment ago.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn postpone_refetch(&self, object: &str, due_at: Timestamp) -> Result<(), StoreError> {
        let object = object.to_owned();
        self.write(move |connection| {
            connection
                .prepare_cached("UPDATE refetches SET due_at = ?2 WHERE object_id = ?1")?
                .execute(params![object, due_at.as_microsecond()])?;
            Ok(())
        })
        .await
    }

    /// Takes an object from the queue that was asked about at `asked_at`: the provider will never answer.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn drop_refetch(&self, object: &str, asked_at: Timestamp) -> Result<(), StoreError> {
        let object = object.to_owned();
        self.write(move |connection| drop(connection, &object, asked_at)).await
    }
}

/// Takes an object from the queue that was asked about at `asked_at`. What was asked for since then stays.
pub(super) fn drop(connection: &Connection, object: &str, asked_at: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM refetches WHERE object_id = ?1 AND due_at <= ?2")?
        .execute(params![object, asked_at.as_microsecond()])?;
    Ok(())
}
