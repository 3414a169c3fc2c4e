//! The verbs: each one transaction, each answered after its commit.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::fold::Observation;
use super::rows::{COLUMNS, checkout, find, json};
use super::sqlite::in_savepoint;
use super::{
    Accepted, Answered, Claim, Delivery, Effects, Rules, Store, StoreError, StoredCheckout, StoredSession, Stuck,
    contacts, fold, inbox, refetches,
};
use crate::customer::CustomerKey;
use crate::event::{Notice, Source};
use crate::fault::{self, Mutant, crash_point};

impl Store {
    /// The checkout that was made with that key, if any.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn checkout_by_key(&self, key_hash: [u8; 32]) -> Result<Option<StoredCheckout>, StoreError> {
        self.read(move |connection| find(connection, "key_hash", &key_hash)).await
    }

    /// The checkout with that id, if any.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn checkout(&self, id: &str) -> Result<Option<StoredCheckout>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| find(connection, "id", &id)).await
    }

    /// Claims a key for an order, counting the first send with it. `None` where the key is taken.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn claim(&self, claim: Claim) -> Result<Option<StoredCheckout>, StoreError> {
        self.write(move |connection| {
            let Claim {
                id,
                key_hash,
                fingerprint,
                order,
                customer_reference,
                contact,
                renews,
                buyer,
                created_at,
                expires_at,
            } = claim;
            let order = json(&order)?;
            let customer = match &customer_reference {
                Some(reference) => CustomerKey::Reference(reference.clone()),
                None => CustomerKey::Guest(id.clone()),
            };
            let (created_at, expires_at) = (created_at.as_microsecond(), expires_at.as_microsecond());
            let inserted = connection
                .prepare_cached(
                    "INSERT INTO checkouts
                        (id, key_hash, fingerprint, sends, order_json, renews, created_at, expires_at, changed_at,
                         customer_reference, buyer_key, customer)
                     VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?6, ?8, ?9, ?10) ON CONFLICT (key_hash) DO NOTHING",
                )?
                .execute(params![
                    id,
                    key_hash,
                    fingerprint,
                    order,
                    renews,
                    created_at,
                    expires_at,
                    customer_reference,
                    buyer.map(|key| *key.bytes()),
                    customer.stored(),
                ])?;
            if inserted == 0 {
                return Ok(None);
            }
            crash_point("order.written");
            contacts::keep(connection, &id, &contact)?;
            find(connection, "id", &id)
        })
        .await
    }

    /// Counts one more send of a session's creation, before it is made.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn count_send(&self, id: &str) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            connection.prepare_cached("UPDATE checkouts SET sends = sends + 1 WHERE id = ?1")?.execute([id])?;
            Ok(())
        })
        .await
    }

    /// Takes back the count of a send that never left. With the last one, the key is free again.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn uncount_send(&self, id: &str) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            connection.prepare_cached("UPDATE checkouts SET sends = sends - 1 WHERE id = ?1")?.execute([&id])?;
            connection
                .prepare_cached(
                    "DELETE FROM checkouts WHERE id = ?1 AND sends = 0 AND session_id IS NULL AND payment_id IS NULL",
                )?
                .execute([&id])?;
            Ok(())
        })
        .await
    }

    /// Remembers the provider's session, which can be paid until `expires_at`. Only the first one
    /// counts, so that no two addresses are ever revealed for one order (G5); gives the checkout as
    /// it is then.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reveal(
        &self,
        id: &str,
        session: StoredSession,
        expires_at: Timestamp,
    ) -> Result<Option<StoredCheckout>, StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            if fault::is(Mutant::LastAnswerWins) {
                connection.execute("UPDATE checkouts SET session_id = NULL WHERE id = ?1", [&id])?;
            }
            connection
                .prepare_cached(
                    "UPDATE checkouts SET session_id = ?2, url = ?3, expires_at = ?4 WHERE id = ?1 AND session_id IS NULL",
                )?
                .execute(params![id, session.id, session.url, expires_at.as_microsecond()])?;
            find(connection, "id", &id)
        })
        .await
    }

    /// Gives a key back, because the provider refused the order for good and nothing was made.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn release(&self, id: &str) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            connection
                .prepare_cached("DELETE FROM checkouts WHERE id = ?1 AND session_id IS NULL AND payment_id IS NULL")?
                .execute([id])?;
            Ok(())
        })
        .await
    }

    /// Keeps a delivery and folds what it says into its object, its checkout and its customer, all or
    /// nothing. A fold that meets an impossible row is undone and told, and the delivery is kept all
    /// the same.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn accept(&self, delivery: Delivery) -> Result<Accepted, StoreError> {
        let rules = self.rules.clone();
        self.write(move |connection| {
            let Some(seq) = inbox::keep(connection, &delivery)? else { return Ok(Accepted::Repeat) };
            crash_point("webhook.kept");
            let Delivery { notice, observed_at, received_at, .. } = delivery;
            let Some(notice) = notice else { return Ok(Accepted::Stored(Effects::default())) };
            let observation = Observation { notice, observed_at, source: Source::Webhook };
            folded(connection, &rules, seq, [observation], received_at).map(Accepted::Stored)
        })
        .await
    }

    /// Keeps the provider's answer to a question of ours, and folds it like a delivery.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn observe(&self, answer: Answered, now: Timestamp) -> Result<Effects, StoreError> {
        let rules = self.rules.clone();
        self.write(move |connection| {
            let seq = inbox::keep_answer(connection, &answer, now)?;
            crash_point("refetch.kept");
            let Answered { notice, asked_at, observed_at, .. } = answer;
            if let Some(object) = notice.seen.object() {
                refetches::drop(connection, object, asked_at)?;
            }
            let notice = Notice { at: Some(asked_at), ..notice };
            folded(connection, &rules, seq, [Observation { notice, observed_at, source: Source::Refetch }], now)
        })
        .await
    }

    /// Notices that could not be folded when they came, the oldest first, after that place in the inbox.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn stuck_after(&self, after: i64, most: u32) -> Result<Vec<Stuck>, StoreError> {
        self.read(move |connection| inbox::stuck(connection, after, most)).await
    }

    /// Folds a notice again that is stuck, as `notice` reads it now.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn fold_again(&self, stuck: Stuck, notice: Notice, now: Timestamp) -> Result<Effects, StoreError> {
        let rules = self.rules.clone();
        self.write(move |connection| {
            inbox::release(connection, stuck.seq)?;
            folded(connection, &rules, stuck.seq, observations(&stuck, &notice), now)
        })
        .await
    }

    /// The checkouts that changed last, newest first, for people who watch.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn recent_checkouts(&self, limit: u32) -> Result<Vec<StoredCheckout>, StoreError> {
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM checkouts ORDER BY changed_at DESC, id DESC LIMIT ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([limit], |row| Ok(checkout(row)))?;
            rows.map(|row| row.map_err(StoreError::from)?).collect()
        })
        .await
    }

    /// Proves that a commit reaches the disk, by one that changes a number which nobody reads.
    ///
    /// # Errors
    /// See [`StoreError`]: the disk is full, read-only or gone.
    pub async fn prove(&self) -> Result<(), StoreError> {
        self.write(|connection| {
            let before: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            Ok(connection.pragma_update(None, "user_version", before.wrapping_add(1))?)
        })
        .await
    }
}

