//! The outbox, remembered: what is due and at the head of its line, what came of it, how endpoints fare.
//!
//! `due_at` alone says when a message is looked at: for a leased one when its lease ends, and for one that
//! is not at the head of its line [`IN_LINE`], until the one before it is done. So however long a line
//! is, a turn looks at what it takes and at nothing else.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};

use super::{Store, StoreError};
use crate::outbox::schedule::Verdict;
use crate::outbox::{Channel, EndpointState, Health, Message};

mod endpoints;
mod replay;

pub use replay::Replay;

/// For so long nobody else takes a message that is being sent: twice the time a try may take.
const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// `due_at` of a message that others of its line come before, or whose endpoint is disabled.
pub const IN_LINE: Timestamp = Timestamp::MAX;

/// Rows that a turn looks at for one target at most: the fold waits for the writer meanwhile.
const MOST_LOOKED_AT: usize = 256;

/// What a turn is to write and may begin.
pub struct Turn {
    /// Now.
    pub now: Timestamp,
    /// What has been sent.
    pub done: Vec<Done>,
    /// How much may be begun.
    pub rooms: Vec<Room>,
    /// What is being sent: not to be sent again, however late it is, nor anything else of its line.
    pub busy: Vec<Place>,
}

/// Where a message stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its place in the outbox.
    pub seq: i64,
    /// How it travels.
    pub channel: Channel,
    /// The endpoint's id, or the mail's template.
    pub target: String,
    /// Whose event it is, as it is stored.
    pub customer: String,
}

impl Place {
    /// Where that message stands.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let Message { seq, channel, target, customer, .. } = message.clone();
        Self { seq, channel, target, customer }
    }

    /// Whether one has to wait for the other.
    fn shares_line(&self, other: &Self) -> bool {
        self.channel == Channel::Webhook
            && (self.channel, &self.target, &self.customer) == (other.channel, &other.target, &other.customer)
    }
}

/// How much may be begun for one target.
pub struct Room {
    /// How it travels.
    pub channel: Channel,
    /// The endpoint's id; mails are one target.
    pub target: String,
    /// So many.
    pub free: u32,
}

/// A message that was tried.
#[derive(Clone)]
pub struct Done {
    /// Where it stands.
    pub place: Place,
    /// `msg_…`
    pub id: String,
    /// What becomes of it.
    pub verdict: Verdict,
}

/// What a turn has begun.
#[derive(Default)]
pub struct Turned {
    /// To be sent now.
    pub claimed: Vec<Message>,
    /// When there is something to send next, as far as there is room for it.
    pub next_due: Option<Timestamp>,
    /// Endpoints that fare otherwise now.
    pub changed: Vec<(String, EndpointState)>,
}

impl Store {
    /// Writes down what was sent, and leases what is due: of each line of an endpoint and a customer the
    /// head alone (G23).
    ///
    /// # Errors
    /// See [`StoreError`]; nothing was written then.
    pub async fn work_off(&self, turn: Turn) -> Result<Turned, StoreError> {
        self.write(move |connection| {
            let Turn { now, done, rooms, busy } = turn;
            let mut turned = Turned::default();
            for one in &done {
                settle(connection, one, now)?;
            }
            turned.changed = endpoints::hear(connection, &done, now)?;
            for room in rooms.into_iter().filter(|room| room.free > 0) {
                if room.channel == Channel::Webhook
                    && endpoints::health(connection, &room.target)?.state == EndpointState::Disabled
                {
                    continue;
                }
                let free = room.free.saturating_sub(claim(connection, &room, &busy, now, &mut turned.claimed)?);
                let next = if free > 0 { next_due(connection, &room)? } else { None };
                turned.next_due = turned.next_due.into_iter().chain(next).min();
            }
            Ok(turned)
        })
        .await
    }

