//! What was put off by a clock that was ahead: after it was set back, nothing waits for longer than it
//! would if it were put off now (G21). A moment that comes from the provider, such as a period's end, is
//! not ours to move.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::outbox::{IN_LINE, LEASE};
use super::{Store, StoreError};
use crate::healing;
use crate::intent;
use crate::outbox::schedule;

/// Rows that are younger than now by less than this say nothing: clocks are corrected all the time.
const NOTICEABLE: SignedDuration = SignedDuration::from_secs(5);

impl Store {
    /// Whether something was written at a later time than this: the clock was set back while no helper ran.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn knows_of_later(&self, now: Timestamp) -> Result<bool, StoreError> {
        self.read(move |connection| {
            let limit = (now + NOTICEABLE).as_microsecond();
            for newest in [
                "SELECT received_at FROM notices ORDER BY seq DESC LIMIT 1",
                "SELECT created_at FROM events ORDER BY seq DESC LIMIT 1",
            ] {
                let newest: Option<i64> = connection.query_row(newest, [], |row| row.get(0)).optional()?;
                if newest.is_some_and(|newest| newest > limit) {
                    return Ok(true);
                }
            }
            Ok(false)
        })
        .await
    }

    /// Has what waits for longer than its schedule says, counted from now, wait for just that long. Gives how
    /// much that was.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn wait_anew(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.write_for_outbox(move |connection| {
            Ok(messages(connection, now)? + questions(connection, now)? + intents(connection, now)?)
        })
        .await
    }
}

fn messages(connection: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    let (lease_end, in_line) = ((now + LEASE).as_microsecond(), IN_LINE.as_microsecond());
    let mut moved = connection
        .prepare_cached(
            "UPDATE messages SET due_at = ?1, leased_until = ?1 WHERE state = 'leased' AND due_at > ?1 AND due_at < ?2",
        )?
        .execute([lease_end, in_line])?;
    let mut queued = connection.prepare_cached(
        "UPDATE messages SET due_at = ?1 WHERE state = 'queued' AND attempts = ?2 AND due_at > ?1 AND due_at < ?3",
    )?;
    for (attempts, wait) in (0_i64..).zip(schedule::WAITS) {
        // With the most of its jitter. A Retry-After that asked for more is not honoured across such a step.
        let latest = now + SignedDuration::try_from(wait * 12 / 10).unwrap_or(SignedDuration::ZERO);
        moved += queued.execute(params![latest.as_microsecond(), attempts, in_line])?;
    }
    Ok(moved)
}

fn questions(connection: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    let mut put_off = connection.prepare_cached(
        "UPDATE refetches SET due_at = ?1
         WHERE due_at > ?1 AND min(attempts, ?3) = ?2 AND (attempts > 0 OR reason != 'renewal_due')",
    )?;
    let mut moved = 0;
    for attempts in 0..=healing::MOST_PATIENT {
        let latest = now + healing::patience(attempts);
        moved += put_off.execute(params![latest.as_microsecond(), attempts, healing::MOST_PATIENT])?;
    }
    Ok(moved)
}

fn intents(connection: &Connection, now: Timestamp) -> Result<usize, StoreError> {
    let planned = (now + intent::OWN_TURN).as_microsecond();
    let mut moved = connection
        .prepare_cached("UPDATE intents SET due_at = ?1 WHERE state = 'planned' AND due_at > ?1")?
        .execute([planned])?;
    let mut searched = connection.prepare_cached(
        "UPDATE intents SET due_at = ?1 WHERE state IN ('sent', 'unknown') AND attempts = ?2 AND due_at > ?1",
    )?;
    for (attempts, wait) in (0_i64..).zip(intent::SEARCHES) {
        moved += searched.execute(params![(now + wait).as_microsecond(), attempts])?;
    }
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::store::Rules;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;
    const MINUTE: i64 = 60_000_000;

    /// When each row of a table is due, in microseconds since now.
    async fn due(store: &Store, sql: &'static str) -> Vec<i64> {
        let read = store.read(move |connection| {
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        });
        read.await.unwrap()
    }

    #[tokio::test]
    async fn nothing_waits_for_the_hour_that_a_clock_was_ahead() {
        let folder = std::env::temp_dir().join(format!("checkout-waits-{}", random::alphanumeric::<12>()));
        crate::store::prepare_folder(&folder).unwrap();
        let store = Store::open(&folder.join("checkout.db"), Rules::default()).unwrap();
        let filled = store.write(|connection| {
            connection.execute_batch(
                "INSERT INTO events (id, kind, customer, object_id, cause, created_at, data)
                 VALUES ('evt_1', 'checkout.paid', 'a', 'co_1', 1, 0, '{}'), ('evt_2', 'checkout.paid', 'b', 'co_2', 1, 0, '{}'),
                    ('evt_3', 'checkout.paid', 'c', 'co_3', 1, 0, '{}'), ('evt_4', 'checkout.paid', 'd', 'co_4', 1, 0, '{}'),
                    ('evt_5', 'checkout.paid', 'd', 'co_5', 1, 3600000000, '{}');
                 INSERT INTO messages
                    (id, event_id, channel, target, customer, sequence, due_at, created_at, state, attempts) VALUES
                    ('fresh', 'evt_1', 'webhook', 'crm', 'a', 1, 3600000000, 0, 'queued', 0),
                    ('leased', 'evt_2', 'webhook', 'crm', 'b', 1, 3630000000, 0, 'leased', 0),
                    ('tried', 'evt_3', 'webhook', 'crm', 'c', 1, 3605000000, 0, 'queued', 1),
                    ('on time', 'evt_4', 'webhook', 'crm', 'd', 1, 290000000, 0, 'queued', 2),
                    ('in line', 'evt_5', 'webhook', 'crm', 'd', 2, 253402207200999999, 0, 'queued', 0);
                 INSERT INTO refetches (object_id, kind, reason, attempts, due_at) VALUES
                    ('a', 'payment', 'contested', 0, 3600000000), ('b', 'payment', 'contested', 40, 7200000000),
                    ('c', 'subscription', 'renewal_due', 0, 3600000000);
                 INSERT INTO intents
                    (id, kind, object_id, key_hash, fingerprint, request, state, attempts, due_at, created_at, changed_at)
                 VALUES ('a', 'refund', 'p', x'01', x'', '{}', 'sent', 0, 3660000000, 0, 0),
                    ('b', 'refund', 'p', x'02', x'', '{}', 'planned', 3, 3660000000, 0, 0),
                    ('c', 'refund', 'p', x'03', x'', '{}', 'done', 0, NULL, 0, 0);",
            )?;
            Ok(())
        });
        filled.await.unwrap();
        let hour = SignedDuration::from_hours(1);
        assert!(store.knows_of_later(NOW).await.unwrap() && !store.knows_of_later(NOW + hour).await.unwrap());
        assert_eq!(store.wait_anew(NOW).await.unwrap(), 7);
        let messages = due(&store, "SELECT due_at FROM messages ORDER BY seq").await;
        assert_eq!(messages[..4], [0, MINUTE / 2, MINUTE / 10, 290_000_000]);
        assert_eq!(messages[4], IN_LINE.as_microsecond());
        assert_eq!(
            due(&store, "SELECT due_at FROM refetches ORDER BY object_id").await,
            [MINUTE / 6, 60 * MINUTE, 60 * MINUTE]
        );
        assert_eq!(due(&store, "SELECT coalesce(due_at, -1) FROM intents ORDER BY id").await, [MINUTE, MINUTE, -1]);
        assert_eq!(store.wait_anew(NOW).await.unwrap(), 0, "once is enough");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
