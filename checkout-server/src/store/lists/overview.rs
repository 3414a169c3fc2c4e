//! What an operator has to know first: what is stuck, how much waits, and whom a text that was typed
//! into the search belongs to. All of it is little, or counted by an index.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::checkouts::{ListedCheckout, listed};
use super::set_time;
use crate::customer::CustomerKey;
use crate::store::rows::COLUMNS;
use crate::store::{Store, StoreError};

/// Rows of each kind that are named; beyond them, there are more.
const MOST: u32 = 50;

/// How things stand.
#[derive(Clone, Default)]
pub struct Condition {
    /// Messages by state; the delivered ones are not counted.
    pub waiting: Vec<(String, String, u64)>,
    /// When the oldest message that waits was made.
    pub oldest: Option<Timestamp>,
    /// Endpoints that are failing or disabled: name, state, failures in a row.
    pub endpoints: Vec<(String, String, u32)>,
    /// Orders that a person has to look at.
    pub needs_review: u64,
    /// Orders that were paid twice.
    pub paid_twice: u64,
    /// Notices that could not be folded.
    pub stuck: u64,
    /// Calls that move money whose result a person has to find out.
    pub intents: u64,
    /// Objects that the provider is to be asked about, by the reason.
    pub refetches: Vec<(String, u64)>,
    /// Subscriptions by state.
    pub subscriptions: Vec<(String, u64)>,
}

/// A notice that could not be folded.
#[derive(Clone)]
pub struct StuckNotice {
    /// The provider's id of the delivery.
    pub webhook_id: String,
    /// Its kind, where it could be read.
    pub kind: Option<String>,
    /// What it is about, where it could be read.
    pub object: Option<String>,
    /// Why not.
    pub why: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// Given or blocked by a person.
#[derive(Clone)]
pub struct HandRow {
    /// What.
    pub entitlement: String,
    /// Given, or blocked.
    pub given: bool,
    /// Until when.
    pub until: Option<Timestamp>,
    /// By whom.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub created_at: Timestamp,
    /// When it was taken back, and by whom.
    pub lifted: Option<(Timestamp, Option<String>)>,
}

/// What a text that was searched for is.
#[derive(Clone, PartialEq, Eq)]
pub enum Found {
    /// An event's id.
    Event(String),
    /// A message's id.
    Message(String),
    /// Customers, and by what each was found.
    Customers(Vec<(CustomerKey, &'static str)>),
}

/// Where a customer is found by, the text being `?1`, and what to call that.
const BY: [(&str, &str); 8] = [
    ("your reference", "SELECT customer FROM checkouts WHERE customer = 'ref:' || ?1"),
    ("your reference", "SELECT customer FROM customers WHERE customer = 'ref:' || ?1"),
    ("your reference", "SELECT customer FROM access_by_hand WHERE customer = 'ref:' || ?1"),
    ("an order", "SELECT COALESCE(customer, 'co:' || id) FROM checkouts WHERE id = ?1"),
    ("a payment", "SELECT customer FROM payments WHERE id = ?1 AND customer IS NOT NULL"),
    ("a subscription", "SELECT customer FROM subscriptions WHERE id = ?1 AND customer IS NOT NULL"),
    (
        "a refund",
        "SELECT p.customer FROM refunds r JOIN payments p ON p.id = r.payment_id WHERE r.id = ?1 AND p.customer IS NOT NULL",
    ),
    (
        "a dispute",
        "SELECT p.customer FROM disputes d JOIN payments p ON p.id = d.payment_id WHERE d.id = ?1 AND p.customer IS NOT NULL",
    ),
];
const BY_EMAIL: &str = "SELECT COALESCE(k.customer, 'co:' || k.id) FROM contacts c JOIN checkouts k ON k.id = c.checkout_id \
     WHERE c.email = ?1 COLLATE NOCASE";

impl Store {
    /// How things stand.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn condition(&self) -> Result<Condition, StoreError> {
        self.read(condition).await
    }

    /// The notices that could not be folded, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn stuck_notices(&self) -> Result<Vec<StuckNotice>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(
                "SELECT webhook_id AS id, kind, object_id, stuck, received_at FROM notices
                 WHERE stuck IS NOT NULL ORDER BY seq DESC LIMIT ?1",
            )?;
            let rows = statement.query_map([MOST], |row| Ok(stuck(row)))?;
            rows.map(|row| row?).collect()
        })
        .await
    }

    /// The orders that were paid twice, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn paid_twice(&self) -> Result<Vec<ListedCheckout>, StoreError> {
        self.read(|connection| {
            let sql = format!(
                "SELECT {COLUMNS}, payment_id, paid_twice, changed_at FROM checkouts
                 WHERE paid_twice = 1 ORDER BY id DESC LIMIT ?1"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([MOST], |row| Ok(listed(row)))?;
            rows.map(|row| row?).collect()
        })
        .await
    }

    /// What persons gave to a customer or took from them, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn hands_of(&self, customer: &CustomerKey) -> Result<Vec<HandRow>, StoreError> {
        let customer = customer.stored();
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id, entitlement, given, until, who, why, created_at, lifted_at, lifted_by FROM access_by_hand
                 WHERE customer = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2",
            )?;
            let rows = statement.query_map((customer, MOST), |row| Ok(hand(row)))?;
            rows.map(|row| row?).collect()
        })
        .await
    }

    /// Who, or what, a text names: by id, by the merchant's reference, by an e-mail address.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn find(&self, text: &str) -> Result<Found, StoreError> {
        let text = text.to_owned();
        self.read(move |connection| find(connection, &text)).await
    }
}

