//! What a mail has to know: its event, whom it goes to, and how things stand now. Read when the mail is
//! sent, so that a message in the outbox holds nothing personal and a new address counts at once.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use checkout_types::money::Money;

use super::rows::find;
use super::{Store, StoreError};
use crate::announcement::Kind;
use crate::checkout::Order;

/// A cancellation and the end of access that it brings are told within one another's hour.
const TOGETHER: SignedDuration = SignedDuration::from_hours(1);

/// Somebody to write to.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// Where to.
    pub email: String,
    /// What they are called.
    pub name: Option<String>,
}

impl std::fmt::Debug for Contact {
    /// Personal data does not print itself.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Contact(personal data)")
    }
}

/// Money that came in, or that should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The provider's id.
    pub id: String,
    /// How much.
    pub money: Option<Money>,
    /// When, by the provider's clock.
    pub at: Option<Timestamp>,
    /// Whether it paid the order itself, not a renewal.
    pub is_sale: bool,
}

/// A subscription as the projection has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribed {
    /// The provider's id.
    pub id: String,
    /// Where it stands.
    pub state: String,
    /// [`crate::event::Subscription`] as JSON.
    pub data: Value,
}

/// An event, and all that a mail about it may say.
#[derive(Clone, Debug)]
pub struct Told {
    /// `evt_…`
    pub event: String,
    /// What happened.
    pub kind: Kind,
    /// When, by our clock.
    pub at: Timestamp,
    /// What the customer could use before it, with it, and can now.
    pub access_before: Option<Value>,
    /// See above.
    pub access_then: Option<Value>,
    /// See above.
    pub access_now: Option<Value>,
    /// What happened to the same object since.
    pub since: Vec<Kind>,
    /// Whether a mail about a cancellation went with it.
    pub cancellation_was_told: bool,
    /// Whom to write to.
    pub contact: Option<Contact>,
    /// What was ordered.
    pub order: Option<Order>,
    /// The payment it is about, or the newest of its subscription.
    pub charge: Option<Charge>,
    /// The subscription it is about.
    pub subscription: Option<Subscribed>,
}

impl Store {
    /// An event with what a mail about it may say. `None` where there is no such event.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn told(&self, event: &str) -> Result<Option<Told>, StoreError> {
        let event = event.to_owned();
        self.read(move |connection| {
            Event::find(connection, &event)?.map(|event| event.with_its_surroundings(connection)).transpose()
        })
        .await
    }
}

/// A row of `events`.
struct Event {
    seq: i64,
    id: String,
    kind: Kind,
    customer: String,
    object: String,
    at: Timestamp,
    data: Value,
}

