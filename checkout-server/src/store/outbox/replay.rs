//! Sending again what is done with: the same messages, with the ids and sequences they had (G24).

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::{Channel, IN_LINE, Place, come_forward};
use crate::fault::crash_point;
use crate::store::rows::json;
use crate::store::{Store, StoreError};

/// So many are put back in one transaction: the fold has the writer in between.
pub(super) const BATCH: u32 = 500;

/// What is to be sent again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// One message.
    Message(String),
    /// All messages of an event.
    Event(String),
    /// What was written for endpoints from one time until another, and has one of these states. Mails
    /// are sent again one by one: nobody wants last month's a second time.
    Range {
        /// The endpoint; all of them where there is none.
        endpoint: Option<String>,
        /// The first moment.
        from: Timestamp,
        /// The first moment that is too late.
        until: Timestamp,
        /// `delivered`, `parked`, `dead`, `canceled`.
        states: Vec<&'static str>,
    },
}

impl Store {
    /// Puts messages back into the outbox that were delivered, parked, given up or canceled, in order, and
    /// gives how many. What still waits is not touched. `endpoints` are those of the settings.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn replay(&self, what: Replay, endpoints: Vec<String>, now: Timestamp) -> Result<usize, StoreError> {
        let (mut after, mut replayed) = (0, 0);
        loop {
            let (chosen, known) = (what.clone(), endpoints.clone());
            // Looked for beside the writer: a range may go over years.
            let found = self.read(move |connection| find(connection, &chosen, &known, after)).await?;
            let Some(last) = found.last() else { break };
            after = last.seq;
            replayed += self.write_for_outbox(move |connection| put_back(connection, &found, now)).await?;
            crash_point("outbox.replayed");
        }
        Ok(replayed)
    }
}

fn find(connection: &Connection, what: &Replay, endpoints: &[String], after: i64) -> Result<Vec<Place>, StoreError> {
    let done = &["delivered", "parked", "dead", "canceled"][..];
    let (states, chosen, own): (_, _, Vec<Value>) = match what {
        Replay::Message(id) => (done, "id = ?4", vec![id.clone().into()]),
        Replay::Event(id) => (done, "event_id = ?4", vec![id.clone().into()]),
        Replay::Range { endpoint, from, until, states } => (
            states.as_slice(),
            "channel = 'webhook' AND (?4 IS NULL OR target = ?4) AND created_at >= ?5 AND created_at < ?6",
            vec![endpoint.clone().into(), from.as_microsecond().into(), until.as_microsecond().into()],
        ),
    };
    let sql = format!(
        "SELECT seq, channel, target, customer FROM messages
         WHERE seq > ?1 AND {chosen} AND state IN (SELECT value FROM json_each(?2))
            AND (channel = 'email' OR target IN (SELECT value FROM json_each(?3)))
         ORDER BY seq LIMIT {BATCH}"
    );
    let common = [after.into(), json(&states)?.into(), json(&endpoints)?.into()];
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(params_from_iter(common.into_iter().chain(own)), |row| {
        Ok((row.get(0)?, row.get::<_, String>(1)?, row.get(2)?, row.get(3)?))
    })?;
    let found = rows.map(|row| {
        let (seq, channel, target, customer): (i64, _, _, _) = row?;
        let impossible = || StoreError::Impossible { table: "messages", id: seq.to_string(), column: "channel" };
        Ok(Place { seq, channel: Channel::from_store(&channel).ok_or_else(impossible)?, target, customer })
    });
    found.collect()
}

pub(super) fn put_back(connection: &Connection, found: &[Place], now: Timestamp) -> Result<usize, StoreError> {
    let mut queue = connection.prepare_cached(
        "UPDATE messages SET state = 'queued', attempts = 0, due_at = ?2, finished_at = NULL
         WHERE seq = ?1 AND state NOT IN ('queued', 'leased')",
    )?;
    let mut replayed = 0;
    for one in found {
        // A mail has no line; in a line the head comes forward.
        let due_at = if one.channel == Channel::Email { now } else { IN_LINE };
        replayed += queue.execute(params![one.seq, due_at.as_microsecond()])?;
    }
    for one in found {
        come_forward(connection, one, now)?;
    }
    Ok(replayed)
}
