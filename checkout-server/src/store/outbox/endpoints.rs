//! How the merchant's endpoints fare, and how one is enabled again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Channel, Done, EndpointState, Health, IN_LINE};
use crate::store::{Store, StoreError};

impl Store {
    /// How the endpoints fare that have ever been tried, by their names.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn endpoints(&self) -> Result<BTreeMap<String, Health>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT id FROM endpoints")?;
            let ids = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
            ids.into_iter().map(|id| Ok((id.clone(), health(connection, &id)?))).collect()
        })
        .await
    }

    /// Enables an endpoint again: what waits for it, and what has died since it began to fail, is sent
    /// in order, with the same ids. Gives how many messages that are.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn enable_endpoint(&self, id: &str, now: Timestamp) -> Result<u32, StoreError> {
        let id = id.to_owned();
        self.write_for_outbox(move |connection| {
            let since = health(connection, &id)?.failing_since;
            save(connection, &id, Health::default(), now)?;
            if let Some(since) = since {
                connection
                    .prepare_cached(
                        "UPDATE messages SET state = 'queued', finished_at = NULL, due_at = ?3
                             WHERE channel = 'webhook' AND state = 'dead' AND target = ?1 AND finished_at >= ?2",
                    )?
                    .execute(params![id, since.as_microsecond(), IN_LINE.as_microsecond()])?;
            }
            // The heads alone: each lets the next one come forward.
            connection
                .prepare_cached(
                    "UPDATE messages SET due_at = ?2, attempts = 0 WHERE state = 'queued' AND seq IN
                            (SELECT min(seq) FROM messages
                             WHERE channel = 'webhook' AND state IN ('queued', 'leased') AND target = ?1
                             GROUP BY customer)",
                )?
                .execute(params![id, now.as_microsecond()])?;
            let waiting = connection
                .prepare_cached(
                    "SELECT count(*) FROM messages
                         WHERE channel = 'webhook' AND state IN ('queued', 'leased') AND target = ?1",
                )?
                .query_row([&id], |row| row.get(0))?;
            Ok(waiting)
        })
        .await
    }
}

/// What the tries of a turn mean for their endpoints; gives those that fare otherwise now.
pub(super) fn hear(
    connection: &Connection,
    done: &[Done],
    now: Timestamp,
) -> Result<Vec<(String, EndpointState)>, StoreError> {
    let mut tried: BTreeMap<&str, Vec<&Done>> = BTreeMap::new();
    for one in done.iter().filter(|one| one.place.channel == Channel::Webhook) {
        tried.entry(&one.place.target).or_default().push(one);
    }
    let mut changed = Vec::new();
    for (id, tries) in tried {
        let before = health(connection, id)?;
        let after = tries.iter().fold(before, |health, one| health.after(&one.verdict, now));
        if after != before {
            save(connection, id, after, now)?;
        }
        if after.state != before.state {
            changed.push((id.to_owned(), after.state));
        }
    }
    Ok(changed)
}

/// How an endpoint fares; one that was never tried is enabled.
pub(super) fn health(connection: &Connection, id: &str) -> Result<Health, StoreError> {
    let impossible = |column| StoreError::Impossible { table: "endpoints", id: id.to_owned(), column };
    let row = connection
        .prepare_cached("SELECT state, failures, failing_since FROM endpoints WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get::<_, Option<i64>>(2)?)))
        .optional()?;
    let Some((state, failures, since)) = row else { return Ok(Health::default()) };
    let since = since.map(Timestamp::from_microsecond).transpose();
    Ok(Health {
        state: EndpointState::from_store(&state).ok_or_else(|| impossible("state"))?,
        failures,
        failing_since: since.map_err(|_| impossible("failing_since"))?,
    })
}

fn save(connection: &Connection, id: &str, health: Health, now: Timestamp) -> Result<(), StoreError> {
    let Health { state, failures, failing_since } = health;
    let since = failing_since.map(Timestamp::as_microsecond);
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO endpoints (id, state, failures, failing_since, changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![id, state.as_str(), failures, since, now.as_microsecond()])?;
    Ok(())
}
