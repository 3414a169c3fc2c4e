//! What happened, in our words.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, Row};

use super::{CLOCK_STEP, Conditions, Query, Slice, customer, micros, set_time, stored};
use crate::announcement::Kind;
use crate::customer::CustomerKey;
use crate::store::{Store, StoreError};

/// An event as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the list.
    pub seq: i64,
    /// `evt_…`
    pub id: String,
    /// Such as `subscription.renewed`.
    pub kind: String,
    /// Whom it is about.
    pub customer: CustomerKey,
    /// The provider's object, our checkout, or the customer's key.
    pub object: String,
    /// When it was told.
    pub created_at: Timestamp,
}

/// Which events.
#[derive(Clone, Default)]
pub struct EventFilter {
    /// Of that kind.
    pub kind: Option<Kind>,
    /// About them.
    pub customer: Option<CustomerKey>,
    /// From then on.
    pub since: Option<Timestamp>,
    /// Up to then.
    pub until: Option<Timestamp>,
}

const COLUMNS: &str = "SELECT seq, id, kind, customer, object_id, created_at FROM events";

/// The query of a list, for the store and for the test of its plan.
pub(super) fn query(filter: &EventFilter, slice: &Slice<i64>) -> Query {
    let EventFilter { kind, customer, since, until } = filter;
    let (since, until) = (micros(*since), micros(*until));
    Conditions::after("seq < ?", [Value::Integer(slice.after.unwrap_or(i64::MAX))])
        .and("kind = ?", kind.map(|kind| kind.as_str().to_owned()))
        .and("customer = ?", stored(customer.as_ref()))
        // Where the list ends, so that nothing older is looked at.
        .and(
            "seq >= IFNULL((SELECT MIN(seq) FROM (SELECT seq FROM events WHERE created_at >= ? \
             ORDER BY created_at, seq LIMIT 1)), 9223372036854775807)",
            since.map(|since| since.saturating_sub(CLOCK_STEP)),
        )
        .and("+created_at >= ?", since)
        .and(
            "seq <= IFNULL((SELECT seq FROM events WHERE created_at <= ? ORDER BY created_at DESC, seq DESC LIMIT 1), 0)",
            until.map(|until| until.saturating_add(CLOCK_STEP)),
        )
        .and("+created_at <= ?", until)
        .select(COLUMNS, "seq DESC", slice.limit)
}

impl Store {
    /// Events, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn events(&self, filter: EventFilter, slice: Slice<i64>) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(move |connection| query(&filter, &slice).rows(connection, event)).await
    }

    /// The event with that id, and the text of its body.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn event(&self, id: &str) -> Result<Option<(StoredEvent, String)>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT seq, id, kind, customer, object_id, created_at, data FROM events WHERE id = ?1",
                )?
                .query_row([id], |row| Ok(event(row).and_then(|event| Ok((event, row.get("data")?)))))
                .optional()?
                .transpose()
        })
        .await
    }
}

fn event(row: &Row<'_>) -> Result<StoredEvent, StoreError> {
    let id: String = row.get("id")?;
    let impossible = || StoreError::Impossible { table: "events", id: id.clone(), column: "customer" };
    Ok(StoredEvent {
        seq: row.get("seq")?,
        kind: row.get("kind")?,
        customer: customer(row, "events")?.ok_or_else(impossible)?,
        object: row.get("object_id")?,
        created_at: set_time(row, "events", "created_at")?,
        id,
    })
}