fn counted(connection: &Connection, sql: &str) -> Result<Vec<(String, u64)>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn count(connection: &Connection, sql: &str) -> Result<u64, StoreError> {
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get::<_, i64>(0))?.unsigned_abs())
}

fn condition(connection: &Connection) -> Result<Condition, StoreError> {
    let mut waiting = connection.prepare_cached(
        "SELECT channel, state, COUNT(*) FROM messages INDEXED BY messages_by_state
         WHERE state IN ('queued', 'leased', 'parked', 'dead') GROUP BY state, channel",
    )?;
    let waiting = waiting
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, i64>(2)?.unsigned_abs())))?
        .collect::<Result<_, _>>()?;
    // The oldest of each state is the first of its index.
    let oldest: Option<i64> = connection
        .prepare_cached(
            "SELECT MIN(created_at) FROM (
                SELECT * FROM (SELECT created_at FROM messages WHERE state = 'queued' ORDER BY seq LIMIT 1)
                UNION ALL
                SELECT * FROM (SELECT created_at FROM messages WHERE state = 'leased' ORDER BY seq LIMIT 1))",
        )?
        .query_row([], |row| row.get(0))?;
    let mut endpoints =
        connection.prepare_cached("SELECT id, state, failures FROM endpoints WHERE state != 'enabled' ORDER BY id")?;
    let endpoints =
        endpoints.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
    Ok(Condition {
        waiting,
        oldest: oldest.and_then(|oldest| Timestamp::from_microsecond(oldest).ok()),
        endpoints,
        needs_review: count(connection, "SELECT COUNT(*) FROM checkouts WHERE status = 'needs_review'")?,
        paid_twice: count(connection, "SELECT COUNT(*) FROM checkouts WHERE paid_twice = 1")?,
        stuck: count(connection, "SELECT COUNT(*) FROM notices WHERE stuck IS NOT NULL")?,
        intents: count(connection, "SELECT COUNT(*) FROM intents WHERE state = 'needs_review'")?,
        refetches: counted(connection, "SELECT reason, COUNT(*) FROM refetches GROUP BY reason")?,
        subscriptions: counted(connection, "SELECT state, COUNT(*) FROM subscriptions GROUP BY state")?,
    })
}

fn stuck(row: &Row<'_>) -> Result<StuckNotice, StoreError> {
    Ok(StuckNotice {
        webhook_id: row.get("id")?,
        kind: row.get("kind")?,
        object: row.get("object_id")?,
        why: row.get("stuck")?,
        received_at: set_time(row, "notices", "received_at")?,
    })
}

fn hand(row: &Row<'_>) -> Result<HandRow, StoreError> {
    let lifted_at = super::time(row, "access_by_hand", "lifted_at")?;
    let lifted_by: Option<String> = row.get("lifted_by")?;
    Ok(HandRow {
        entitlement: row.get("entitlement")?,
        given: row.get("given")?,
        until: super::time(row, "access_by_hand", "until")?,
        who: row.get("who")?,
        why: row.get("why")?,
        created_at: set_time(row, "access_by_hand", "created_at")?,
        lifted: lifted_at.map(|at| (at, lifted_by)),
    })
}

fn find(connection: &Connection, text: &str) -> Result<Found, StoreError> {
    for (table, found) in [("events", Found::Event as fn(String) -> Found), ("messages", Found::Message)] {
        let sql = format!("SELECT 1 FROM {table} WHERE id = ?1");
        if connection.prepare_cached(&sql)?.query_row([text], |_| Ok(())).optional()?.is_some() {
            return Ok(found(text.to_owned()));
        }
    }
    let mut customers = Vec::<(CustomerKey, &'static str)>::new();
    let by_email = text.contains('@').then_some(("an e-mail address", BY_EMAIL));
    for (why, sql) in BY.into_iter().chain(by_email) {
        let mut statement = connection.prepare_cached(&format!("{sql} LIMIT {MOST}"))?;
        let rows: Vec<String> = statement.query_map([text], |row| row.get(0))?.collect::<Result<_, _>>()?;
        for key in rows.iter().filter_map(|stored| CustomerKey::from_store(stored)) {
            if !customers.iter().any(|(known, _)| *known == key) {
                customers.push((key, why));
            }
        }
    }
    Ok(Found::Customers(customers))
}
