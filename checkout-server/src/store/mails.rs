//! What a mail has to know: its event, whom it goes to, and how things stand now. Read when the mail is
//! sent, so that a message in the outbox holds nothing personal and a new address counts at once.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::Value;

use checkout_types::money::Money;

use super::rows::find;
use super::{Store, StoreError, contacts};
use crate::announcement::Kind;
use crate::customer::CustomerKey;
use crate::mail::{Cancellation, Charged, Mail, Occurrence};
use crate::standing::{Standing, SubscriptionStanding};

/// A cancellation and the end of access that it brings are told within one another's hour.
const TOGETHER: SignedDuration = SignedDuration::from_hours(1);

impl Store {
    /// An event with what a mail about it may say. `None` where there is no such event.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn occurrence(&self, event: &str) -> Result<Option<Occurrence>, StoreError> {
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

    fn with_its_surroundings(self, connection: &Connection) -> Result<Occurrence, StoreError> {
        let owner = owner(connection, &self.customer)?;
        let standing = standing(connection, &owner)?;
        let subscription = self.subscription(&standing);
        let charge = self.charge(connection, subscription.as_ref())?;
        let checkout = self.checkout(&standing, subscription.as_ref());
        let order = match &checkout {
            Some(id) => find(connection, "id", id)?.map(|checkout| checkout.order),
            None => None,
        };
        // Who bought hears of the sale; of what follows, whoever bought last.
        let sale = charge.as_ref().is_some_and(|charge| charge.charge == "sale" && self.kind == Kind::PaymentSucceeded);
        Ok(Occurrence {
            contact: contacts::of(connection, &owner, checkout.as_deref().filter(|_| sale))?,
            access_before: access_before(connection, &self.customer, &self.id)?,
            since: self.since(connection)?,
            cancellation: self.cancellation(connection, subscription.as_ref().map(|(id, _)| id.as_str()))?,
            access_then: self.data.get("entitlements").cloned(),
            access_now: standing.entitlements,
            event: self.id,
            kind: self.kind,
            at: self.at,
            order,
            charge,
            subscription,
        })
    }

    /// The subscription of that id; else that of the payment; else the customer's that changed last and is
    /// not well, which is the one that takes access. Of a guest's only those of the one purchase.
    fn subscription(&self, standing: &Standing) -> Option<(String, SubscriptionStanding)> {
        let all = &standing.subscriptions;
        let id = match self.kind {
            Kind::PaymentSucceeded => standing.payments.get(&self.object)?.subscriptions.first()?,
            Kind::EntitlementsChanged => {
                let well = |one: &SubscriptionStanding| one.state == "active" && !one.over;
                let guest = self.customer.strip_prefix("co:");
                let theirs = all.iter().filter(|(_, one)| guest.is_none_or(|checkout| one.checkout == checkout));
                theirs.max_by_key(|(_, one)| (!well(one), one.changed)).map(|(id, _)| id)?
            }
            _ => &self.object,
        };
        all.get(id).map(|subscription| (id.clone(), subscription.clone()))
    }

    fn checkout(&self, standing: &Standing, of: Option<&(String, SubscriptionStanding)>) -> Option<String> {
        let paid = standing.payments.get(&self.object).map(|payment| payment.checkout.clone());
        paid.or_else(|| of.map(|(_, subscription)| subscription.checkout.clone()))
    }

    fn charge(
        &self,
        connection: &Connection,
        of: Option<&(String, SubscriptionStanding)>,
    ) -> Result<Option<Charged>, StoreError> {
        const COLUMNS: &str = "payments.id, amount, currency, payments.created_at, charge FROM payments";
        let read = |condition: &str, id: &str| -> Result<Option<Charged>, StoreError> {
            let sql = format!("SELECT {COLUMNS} {condition}");
            let charge = connection.prepare_cached(&sql)?.query_row([id], |row| {
                let currency: Option<String> = row.get(2)?;
                let money = row.get::<_, Option<i64>>(1)?.zip(currency.and_then(|code| code.parse().ok()));
                let at: Option<i64> = row.get(3)?;
                Ok(Charged {
                    id: row.get(0)?,
                    money: money.map(|(amount, currency)| Money::new(amount, currency)),
                    at: at.and_then(|micros| Timestamp::from_microsecond(micros).ok()),
                    charge: row.get(4)?,
                })
            });
            Ok(charge.optional()?)
        };
        match (self.kind, of) {
            (Kind::PaymentSucceeded, _) => read("WHERE payments.id = ?1", &self.object),
            (_, Some((subscription, _))) => read(
                "JOIN subscription_payments ON payment_id = payments.id
                 WHERE subscription_id = ?1 AND amount > 0 ORDER BY payments.created_at DESC, payments.id LIMIT 1",
                subscription,
            ),
            _ => Ok(None),
        }
    }

