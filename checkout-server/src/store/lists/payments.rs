//! Payments, as the provider told of them.

use checkout_types::money::Money;
use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Value;

use super::{Conditions, Dated, Query, Slice, customer, stored, time};
use crate::customer::CustomerKey;
use crate::store::{Store, StoreError};

/// A payment as lists show it.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredPayment {
    /// The provider's id.
    pub id: String,
    /// The order that it pays.
    pub checkout: Option<String>,
    /// Whose it is.
    pub customer: Option<CustomerKey>,
    /// As [`crate::event::PaymentState`] is stored.
    pub state: String,
    /// As [`crate::event::payment::Charge`] is stored.
    pub charge: String,
    /// The subscriptions that it pays for.
    pub subscriptions: Vec<String>,
    /// What was (to be) paid.
    pub amount: Option<Money>,
    /// The provider's reason for a failure.
    pub error_code: Option<String>,
    /// By the provider.
    pub created_at: Option<Timestamp>,
}

/// Which payments.
#[derive(Clone, Default)]
pub struct PaymentFilter {
    /// Those that stand here, as stored.
    pub state: Option<String>,
    /// Theirs.
    pub customer: Option<CustomerKey>,
    /// Of that order.
    pub checkout: Option<String>,
    /// The one with that id.
    pub id: Option<String>,
}

const COLUMNS: &str = "SELECT id, checkout_id, customer, state, charge, subscriptions, amount, currency, error_code, \
    created_at FROM payments";

/// The query of a list, for the store and for the test of its plan.
pub(super) fn query(filter: &PaymentFilter, slice: &Slice<Dated>) -> Query {
    let PaymentFilter { state, customer, checkout, id } = filter;
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

impl StoredPayment {
    /// Where it is in the list.
    #[must_use]
    pub fn place(&self) -> Dated {
        Dated { at: self.created_at.map_or(0, Timestamp::as_microsecond), id: self.id.clone() }
    }
}

impl Store {
    /// Payments, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn payments(&self, filter: PaymentFilter, slice: Slice<Dated>) -> Result<Vec<StoredPayment>, StoreError> {
        self.read(move |connection| query(&filter, &slice).rows(connection, payment)).await
    }
}

fn payment(row: &Row<'_>) -> Result<StoredPayment, StoreError> {
    let id: String = row.get("id")?;
    let impossible = |column| StoreError::Impossible { table: "payments", id: id.clone(), column };
    let amount: (Option<i64>, Option<String>) = (row.get("amount")?, row.get("currency")?);
    let subscriptions: String = row.get("subscriptions")?;
    Ok(StoredPayment {
        checkout: row.get("checkout_id")?,
        customer: customer(row, "payments")?,
        state: row.get("state")?,
        charge: row.get("charge")?,
        subscriptions: serde_json::from_str(&subscriptions).map_err(|_| impossible("subscriptions"))?,
        amount: match amount {
            (Some(amount), Some(currency)) => {
                Some(Money::new(amount, currency.parse().map_err(|_| impossible("currency"))?))
            }
            _ => None,
        },
        error_code: row.get("error_code")?,
        created_at: time(row, "payments", "created_at")?,
        id,
    })
}