    /// Writes something that gives the outbox work, and wakes it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) async fn write_for_outbox<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let written = self.write(work).await?;
        self.news().notify_one();
        Ok(written)
    }

    /// Parks what waits for endpoints that are none of these: it is seen, and can be sent once they are.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn park_strays(&self, known: Vec<String>, now: Timestamp) -> Result<usize, StoreError> {
        const STRAYS: &str = "channel = 'webhook' AND state IN ('queued', 'leased')
            AND target NOT IN (SELECT value FROM json_each(?1))";
        let known = super::rows::json(&known)?;
        let asked = known.clone();
        let sql = format!("SELECT 1 FROM messages WHERE {STRAYS} LIMIT 1");
        // Looked for beside the writer: almost always there are none.
        if !self.read(move |connection| Ok(connection.prepare_cached(&sql)?.exists([asked])?)).await? {
            return Ok(0);
        }
        let sql = format!(
            "UPDATE messages SET state = 'parked', leased_until = NULL, finished_at = ?2,
                error = 'no endpoint of that name is in the settings'
             WHERE {STRAYS}"
        );
        self.write(move |connection| {
            Ok(connection.prepare_cached(&sql)?.execute(params![known, now.as_microsecond()])?)
        })
        .await
    }
}

/// Writes down what became of one message, and lets the next of its line come forward.
fn settle(connection: &Connection, done: &Done, now: Timestamp) -> Result<(), StoreError> {
    let (state, due_at, status, error) = match &done.verdict {
        Verdict::Delivered { status } => ("delivered", now, *status, None),
        Verdict::Again { at, status, error } => ("queued", *at, *status, Some(error)),
        Verdict::Parked { status, error } => ("parked", now, *status, Some(error)),
        Verdict::Dead { status, error } => ("dead", now, *status, Some(error)),
        Verdict::Canceled { why } => ("canceled", now, None, Some(why)),
        Verdict::Waiting => ("queued", IN_LINE, Some(410), None),
    };
    let finished = (state != "queued").then(|| now.as_microsecond());
    connection
        .prepare_cached(
            "UPDATE messages SET state = ?2, due_at = ?3, status_code = ?4, error = ?5, finished_at = ?6,
                attempts = attempts + 1, leased_until = NULL
             WHERE seq = ?1 AND state = 'leased'",
        )?
        .execute(params![done.place.seq, state, due_at.as_microsecond(), status, error, finished])?;
    come_forward(connection, &done.place, now)
}

/// Makes the head of a line due that has waited for its turn.
fn come_forward(connection: &Connection, place: &Place, now: Timestamp) -> Result<(), StoreError> {
    if place.channel == Channel::Webhook
        && let Some(head) = head_of(connection, place)?
    {
        connection
            .prepare_cached("UPDATE messages SET due_at = ?2 WHERE seq = ?1 AND state = 'queued' AND due_at = ?3")?
            .execute(params![head, now.as_microsecond(), IN_LINE.as_microsecond()])?;
    }
    Ok(())
}

/// The message that an endpoint has to get first for a customer.
fn head_of(connection: &Connection, place: &Place) -> Result<Option<i64>, StoreError> {
    let head = connection
        .prepare_cached(
            "SELECT min(seq) FROM messages
             WHERE channel = 'webhook' AND state IN ('queued', 'leased') AND target = ?1 AND customer = ?2",
        )?
        .query_row([&place.target, &place.customer], |row| row.get(0))?;
    Ok(head)
}

/// Leases what is due for one target, and says how many.
fn claim(
    connection: &Connection,
    room: &Room,
    busy: &[Place],
    now: Timestamp,
    claimed: &mut Vec<Message>,
) -> Result<u32, StoreError> {
    let (lease_end, mut taken) = ((now + LEASE).as_microsecond(), 0);
    let mut again = connection.prepare_cached("UPDATE messages SET due_at = ?2 WHERE seq = ?1")?;
    let mut lease = connection
        .prepare_cached("UPDATE messages SET state = 'leased', leased_until = ?2, due_at = ?2 WHERE seq = ?1")?;
    let mut looked_at = 0;
    while taken < room.free && looked_at < MOST_LOOKED_AT {
        let due = due(connection, room, now, room.free - taken)?;
        if due.is_empty() {
            break;
        }
        looked_at += due.len();
        for seq in due {
            // Our own try takes longer than its lease: the clock was moved.
            if busy.iter().any(|place| place.seq == seq) {
                again.execute(params![seq, lease_end])?;
                continue;
            }
            let message = message(connection, seq)?;
            if is_next(connection, &Place::of(&message), busy)? {
                lease.execute(params![seq, lease_end])?;
                claimed.push(message);
                taken += 1;
            } else {
                again.execute(params![seq, IN_LINE.as_microsecond()])?;
            }
        }
    }
    Ok(taken)
}

