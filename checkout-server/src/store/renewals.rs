//! When the provider has to be asked about an object: the queue that healing works off, written in the
//! fold's transaction (GUARANTEES, 0 Common rules).

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, params};

use super::StoreError;
use crate::standing::Standing;

/// After a period's end, when its renewal should have been heard of, and again before access is cut
/// off (see [`crate::entitlement::LEEWAY`]).
const AFTER_THE_END: [SignedDuration; 4] = [
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(6),
    SignedDuration::from_hours(24),
    SignedDuration::from_hours(35),
];

/// Asks about each subscription that should be renewed, when it should have been.
pub(super) fn schedule(connection: &Connection, standing: &Standing, now: Timestamp) -> Result<(), StoreError> {
    for (id, subscription) in &standing.subscriptions {
        let Some(end) = subscription.period_end.filter(|_| !subscription.over && subscription.has_begun()) else {
            continue;
        };
        let moments = AFTER_THE_END.into_iter().filter_map(|after| end.checked_add(after).ok());
        let before_suspension = subscription.grace_until.map(|until| until - SignedDuration::from_hours(1));
        if let Some(due) = moments.chain(before_suspension).filter(|moment| *moment > now).min() {
            ask(connection, "subscription", id, "renewal_due", due)?;
        }
    }
    Ok(())
}

/// Asks about an object at that time. What is urgent stays so; a renewal that was expected is expected anew.
pub(super) fn ask(
    connection: &Connection,
    kind: &'static str,
    object: &str,
    reason: &'static str,
    due: Timestamp,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO refetches (object_id, kind, reason, due_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (object_id) DO UPDATE SET reason = excluded.reason, due_at = excluded.due_at
             WHERE (reason = 'renewal_due' AND due_at IS NOT excluded.due_at) OR excluded.due_at < due_at",
        )?
        .execute(params![object, kind, reason, due.as_microsecond()])?;
    Ok(())
}

/// Takes a question back that was asked for that reason.
pub(super) fn no_longer(connection: &Connection, object: &str, reason: &'static str) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM refetches WHERE object_id = ?1 AND reason = ?2")?
        .execute([object, reason])?;
    Ok(())
}
