//! Writes down what is to be told: an event, and a message for everybody who asked for it, in the
//! transaction of what happened (G14, G22).

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::Value;

use super::projection::Projected;
use super::{Effects, Rules, StoreError, Told, backup, contacts, mails};
use crate::announcement::Kind;
use crate::announcement::body::body;
use crate::customer::CustomerKey;
use crate::fault::{self, Mutant, crash_point};
use crate::mail::{self, Mail};
use crate::outbox::{Channel, Route};
use crate::random;
use crate::standing::News;

/// Tells each piece of news, once for its cause.
pub(super) fn tell(
    connection: &Connection,
    rules: &Rules,
    customer: &CustomerKey,
    news: &[News],
    after: &Projected,
    now: Timestamp,
    effects: &mut Effects,
) -> Result<(), StoreError> {
    if news.is_empty() {
        return Ok(());
    }
    let contact = contacts::of(connection, &customer.stored(), None)?;
    for piece in news {
        // About the customer as a whole: the version is the cause.
        let whole = News { object: customer.stored(), cause: after.version.to_string(), kind: piece.kind };
        let piece = if piece.kind == Kind::EntitlementsChanged { &whole } else { piece };
        let id = random::id("evt", now);
        let body = body(&id, piece, customer, contact.as_ref(), &after.standing, after.version, now);
        let new = connection
            .prepare_cached(
                "INSERT INTO events (id, kind, customer, object_id, cause, created_at, data)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            )?
            .execute(params![
                id,
                piece.kind.as_str(),
                customer.stored(),
                piece.object,
                piece.cause,
                now.as_microsecond(),
                body.to_string(),
            ])?;
        if new == 1 {
            crash_point("event.written");
            for route in rules.routes.of(piece.kind) {
                let mail = Mail::named(&route.target).filter(|_| route.channel == Channel::Email);
                // Most changes of access give some: nobody is written to about those.
                if mail == Some(Mail::AccessEnded) && !takes_access(connection, customer, &id, &body)? {
                    continue;
                }
                if fault::is(Mutant::OutboxOutsideTransaction) {
                    let (id, customer) = (id.clone(), customer.clone());
                    fault::later(move |connection| drop(send(connection, &id, &customer, &route, now)));
                    continue;
                }
                send(connection, &id, customer, &route, now)?;
                crash_point("event.queued");
            }
            effects.told.push(Told::new(piece, &after.standing));
        }
    }
    Ok(())
}

/// Whether access that was given is taken by an event, in a way that a mail tells of.
fn takes_access(connection: &Connection, customer: &CustomerKey, id: &str, body: &Value) -> Result<bool, StoreError> {
    let before = mails::access_before(connection, &customer.stored(), id)?;
    Ok(before.is_some_and(|before| !mail::taken(&before, &body["entitlements"]).is_empty()))
}

/// Queues a message. Each endpoint counts each customer's by itself, without gaps (G23).
fn send(
    connection: &Connection,
    event: &str,
    customer: &CustomerKey,
    Route { channel, target }: &Route,
    now: Timestamp,
) -> Result<(), StoreError> {
    if fault::is(Mutant::NoOutbox) {
        return Ok(());
    }
    let customer = customer.stored();
    let sequence: Option<i64> = match channel {
        Channel::Email => None,
        Channel::Webhook => Some(
            connection
                .prepare_cached(
                    "INSERT INTO lines (target, customer, last) VALUES (?1, ?2, ?3 + 1)
                     ON CONFLICT (target, customer) DO UPDATE SET last = last + 1 RETURNING last",
                )?
                .query_row(params![target, customer, backup::floor(connection)?], |row| row.get(0))?,
        ),
    };
    let now_micros = now.as_microsecond();
    connection
        .prepare_cached(
            "INSERT INTO messages (id, event_id, channel, target, customer, sequence, due_at, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)",
        )?
        .execute(params![random::id("msg", now), event, channel.as_str(), target, customer, sequence, now_micros])?;
    Ok(())
}
