//! The outbox, remembered: what is due and at the head of its line, what came of it, how endpoints fare.
//!
//! `due_at` alone says when a message is looked at: for a leased one when its lease ends, and for one that
//! is not at the head of its line [`IN_LINE`], until the one before it is done. So however long a line
//! is, a turn looks at what it takes and at nothing else.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{Store, StoreError};
use crate::fault::crash_point;
use crate::outbox::schedule::Verdict;
use crate::outbox::{Channel, EndpointState, Health, Message};

mod claim;
mod depth;
mod endpoints;
mod replay;

pub(super) use claim::LEASE;
pub use depth::Depth;
pub use replay::Replay;

/// `due_at` of a message that others of its line come before. Heads are always due at some time, also where
/// their endpoint is disabled: then nobody looks.
pub const IN_LINE: Timestamp = Timestamp::MAX;

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
                crash_point("outbox.settled");
            }
            turned.changed = endpoints::hear(connection, &done, now)?;
            for room in rooms.into_iter().filter(|room| room.free > 0) {
                if room.channel == Channel::Webhook
                    && endpoints::health(connection, &room.target)?.state == EndpointState::Disabled
                {
                    continue;
                }
                let free = room.free.saturating_sub(claim::lease(connection, &room, &busy, now, &mut turned.claimed)?);
                if !turned.claimed.is_empty() {
                    crash_point("outbox.leased");
                }
                let next = if free > 0 { claim::next_due(connection, &room)? } else { None };
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
        Verdict::Waiting => ("queued", now, Some(410), None),
    };
    match state {
        "parked" => crash_point("outbox.parked"),
        "dead" => crash_point("outbox.dead"),
        "queued" => crash_point("outbox.again"),
        _ => {}
    }
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

#[cfg(test)]
mod tests;