impl Event {
    fn find(connection: &Connection, id: &str) -> Result<Option<Self>, StoreError> {
        let sql = "SELECT seq, kind, customer, object_id, created_at, data FROM events WHERE id = ?1";
        let row = connection
            .prepare_cached(sql)?
            .query_row([id], |row| {
                let texts: (i64, String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
                Ok((texts, row.get::<_, i64>(4)?, row.get::<_, String>(5)?))
            })
            .optional()?;
        let Some(((seq, kind, customer, object), at, data)) = row else { return Ok(None) };
        let impossible = |column| StoreError::Impossible { table: "events", id: id.to_owned(), column };
        Ok(Some(Self {
            seq,
            id: id.to_owned(),
            kind: Kind::named(&kind).ok_or_else(|| impossible("kind"))?,
            customer,
            object,
            at: Timestamp::from_microsecond(at).map_err(|_| impossible("created_at"))?,
            data: serde_json::from_str(&data).map_err(|_| impossible("data"))?,
        }))
    }

    fn with_its_surroundings(self, connection: &Connection) -> Result<Told, StoreError> {
        let subscription = self.subscription(connection)?;
        let charge = self.charge(connection, subscription.as_ref())?;
        let checkout = self.checkout(connection, subscription.as_ref())?;
        let order = match &checkout {
            Some(id) => find(connection, "id", id)?.map(|checkout| checkout.order),
            None => None,
        };
        // Who bought hears of the sale; of what follows, whoever bought last.
        let sale = charge.as_ref().is_some_and(|charge| charge.is_sale && self.kind == Kind::PaymentSucceeded);
        Ok(Told {
            contact: contact(connection, &self.customer, checkout.as_deref().filter(|_| sale))?,
            access_before: self.access(connection, "seq < ?2 ORDER BY seq DESC")?,
            access_now: self.access(connection, "seq >= ?2 ORDER BY seq DESC")?,
            since: self.since(connection)?,
            cancellation_was_told: self.cancellation_was_told(connection)?,
            access_then: self.data.get("entitlements").cloned(),
            event: self.id,
            kind: self.kind,
            at: self.at,
            order,
            charge,
            subscription,
        })
    }

    /// The subscription of that id; else that of the payment; else the customer's that changed last and is
    /// not well, which is the one that takes access.
    fn subscription(&self, connection: &Connection) -> Result<Option<Subscribed>, StoreError> {
        let of = |sql: &str, id: &str| -> Result<Option<Subscribed>, StoreError> {
            let row = connection.prepare_cached(sql)?.query_row([id], |row| {
                Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
            });
            let Some((id, state, data)) = row.optional()? else { return Ok(None) };
            let impossible = |_| StoreError::Impossible { table: "subscriptions", id: id.clone(), column: "data" };
            let data = serde_json::from_str(&data).map_err(impossible)?;
            Ok(Some(Subscribed { id, state, data }))
        };
        match self.kind {
            Kind::PaymentSucceeded => of(
                "SELECT id, state, data FROM subscriptions JOIN subscription_payments ON subscription_id = id
                 WHERE payment_id = ?1 ORDER BY id LIMIT 1",
                &self.object,
            ),
            Kind::EntitlementsChanged => of(
                "SELECT id, state, data FROM subscriptions WHERE customer = ?1
                 ORDER BY state IN ('active', 'pending'), changed_at DESC, id LIMIT 1",
                &self.customer,
            ),
            _ => of("SELECT id, state, data FROM subscriptions WHERE id = ?1", &self.object),
        }
    }

    fn charge(&self, connection: &Connection, of: Option<&Subscribed>) -> Result<Option<Charge>, StoreError> {
        const COLUMNS: &str = "payments.id, amount, currency, payments.created_at,
            EXISTS (SELECT 1 FROM checkouts WHERE checkouts.payment_id = payments.id) FROM payments";
        let read = |condition: &str, id: &str| -> Result<Option<Charge>, StoreError> {
            let sql = format!("SELECT {COLUMNS} {condition}");
            let charge = connection.prepare_cached(&sql)?.query_row([id], |row| {
                let currency: Option<String> = row.get(2)?;
                let money = row.get::<_, Option<i64>>(1)?.zip(currency.and_then(|code| code.parse().ok()));
                let at: Option<i64> = row.get(3)?;
                Ok(Charge {
                    id: row.get(0)?,
                    money: money.map(|(amount, currency)| Money::new(amount, currency)),
                    at: at.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
                    is_sale: row.get(4)?,
                })
            });
            Ok(charge.optional()?)
        };
        match (self.kind, of) {
            (Kind::PaymentSucceeded, _) => read("WHERE payments.id = ?1", &self.object),
            (_, Some(subscription)) => read(
                "JOIN subscription_payments ON payment_id = payments.id
                 WHERE subscription_id = ?1 AND amount > 0 ORDER BY payments.created_at DESC, payments.id LIMIT 1",
                &subscription.id,
            ),
            _ => Ok(None),
        }
    }

    fn checkout(&self, connection: &Connection, of: Option<&Subscribed>) -> Result<Option<String>, StoreError> {
        let (table, id) = match (self.kind, of) {
            (Kind::PaymentSucceeded, _) => ("payments", self.object.as_str()),
            (_, Some(subscription)) => ("subscriptions", subscription.id.as_str()),
            _ => return Ok(None),
        };
        let sql = format!("SELECT checkout_id FROM {table} WHERE id = ?1");
        Ok(connection.prepare_cached(&sql)?.query_row([id], |row| row.get(0)).optional()?.flatten())
    }

    /// The `entitlements` of the first event of the customer that says what changed in them.
    fn access(&self, connection: &Connection, which: &str) -> Result<Option<Value>, StoreError> {
        let kind = Kind::EntitlementsChanged.as_str();
        let sql = format!("SELECT data FROM events WHERE customer = ?1 AND kind = '{kind}' AND {which} LIMIT 1");
        let data: Option<String> =
            connection.prepare_cached(&sql)?.query_row(params![self.customer, self.seq], |row| row.get(0)).optional()?;
        let body: Option<Value> = data.and_then(|data| serde_json::from_str(&data).ok());
        Ok(body.and_then(|body| body.get("entitlements").cloned()))
    }

    fn since(&self, connection: &Connection) -> Result<Vec<Kind>, StoreError> {
        let sql = "SELECT kind FROM events WHERE customer = ?1 AND object_id = ?2 AND seq > ?3 ORDER BY seq";
        let mut statement = connection.prepare_cached(sql)?;
        let kinds = statement.query_map(params![self.customer, self.object, self.seq], |row| row.get::<_, String>(0))?;
        kinds.filter_map(|kind| kind.map(|kind| Kind::named(&kind)).transpose()).map(|kind| Ok(kind?)).collect()
    }

    fn cancellation_was_told(&self, connection: &Connection) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM messages WHERE customer = ?1 AND channel = 'email' AND target = 'canceled'
                   AND state != 'canceled' AND abs(created_at - ?2) <= ?3)";
        let within = i64::try_from(TOGETHER.as_micros()).unwrap_or(i64::MAX);
        let told = connection
            .prepare_cached(sql)?
            .query_row(params![self.customer, self.at.as_microsecond(), within], |row| row.get(0))?;
        Ok(told)
    }
}

/// Whom to write to: who gave an address with that checkout, or with the customer's newest paid one.
fn contact(connection: &Connection, customer: &str, checkout: Option<&str>) -> Result<Option<Contact>, StoreError> {
    let contact = connection
        .prepare_cached(
            "SELECT email, name FROM contacts JOIN checkouts ON checkouts.id = checkout_id WHERE customer = ?1
             ORDER BY checkouts.id IS ?2 DESC, status IN ('paid', 'fulfilled') DESC, created_at DESC, checkouts.id LIMIT 1",
        )?
        .query_row(params![customer, checkout], |row| Ok(Contact { email: row.get(0)?, name: row.get(1)? }))
        .optional()?;
    Ok(contact)
}
