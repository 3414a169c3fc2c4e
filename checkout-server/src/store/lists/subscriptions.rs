//! Subscriptions, as the provider told of them.

use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Value;

use super::{Conditions, Dated, Query, Slice, customer, set_time, stored, time};
use crate::customer::CustomerKey;
use crate::event::Subscription;
use crate::store::{Store, StoreError};

/// A subscription as lists show it.
#[derive(Clone, PartialEq)]
pub struct StoredSubscription {
    /// The provider's id.
    pub id: String,
    /// The order that began it.
    pub checkout: Option<String>,
    /// Whose it is.
    pub customer: Option<CustomerKey>,
    /// As [`crate::event::SubscriptionState`] is stored.
    pub state: String,
    /// As its observations show it.
    pub data: Subscription,
    /// By the provider.
    pub created_at: Option<Timestamp>,
    /// When we last heard something new.
    pub changed_at: Timestamp,
}

/// Which subscriptions.
#[derive(Clone, Default)]
pub struct SubscriptionFilter {
    /// Those that stand here, as stored.
    pub state: Option<String>,
    /// Theirs.
    pub customer: Option<CustomerKey>,
    /// Of that order.
    pub checkout: Option<String>,
    /// The one with that id.
    pub id: Option<String>,
}

const COLUMNS: &str = "SELECT id, checkout_id, customer, state, data, created_at, changed_at FROM subscriptions";

/// The query of a list, for the store and for the test of its plan.
pub(super) fn query(filter: &SubscriptionFilter, slice: &Slice<Dated>) -> Query {
    let SubscriptionFilter { state, customer, checkout, id } = filter;
    let Dated { at, id: last } = slice.after.clone().unwrap_or_else(Dated::newest);
    // The first half is what an index is searched by: it knows no pairs of expressions.
    Conditions::after(
        "COALESCE(created_at, 0) <= ? AND (COALESCE(created_at, 0), id) < (?, ?)",
        [Value::Integer(at), Value::Integer(at), Value::Text(last)],
    )
    .and("state = ?", state.clone())
    .and("customer = ?", stored(customer.as_ref()))
    .and("checkout_id = ?", checkout.clone())
    .and("id = ?", id.clone())
    .select(COLUMNS, "COALESCE(created_at, 0) DESC, id DESC", slice.limit)
}

impl StoredSubscription {
    /// Where it is in the list.
    #[must_use]
    pub fn place(&self) -> Dated {
        Dated { at: self.created_at.map_or(0, Timestamp::as_microsecond), id: self.id.clone() }
    }
}

impl Store {
    /// Subscriptions, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn subscriptions(
        &self,
        filter: SubscriptionFilter,
        slice: Slice<Dated>,
    ) -> Result<Vec<StoredSubscription>, StoreError> {
        self.read(move |connection| query(&filter, &slice).rows(connection, subscription)).await
    }
}

fn subscription(row: &Row<'_>) -> Result<StoredSubscription, StoreError> {
    let id: String = row.get("id")?;
    let data: String = row.get("data")?;
    let impossible = |_| StoreError::Impossible { table: "subscriptions", id: id.clone(), column: "data" };
    Ok(StoredSubscription {
        checkout: row.get("checkout_id")?,
        customer: customer(row, "subscriptions")?,
        state: row.get("state")?,
        data: serde_json::from_str(&data).map_err(impossible)?,
        created_at: time(row, "subscriptions", "created_at")?,
        changed_at: set_time(row, "subscriptions", "changed_at")?,
        id,
    })
}