/// What a notice that was stuck shows: one observation, or for an answer that was given twice the first and
/// the last, as `rebuild.rs` reads it.
pub(super) fn observations(stuck: &Stuck, notice: &Notice) -> Vec<Observation> {
    let first = Some((stuck.observed_at, stuck.asked_at));
    first
        .into_iter()
        .chain(stuck.again)
        .map(|(observed_at, asked_at)| {
            let notice = Notice { at: asked_at.or(notice.at), ..notice.clone() };
            Observation { notice, observed_at, source: stuck.source }
        })
        .collect()
}

/// Folds a notice that is kept and not stuck, all that it shows or nothing. Where a row is impossible, the notice says so and waits.
pub(super) fn folded(
    connection: &Connection,
    rules: &Rules,
    seq: i64,
    observations: impl IntoIterator<Item = Observation>,
    now: Timestamp,
) -> Result<Effects, StoreError> {
    let fold = |connection: &Connection| {
        let mut effects = Effects::default();
        for observation in observations {
            effects.add(fold::observe(connection, rules, observation, now)?);
        }
        Ok(effects)
    };
    match in_savepoint(connection, fold) {
        Err(error @ StoreError::Impossible { .. }) => {
            inbox::mark_stuck(connection, seq, &error.to_string())?;
            Ok(Effects { stuck: Some(error), ..Effects::default() })
        }
        folded => {
            crash_point("fold.done");
            folded
        }
    }
}
