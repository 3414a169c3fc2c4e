//! What is stored of the provider's objects is what they are: nothing missing, nothing invented, no sum
//! different (G15, G18).

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};
use serde_json::Value;

use super::truth::Truth;
use crate::verdict::Verdict;

/// Compares object by object.
pub(super) fn check(truth: &Truth, database: &Connection) -> Verdict {
    let mut verdict = Verdict::default();
    let compared = payments(truth, database, &mut verdict)
        .and_then(|()| subscriptions(truth, database, &mut verdict))
        .and_then(|()| refunds(truth, database, &mut verdict))
        .and_then(|()| disputes(truth, database, &mut verdict))
        .and_then(|()| orders(truth, database, &mut verdict));
    if let Err(error) = compared {
        verdict.check(false, format!("G15: the projection cannot be read: {error}"));
    }
    verdict
}

fn payments(truth: &Truth, database: &Connection, verdict: &mut Verdict) -> rusqlite::Result<()> {
    type Stored = (String, Option<i64>, Option<String>, Option<String>);
    let sql = "SELECT id, state, amount, currency, checkout_id FROM payments";
    let mut stored: BTreeMap<String, Stored> =
        table(database, sql, |row| Ok((row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)))?;
    let (mut ours, mut theirs) = (0, 0);
    for (id, paid) in &truth.payments {
        let expected = (paid.status.clone(), Some(paid.amount), Some(paid.currency.clone()), Some(paid.order.clone()));
        let found = stored.remove(id);
        if paid.status == "succeeded" {
            theirs += paid.amount;
            ours += found.as_ref().filter(|found| found.0 == "succeeded").and_then(|found| found.1).unwrap_or(0);
        }
        verdict.check(found.as_ref() == Some(&expected), format!("G15: payment {id}: {found:?}, not {expected:?}"));
    }
    verdict.check(stored.is_empty(), format!("G15: payments that never were: {:?}", stored.keys()));
    verdict.check(ours == theirs, format!("G18: the sum of what was paid is {ours}, not {theirs}"));
    verdict.count("payments", truth.payments.len() as u64);
    Ok(())
}

fn subscriptions(truth: &Truth, database: &Connection, verdict: &mut Verdict) -> rusqlite::Result<()> {
    let mut stored: BTreeMap<String, (String, String)> =
        table(database, "SELECT id, state, data FROM subscriptions", |row| Ok((row.get(1)?, row.get(2)?)))?;
    for (id, subscription) in &truth.subscriptions {
        let found = stored.remove(id);
        let state = found.as_ref().map(|found| found.0.clone());
        verdict.check(
            state.as_deref() == Some(&subscription.status),
            format!("G15: subscription {id}: {state:?}, not {}", subscription.status),
        );
        let data: Value = found.and_then(|found| serde_json::from_str(&found.1).ok()).unwrap_or_default();
        let seen = &data["seen"];
        if subscription.status == "active" && seen.is_object() {
            let ends = seen["ends_with_period"] == subscription.ends_with_period;
            verdict.check(ends, format!("G15: subscription {id}: ends with its period: {}", seen["ends_with_period"]));
            let (end, billing) = (&seen["period"]["end"], &subscription.next_billing);
            verdict
                .check(same_time(end, billing), format!("G15: subscription {id}: is paid until {end}, not {billing}"));
        }
    }
    verdict.check(stored.is_empty(), format!("G15: subscriptions that never were: {:?}", stored.keys()));
    verdict.count("subscriptions", truth.subscriptions.len() as u64);
    Ok(())
}

fn refunds(truth: &Truth, database: &Connection, verdict: &mut Verdict) -> rusqlite::Result<()> {
    let mut stored: BTreeMap<String, (String, String)> =
        table(database, "SELECT id, payment_id, data FROM refunds", |row| Ok((row.get(1)?, row.get(2)?)))?;
    for (id, refund) in &truth.refunds {
        let found = stored.remove(id);
        let payment = found.as_ref().map(|found| found.0.clone());
        verdict.check(
            payment.as_deref() == Some(&refund.payment),
            format!("G15: refund {id}: of {payment:?}, not of {}", refund.payment),
        );
        let data: Value = found.and_then(|found| serde_json::from_str(&found.1).ok()).unwrap_or_default();
        let expected = match refund.status.as_str() {
            "pending" | "review" => "Pending",
            "succeeded" => "Succeeded",
            _ => "Failed",
        };
        let state = &data["seen"]["state"];
        verdict.check(state == expected, format!("G15: refund {id}: {state}, and it is {}", refund.status));
    }
    verdict.check(stored.is_empty(), format!("G15: refunds that never were: {:?}", stored.keys()));
    Ok(())
}

fn disputes(truth: &Truth, database: &Connection, verdict: &mut Verdict) -> rusqlite::Result<()> {
    let mut stored: BTreeMap<String, (String, String)> =
        table(database, "SELECT id, payment_id, data FROM disputes", |row| Ok((row.get(1)?, row.get(2)?)))?;
    for (id, dispute) in &truth.disputes {
        let found = stored.remove(id);
        let payment = found.as_ref().map(|found| found.0.clone());
        verdict.check(
            payment.as_deref() == Some(&dispute.payment),
            format!("G15: dispute {id}: of {payment:?}, not of {}", dispute.payment),
        );
        let data: Value = found.and_then(|found| serde_json::from_str(&found.1).ok()).unwrap_or_default();
        let expected = match dispute.status.as_str() {
            "opened" | "challenged" => "Open",
            "won" | "cancelled" | "expired" => "Kept",
            _ => "Lost",
        };
        let state = &data["seen"]["state"];
        verdict.check(state == expected, format!("G15: dispute {id}: {state}, and it is {}", dispute.status));
    }
    verdict.check(stored.is_empty(), format!("G15: disputes that never were: {:?}", stored.keys()));
    verdict.count("disputes", truth.disputes.len() as u64);
    Ok(())
}

/// An order is paid where one of its payments succeeded, and only there.
fn orders(truth: &Truth, database: &Connection, verdict: &mut Verdict) -> rusqlite::Result<()> {
    let paid = truth.paid_orders();
    let stored: BTreeMap<String, String> =
        table(database, "SELECT id, status FROM checkouts WHERE url IS NOT NULL", |row| row.get(1))?;
    for order in &paid {
        verdict.check(stored.contains_key(order), format!("G15: order {order} was paid and is not there"));
    }
    for (order, status) in &stored {
        let is_paid = status == "paid";
        verdict.check(is_paid == paid.contains(order), format!("G15: order {order} is {status}"));
    }
    verdict.count("orders", stored.len() as u64);
    verdict.count("orders paid", paid.len() as u64);
    Ok(())
}

fn same_time(one: &Value, other: &str) -> bool {
    let time = |text: &str| text.parse::<jiff::Timestamp>().ok();
    one.as_str().is_some_and(|one| time(one).is_some() && time(one) == time(other))
}

fn table<T>(
    database: &Connection,
    sql: &str,
    read: impl Fn(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<BTreeMap<String, T>> {
    let mut statement = database.prepare(sql)?;
    statement.query_map([], |row| Ok((row.get(0)?, read(row)?)))?.collect()
}
