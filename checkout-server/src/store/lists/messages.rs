//! Messages of the outbox: to endpoints, and mails.

use checkout_types::delivery::DeliveryState;
use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, Row};

use super::{CLOCK_STEP, Conditions, Query, Slice, customer, micros, set_time, stored, time};
use crate::announcement::Kind;
use crate::customer::CustomerKey;
use crate::store::{IN_LINE, Store, StoreError};

/// A message as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredMessage {
    /// Its place in the list.
    pub seq: i64,
    /// `msg_…`
    pub id: String,
    /// The event that it tells.
    pub event: String,
    /// The event's type.
    pub kind: String,
    /// `webhook` or `email`.
    pub channel: String,
    /// The endpoint's name, or the mail's template.
    pub target: String,
    /// Whom it is about.
    pub customer: CustomerKey,
    /// Its number in its line.
    pub sequence: Option<i64>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next; `None` where others of its line come before it.
    pub due_at: Option<Timestamp>,
    /// What the last try was answered with.
    pub status_code: Option<u16>,
    /// Why the last try did not go through.
    pub error: Option<String>,
    /// When its event was told.
    pub created_at: Timestamp,
    /// When it was delivered or given up.
    pub finished_at: Option<Timestamp>,
}

/// Which messages.
#[derive(Clone, Default)]
pub struct MessageFilter {
    /// Those that stand here.
    pub state: Option<DeliveryState>,
    /// To that endpoint, or of that template.
    pub target: Option<String>,
    /// Of events of that kind.
    pub kind: Option<Kind>,
    /// About them.
    pub customer: Option<CustomerKey>,
    /// Of that event.
    pub event: Option<String>,
    /// From then on.
    pub since: Option<Timestamp>,
}

const COLUMNS: &str = "SELECT m.seq, m.id, m.event_id, e.kind, m.channel, m.target, m.customer, m.sequence, \
    m.state, m.attempts, m.due_at, m.status_code, m.error, m.created_at, m.finished_at";

/// The query of a list, for the store and for the test of its plan.
pub(super) fn query(filter: &MessageFilter, slice: &Slice<i64>) -> Query {
    let MessageFilter { state, target, kind, customer, event, since } = filter;
    let since = micros(*since);
    let after = Value::Integer(slice.after.unwrap_or(i64::MAX));
    // Messages are written with their events, so both are in one order: by kind it is the events that are
    // gone through.
    let (from, order, conditions) = if kind.is_some() && event.is_none() {
        let begin = "(e.seq, m.seq) < (IFNULL((SELECT seq FROM events WHERE id = (SELECT event_id FROM messages \
             WHERE seq = ?)), 9223372036854775807), ?)";
        let conditions = Conditions::after(begin, [after.clone(), after]);
        ("events e CROSS JOIN messages m ON m.event_id = e.id", "e.seq DESC, m.seq DESC", conditions)
    } else {
        let conditions = Conditions::after("m.seq < ?", [after]);
        ("messages m CROSS JOIN events e ON e.id = m.event_id", "m.seq DESC", conditions)
    };
    conditions
        .and("e.kind = ?", kind.map(|kind| kind.as_str().to_owned()))
        .and("m.event_id = ?", event.clone())
        .and("m.state = ?", state.map(|state| state.as_str().to_owned()))
        .and("m.target = ?", target.clone())
        .and("m.customer = ?", stored(customer.as_ref()))
        // Where the list ends, so that nothing older is looked at.
        .and(
            "m.seq >= IFNULL((SELECT n.seq FROM events f CROSS JOIN messages n ON n.event_id = f.id \
             WHERE f.created_at >= ? ORDER BY f.created_at, f.seq, n.seq LIMIT 1), 9223372036854775807)",
            since.map(|since| since.saturating_sub(CLOCK_STEP)),
        )
        .and("+m.created_at >= ?", since)
        .select(&format!("{COLUMNS} FROM {from}"), order, slice.limit)
}

impl Store {
    /// Messages, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn messages(&self, filter: MessageFilter, slice: Slice<i64>) -> Result<Vec<StoredMessage>, StoreError> {
        self.read(move |connection| query(&filter, &slice).rows(connection, message)).await
    }

    /// The message with that id, and the text of its event's body.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn message(&self, id: &str) -> Result<Option<(StoredMessage, String)>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| {
            let sql = format!("{COLUMNS}, e.data FROM messages m JOIN events e ON e.id = m.event_id WHERE m.id = ?1");
            connection
                .prepare_cached(&sql)?
                .query_row([id], |row| Ok(message(row).and_then(|message| Ok((message, row.get("data")?)))))
                .optional()?
                .transpose()
        })
        .await
    }
}

fn message(row: &Row<'_>) -> Result<StoredMessage, StoreError> {
    let id: String = row.get("id")?;
    let impossible = |column| StoreError::Impossible { table: "messages", id: id.clone(), column };
    let state: String = row.get("state")?;
    let due: i64 = row.get("due_at")?;
    Ok(StoredMessage {
        seq: row.get("seq")?,
        event: row.get("event_id")?,
        kind: row.get("kind")?,
        channel: row.get("channel")?,
        target: row.get("target")?,
        customer: customer(row, "messages")?.ok_or_else(|| impossible("customer"))?,
        sequence: row.get("sequence")?,
        state: DeliveryState::named(&state).ok_or_else(|| impossible("state"))?,
        attempts: row.get("attempts")?,
        due_at: (due < IN_LINE.as_microsecond()).then(|| Timestamp::from_microsecond(due).ok()).flatten(),
        status_code: row.get("status_code")?,
        error: row.get("error")?,
        created_at: set_time(row, "messages", "created_at")?,
        finished_at: time(row, "messages", "finished_at")?,
        id,
    })
}