/// Whether nothing of its line comes before it, or is being sent.
fn is_next(connection: &Connection, place: &Place, busy: &[Place]) -> Result<bool, StoreError> {
    if place.channel == Channel::Email {
        return Ok(true);
    }
    Ok(head_of(connection, place)? == Some(place.seq) && !busy.iter().any(|other| other.shares_line(place)))
}

fn due(connection: &Connection, room: &Room, now: Timestamp, most: u32) -> Result<Vec<i64>, StoreError> {
    let now = now.as_microsecond();
    let seqs = |mut statement: CachedStatement<'_>, parameters: &[&dyn rusqlite::ToSql]| {
        let rows = statement.query_map(parameters, |row| row.get(0))?;
        rows.collect::<Result<Vec<i64>, _>>().map_err(StoreError::from)
    };
    match room.channel {
        Channel::Webhook => seqs(
            connection.prepare_cached(
                "SELECT seq FROM messages
                 WHERE channel = 'webhook' AND state IN ('queued', 'leased') AND target = ?1 AND due_at <= ?2
                 ORDER BY due_at, seq LIMIT ?3",
            )?,
            &[&room.target, &now, &most],
        ),
        Channel::Email => seqs(
            connection.prepare_cached(
                "SELECT seq FROM messages INDEXED BY mails_waiting
                 WHERE channel = 'email' AND state IN ('queued', 'leased') AND due_at <= ?1
                 ORDER BY due_at, seq LIMIT ?2",
            )?,
            &[&now, &most],
        ),
    }
}

fn next_due(connection: &Connection, room: &Room) -> Result<Option<Timestamp>, StoreError> {
    let next: Option<i64> = match room.channel {
        Channel::Webhook => connection
            .prepare_cached(
                "SELECT min(due_at) FROM messages
                 WHERE channel = 'webhook' AND state IN ('queued', 'leased') AND target = ?1",
            )?
            .query_row([&room.target], |row| row.get(0))?,
        Channel::Email => connection
            .prepare_cached(
                "SELECT min(due_at) FROM messages INDEXED BY mails_waiting
                 WHERE channel = 'email' AND state IN ('queued', 'leased')",
            )?
            .query_row([], |row| row.get(0))?,
    };
    Ok(next.and_then(|at| Timestamp::from_microsecond(at).ok()).filter(|at| *at < IN_LINE))
}

fn message(connection: &Connection, seq: i64) -> Result<Message, StoreError> {
    connection
        .prepare_cached(
            "SELECT m.seq, m.id, m.event_id, e.kind, m.channel, m.target, m.customer, m.sequence, m.attempts, e.data
             FROM messages AS m JOIN events AS e ON e.id = m.event_id WHERE m.seq = ?1",
        )?
        .query_row([seq], |row| Ok(message_of(row)))
        .optional()?
        .unwrap_or_else(|| Err(StoreError::Impossible { table: "messages", id: seq.to_string(), column: "event_id" }))
}

fn message_of(row: &Row<'_>) -> Result<Message, StoreError> {
    let id: String = row.get("id")?;
    let channel: String = row.get("channel")?;
    let channel = Channel::from_store(&channel).ok_or_else(|| StoreError::Impossible {
        table: "messages",
        id: id.clone(),
        column: "channel",
    })?;
    Ok(Message {
        id,
        channel,
        seq: row.get("seq")?,
        event: row.get("event_id")?,
        kind: row.get("kind")?,
        target: row.get("target")?,
        customer: row.get("customer")?,
        sequence: row.get("sequence")?,
        attempts: row.get("attempts")?,
        data: row.get("data")?,
    })
}

#[cfg(test)]
mod tests;