    /// Whoever it belonged to then: a claim does not hide it.
    fn since(&self, connection: &Connection) -> Result<Vec<Kind>, StoreError> {
        // All kinds are named for the index of kind and object.
        let kinds = Kind::ALL.map(|kind| format!("'{}'", kind.as_str())).join(", ");
        let sql =
            format!("SELECT kind FROM events WHERE kind IN ({kinds}) AND object_id = ?1 AND seq > ?2 ORDER BY seq");
        let mut statement = connection.prepare_cached(&sql)?;
        let kinds = statement.query_map(params![self.object, self.seq], |row| row.get::<_, String>(0))?;
        kinds.filter_map(|kind| kind.map(|kind| Kind::named(&kind)).transpose()).map(|kind| Ok(kind?)).collect()
    }

    /// What became of the mail about the subscription's cancellation. One that is parked or dead tells
    /// nobody anything.
    fn cancellation(&self, connection: &Connection, subscription: Option<&str>) -> Result<Cancellation, StoreError> {
        let sql = "SELECT messages.state FROM events JOIN messages ON messages.event_id = events.id
                   WHERE events.kind = ?1 AND events.object_id = ?2 AND channel = 'email' AND target = ?3
                   AND abs(messages.created_at - ?4) <= ?5";
        let within = i64::try_from(TOGETHER.as_micros()).unwrap_or(i64::MAX);
        let (kind, mail, at) = (Mail::Canceled.kind().as_str(), Mail::Canceled.as_str(), self.at.as_microsecond());
        let mut statement = connection.prepare_cached(sql)?;
        let states = statement.query_map(params![kind, subscription, mail, at, within], |row| row.get(0))?;
        let states: Vec<String> = states.collect::<Result<_, _>>()?;
        let any = |looked_for: &[&str]| states.iter().any(|state| looked_for.contains(&state.as_str()));
        if any(&["delivered"]) {
            return Ok(Cancellation::Told);
        }
        Ok(if any(&["queued", "leased"]) { Cancellation::OnItsWay } else { Cancellation::Untold })
    }
}

/// The `entitlements` of the customer's last event that changed them before that one.
pub(super) fn access_before(connection: &Connection, customer: &str, event: &str) -> Result<Option<Value>, StoreError> {
    let sql = "SELECT data FROM events WHERE customer = ?1 AND kind = ?2
               AND seq < (SELECT seq FROM events WHERE id = ?3) ORDER BY seq DESC LIMIT 1";
    let before = params![customer, Kind::EntitlementsChanged.as_str(), event];
    let data: Option<String> = connection.prepare_cached(sql)?.query_row(before, |row| row.get(0)).optional()?;
    let body: Option<Value> = data.and_then(|data| serde_json::from_str(&data).ok());
    Ok(body.and_then(|body| body.get("entitlements").cloned()))
}

/// Whose that is now: a guest's purchase may have been claimed since.
fn owner(connection: &Connection, customer: &str) -> Result<String, StoreError> {
    let Some(CustomerKey::Guest(checkout)) = CustomerKey::from_store(customer) else { return Ok(customer.to_owned()) };
    let sql = "SELECT customer FROM checkouts WHERE id = ?1 AND customer IS NOT NULL";
    let owner = connection.prepare_cached(sql)?.query_row([checkout], |row| row.get(0)).optional()?;
    Ok(owner.unwrap_or_else(|| customer.to_owned()))
}

/// How the customer stands now; as somebody new where nothing is known.
fn standing(connection: &Connection, customer: &str) -> Result<Standing, StoreError> {
    let sql = "SELECT standing FROM customers WHERE customer = ?1";
    let text: Option<String> = connection.prepare_cached(sql)?.query_row([customer], |row| row.get(0)).optional()?;
    let Some(text) = text else { return Ok(Standing::default()) };
    // Not the key: it may be an e-mail address.
    let impossible = |_| StoreError::Impossible { table: "customers", id: "…".to_owned(), column: "standing" };
    serde_json::from_str(&text).map_err(impossible)
}
