//! Lists of what is stored, newest first, by filter: what `/v1/…` lists show, the commands and the
//! operator's page. Each is one query that an index answers, see `lists/tests.rs`; nothing here writes.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::StoreError;
use crate::customer::CustomerKey;

mod checkouts;
mod events;
mod messages;
mod overview;
mod payments;
mod subscriptions;
#[cfg(test)]
mod tests;

pub use checkouts::{CheckoutFilter, ListedCheckout};
pub use events::{EventFilter, StoredEvent};
pub use messages::{MessageFilter, StoredMessage};
pub use overview::{Condition, Found, HandRow, StuckNotice};
pub use payments::{PaymentFilter, StoredPayment};
pub use subscriptions::{StoredSubscription, SubscriptionFilter};

/// A piece of a list: so many rows after a place, which is the last row's of the piece before.
#[derive(Clone, Debug)]
pub struct Slice<P> {
    /// `None` begins with the newest.
    pub after: Option<P>,
    /// At most so many.
    pub limit: u32,
}

impl<P> Slice<P> {
    /// The newest ones.
    #[must_use]
    pub fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }
}

/// A place in a list that is ordered by the provider's time and id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    /// Microseconds; 0 where the provider said none.
    pub at: i64,
    /// The provider's id.
    pub id: String,
}

impl Dated {
    /// Before every row.
    fn newest() -> Self {
        Self { at: i64::MAX, id: String::new() }
    }
}

/// Conditions joined by AND, with their values. The texts are ours; what callers say is always a value.
struct Conditions {
    text: String,
    values: Vec<Value>,
}

impl Conditions {
    /// Begins with where the slice begins.
    fn after(condition: &'static str, place: impl IntoIterator<Item = Value>) -> Self {
        Self { text: condition.to_owned(), values: place.into_iter().collect() }
    }

    /// One more, where there is a value for it.
    fn and(mut self, condition: &'static str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.text.push_str(" AND ");
            self.text.push_str(condition);
            self.values.push(value.into());
        }
        self
    }

    /// A statement: what comes before the conditions, and after them up to the limit.
    fn select(self, before: &str, order: &str, limit: u32) -> Query {
        let Self { text, mut values } = self;
        values.push(limit.into());
        Query { sql: format!("{before} WHERE {text} ORDER BY {order} LIMIT ?"), values }
    }
}

/// A statement with its values.
struct Query {
    sql: String,
    values: Vec<Value>,
}

impl Query {
    fn rows<T>(
        &self,
        connection: &Connection,
        read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = connection.prepare_cached(&self.sql)?;
        let rows = statement.query_map(params_from_iter(&self.values), |row| Ok(read(row)))?;
        rows.map(|row| row?).collect()
    }
}

/// Clocks step: of two rows the later one may have the earlier time, by no more than this (G21).
const CLOCK_STEP: i64 = 3_600_000_000;

/// How a customer is found in a column.
fn stored(customer: Option<&CustomerKey>) -> Option<String> {
    customer.map(CustomerKey::stored)
}

fn micros(time: Option<Timestamp>) -> Option<i64> {
    time.map(Timestamp::as_microsecond)
}

/// A time of a row.
fn time(row: &Row<'_>, table: &'static str, column: &'static str) -> Result<Option<Timestamp>, StoreError> {
    let micros: Option<i64> = row.get(column)?;
    let impossible = |_| StoreError::Impossible { table, id: row.get("id").unwrap_or_default(), column };
    micros.map(Timestamp::from_microsecond).transpose().map_err(impossible)
}

/// A time that every row has.
fn set_time(row: &Row<'_>, table: &'static str, column: &'static str) -> Result<Timestamp, StoreError> {
    let impossible = || StoreError::Impossible { table, id: row.get("id").unwrap_or_default(), column };
    time(row, table, column)?.ok_or_else(impossible)
}

/// Whose a row is.
fn customer(row: &Row<'_>, table: &'static str) -> Result<Option<CustomerKey>, StoreError> {
    let stored: Option<String> = row.get("customer")?;
    let impossible = || StoreError::Impossible { table, id: row.get("id").unwrap_or_default(), column: "customer" };
    stored.map(|stored| CustomerKey::from_store(&stored).ok_or_else(impossible)).transpose()
}
