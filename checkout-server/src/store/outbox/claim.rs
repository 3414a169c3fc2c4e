//! What is due and may be begun: of each line its head, for so long as nobody else holds it.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Row, params};

use super::{IN_LINE, Place, Room, head_of};
use crate::fault::{self, Mutant};
use crate::outbox::{Channel, Message};
use crate::store::StoreError;

/// For so long nobody else takes a message that is being sent: twice the time a try may take.
pub(in crate::store) const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// Rows that a turn looks at for one target at most: the fold waits for the writer meanwhile.
const MOST_LOOKED_AT: usize = 256;

/// Leases what is due for one target, and says how many.
pub(super) fn lease(
    connection: &Connection,
    room: &Room,
    busy: &[Place],
    now: Timestamp,
    claimed: &mut Vec<Message>,
) -> Result<u32, StoreError> {
    let lease_end = if fault::is(Mutant::NoLease) { IN_LINE } else { now + LEASE };
    let (lease_end, mut taken) = (lease_end.as_microsecond(), 0);
    let mut again = connection.prepare_cached("UPDATE messages SET due_at = ?2 WHERE seq = ?1")?;
    let mut take = connection
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
                take.execute(params![seq, lease_end])?;
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

/// When there is something to send next for one target.
pub(super) fn next_due(connection: &Connection, room: &Room) -> Result<Option<Timestamp>, StoreError> {
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
