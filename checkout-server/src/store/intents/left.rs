//! What is left of a payment to give back: what was paid, less what was given back by whomever, less what
//! is on its way from here.

use std::collections::BTreeSet;

use checkout_types::Money;
use rusqlite::Connection;

use super::{Ending, Request};
use crate::event::{Refund, RefundState};
use crate::intent::Position;
use crate::store::StoreError;

/// What is left of a payment.
pub(super) struct Left {
    /// How much.
    pub(super) amount: Money,
    /// Whether the provider sees it so too: nothing is on its way from here.
    pub(super) is_settled: bool,
}

/// What is left; `None` where that is nothing, or cannot be reckoned.
pub(super) fn of(connection: &Connection, payment: &str, paid: Money) -> Result<Option<Left>, StoreError> {
    let mut known = BTreeSet::new();
    let (mut left, mut is_settled) = (Some(paid.amount), true);
    for (id, amount) in told(connection, payment)? {
        left = left.zip(amount).and_then(|(left, amount)| left.checked_sub(amount));
        known.insert(id);
    }
    for (position, request, ending) in planned(connection, payment)? {
        let is_told = ending.refund.is_some_and(|refund| known.contains(&refund));
        // What the provider did not show for five days is not on its way; where it was made after all, it is
        // told of. What nobody could ask about may be.
        if position.may_have_moved() && !is_told {
            left = left.and_then(|left| left.checked_sub(request.amount.amount));
            is_settled = false;
        }
    }
    let amount = left.filter(|left| *left > 0).map(|left| Money::new(left, paid.currency));
    Ok(amount.map(|amount| Left { amount, is_settled }))
}

/// The refunds that the provider has told of and that did not fail; without an amount where it said none.
fn told(connection: &Connection, payment: &str) -> Result<Vec<(String, Option<i64>)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id, data FROM refunds WHERE payment_id = ?1")?;
    let rows = statement.query_map([payment], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut told = Vec::new();
    for row in rows {
        let (id, data) = row?;
        let impossible = |_| StoreError::Impossible { table: "refunds", id: id.clone(), column: "data" };
        let Refund { seen, .. } = serde_json::from_str(&data).map_err(impossible)?;
        if seen.state != RefundState::Failed {
            told.push((id, seen.amount.map(|money| money.amount)));
        }
    }
    Ok(told)
}

fn planned(connection: &Connection, payment: &str) -> Result<Vec<(Position, Request, Ending)>, StoreError> {
    let sql = format!("SELECT {} FROM intents WHERE object_id = ?1", super::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([payment], |row| Ok(super::intent(row)))?;
    rows.map(|row| row?.map(|intent| (intent.position, intent.request, intent.result))).collect()
}
