//! How the merchant's endpoints fare, and how one is enabled again.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::replay::{BATCH, put_back};
use super::{Channel, Done, EndpointState, Health, Place, head_of};
use crate::fault::crash_point;
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
    /// in order, with the same ids, each with all its tries. Gives how many messages that are.
    ///
    /// # Errors
    /// See [`StoreError`]. Some may have been put back then; enabling it again goes on.
    pub async fn enable_endpoint(&self, id: &str, now: Timestamp) -> Result<u32, StoreError> {
        let asked = id.to_owned();
        if let Some(since) = self.read(move |connection| Ok(health(connection, &asked)?.failing_since)).await? {
            self.revive(id, since, now).await?;
        }
        crash_point("endpoint.revived");
        self.rouse(id, now).await?;
        crash_point("endpoint.roused");
        // Last: while it was disabled nothing was sent, so none overtook another.
        let id = id.to_owned();
        self.write_for_outbox(move |connection| {
            save(connection, &id, Health::default(), now)?;
            crash_point("endpoint.enabling");
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

    /// Puts back what has died since then.
    async fn revive(&self, id: &str, since: Timestamp, now: Timestamp) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let target = id.to_owned();
            let found = self.read(move |connection| found(connection, &target, "dead", since, after)).await?;
            let Some(last) = found.last() else { return Ok(()) };
            after = last.seq;
            self.write(move |connection| put_back(connection, &found, now)).await?;
        }
    }

    /// Forgets the tries of what waits, and makes the head of each line due.
    async fn rouse(&self, id: &str, now: Timestamp) -> Result<(), StoreError> {
        let mut after = 0;
        loop {
            let target = id.to_owned();
            let found =
                self.read(move |connection| found(connection, &target, "queued", Timestamp::MIN, after)).await?;
            let Some(last) = found.last() else { return Ok(()) };
            after = last.seq;
            self.write(move |connection| start_over(connection, &found, now)).await?;
        }
    }
}

/// What stands there for that endpoint and was tried, and ended no earlier than that; [`BATCH`] of them.
fn found(
    connection: &Connection,
    target: &str,
    state: &'static str,
    since: Timestamp,
    after: i64,
) -> Result<Vec<Place>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT seq, customer FROM messages
         WHERE state = ?1 AND seq > ?2 AND channel = 'webhook' AND target = ?3 AND attempts > 0
            AND (finished_at IS NULL OR finished_at >= ?4)
         ORDER BY seq LIMIT {BATCH}"
    ))?;
    let rows = statement.query_map(params![state, after, target, since.as_microsecond()], |row| {
        let (channel, target) = (Channel::Webhook, target.to_owned());
        Ok(Place { seq: row.get(0)?, channel, target, customer: row.get(1)? })
    })?;
    rows.collect::<Result<_, _>>().map_err(StoreError::from)
}

/// None of them has been tried, and those that are heads are due.
fn start_over(connection: &Connection, found: &[Place], now: Timestamp) -> Result<(), StoreError> {
    let mut forget =
        connection.prepare_cached("UPDATE messages SET attempts = 0 WHERE seq = ?1 AND state = 'queued'")?;
    let mut due = connection.prepare_cached("UPDATE messages SET due_at = ?2 WHERE seq = ?1 AND state = 'queued'")?;
    for one in found {
        forget.execute([one.seq])?;
        if head_of(connection, one)? == Some(one.seq) {
            due.execute(params![one.seq, now.as_microsecond()])?;
        }
    }
    Ok(())
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
        if after.state == EndpointState::Disabled {
            crash_point("endpoint.disabled");
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
