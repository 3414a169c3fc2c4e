//! How a person ends an intent that was looked for in vain.

use jiff::Timestamp;
use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use super::{Ending, Store, StoreError, one, save};
use crate::intent::Told;

/// What a person saw who looked for a refund at the provider's, and who that was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// An operator.
    pub who: String,
    /// In their words.
    pub why: String,
    /// When they said so.
    pub at: Timestamp,
}

/// What became of a person's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reviewed {
    /// It has ended so.
    Ended,
    /// It does not wait for anybody, and nothing was changed.
    NotWaiting,
    /// The refund that was named is another intent's, and nothing was changed.
    RefundOfAnother,
}

impl Store {
    /// Ends an intent that needs a person. One refund of the provider's is counted for one intent only: what
    /// a payment can still give back is reckoned by it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn review_intent(
        &self,
        id: &str,
        told: Told,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Reviewed, StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            let intent = one(connection, "id", &id)?;
            let moved = intent.and_then(|intent| Some((intent.position.after(told, now)?, intent)));
            let Some((position, intent)) = moved else { return Ok(Reviewed::NotWaiting) };
            if let Some(refund) = &ending.refund
                && is_of_another(connection, &id, refund)?
            {
                return Ok(Reviewed::RefundOfAnother);
            }
            save(connection, &super::Intent { position, result: ending, ..intent }, now)?;
            Ok(Reviewed::Ended)
        })
        .await
    }
}

fn is_of_another(connection: &Connection, id: &str, refund: &str) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM intents WHERE id <> ?1 AND json_extract(result, '$.refund') = ?2";
    Ok(connection.prepare_cached(sql)?.exists([id, refund])?)
}
