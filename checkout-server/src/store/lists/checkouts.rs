//! Orders.

use checkout_types::CheckoutStatus;
use jiff::Timestamp;
use rusqlite::Row;
use rusqlite::types::Value;

use super::{Conditions, Query, Slice, micros, set_time, stored};
use crate::checkout::{expired_before, status_at};
use crate::customer::CustomerKey;
use crate::store::rows::{COLUMNS, checkout};
use crate::store::{Store, StoreError, StoredCheckout};

/// A checkout with what only lists show.
#[derive(Clone, Debug)]
pub struct ListedCheckout {
    /// As it is stored.
    pub checkout: StoredCheckout,
    /// The payment that decided it.
    pub payment: Option<String>,
    /// Whether two payments succeeded (G7).
    pub paid_twice: bool,
    /// When a payment last changed it.
    pub changed_at: Timestamp,
}

/// Which checkouts.
#[derive(Clone, Default)]
pub struct CheckoutFilter {
    /// Those that stand here at that time.
    pub status: Option<(CheckoutStatus, Timestamp)>,
    /// Theirs.
    pub customer: Option<CustomerKey>,
    /// The one with that id.
    pub id: Option<String>,
}

/// The query of a list, for the store and for the test of its plan. Ids are ordered by time.
pub(super) fn query(filter: &CheckoutFilter, slice: &Slice<String>) -> Query {
    let CheckoutFilter { status, customer, id } = filter;
    // "Expired" is what can no longer be paid, which nobody writes down: see checkout::status_at.
    let (stands, expired, not_expired) = match *status {
        Some((CheckoutStatus::Expired, now)) => (None, Some(expired_before(now)), None),
        Some((status, now)) if status.is_payable() => (Some(status), None, Some(expired_before(now))),
        other => (other.map(|(status, _)| status), None, None),
    };
    // Every id begins with a letter.
    let last = slice.after.clone().unwrap_or_else(|| "~".to_owned());
    Conditions::after("id < ?", [Value::Text(last)])
        .and("status = ?", stands.map(|status| status.as_str().to_owned()))
        .and("status IN ('open', 'failed', 'canceled', 'expired') AND expires_at <= ?", micros(expired))
        .and("expires_at > ?", micros(not_expired))
        .and("customer = ?", stored(customer.as_ref()))
        .and("id = ?", id.clone())
        .select(&format!("SELECT {COLUMNS}, payment_id, paid_twice, changed_at FROM checkouts"), "id DESC", slice.limit)
}

impl ListedCheckout {
    /// Where it stands at a time of asking.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> CheckoutStatus {
        status_at(self.checkout.status, self.checkout.expires_at, now)
    }
}

impl Store {
    /// Checkouts, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn checkouts(
        &self,
        filter: CheckoutFilter,
        slice: Slice<String>,
    ) -> Result<Vec<ListedCheckout>, StoreError> {
        self.read(move |connection| query(&filter, &slice).rows(connection, listed)).await
    }
}

pub(super) fn listed(row: &Row<'_>) -> Result<ListedCheckout, StoreError> {
    Ok(ListedCheckout {
        checkout: checkout(row)?,
        payment: row.get("payment_id")?,
        paid_twice: row.get("paid_twice")?,
        changed_at: set_time(row, "checkouts", "changed_at")?,
    })
}
