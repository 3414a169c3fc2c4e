//! Intents: calls that move money, written down before they are sent (G6). What a payment can still give
//! back is reckoned under the writer, so that two requests at once never ask for more than was paid.

use std::collections::BTreeMap;

use checkout_types::{Currency, Money};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde::{Deserialize, Serialize};

use super::rows::{PAYMENT_COLUMNS, json, payment_of};
use super::{Store, StoreError};
use crate::event::PaymentState;
use crate::fault::crash_point;
use crate::intent::{Position, State, Told};

mod left;
mod review;

pub use review::{Review, Reviewed};

/// The one kind of intent so far.
const REFUND: &str = "refund";

/// A refund as somebody asks for it.
#[derive(Clone, Debug)]
pub struct Wish {
    /// `int_…`
    pub id: String,
    /// The provider's id of the payment.
    pub payment: String,
    /// Keyed hash of the Idempotency-Key.
    pub key_hash: [u8; 32],
    /// Keyed hash of the request.
    pub fingerprint: [u8; 32],
    /// How much; `None` for all that is left.
    pub amount: Option<Money>,
    /// Why.
    pub reason: Option<String>,
}

/// What became of a wish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planned {
    /// It is written down.
    New(Intent),
    /// The same request came before.
    Known(Intent),
    /// The key was used for another request.
    OtherRequest,
    /// There is no such payment.
    NoPayment,
    /// The payment is not paid.
    NotPaid,
    /// It is more than is left.
    TooMuch,
    /// It is not in this currency, in which the payment was made.
    OtherCurrency(Currency),
}

/// An intent as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// `int_…`
    pub id: String,
    /// The provider's id of the payment.
    pub payment: String,
    /// Keyed hash of the request.
    pub fingerprint: Vec<u8>,
    /// What is asked for.
    pub request: Request,
    /// Where it stands.
    pub position: Position,
    /// How it ended.
    pub result: Ending,
    /// When it was planned.
    pub created_at: Timestamp,
}

/// What an intent asks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// How much.
    pub amount: Money,
    /// Whether that is all that is left, so that no lines have to be named.
    pub whole: bool,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How an intent ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// The provider's id of what was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<String>,
    /// Our code of the provider's refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Whether whoever asked had been told before that it is under way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub late: bool,
    /// Who decided about it, where a person had to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
}

impl Store {
    /// Writes a refund down, if the payment can give back as much; all in one transaction.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn plan_refund(&self, wish: Wish, now: Timestamp) -> Result<Planned, StoreError> {
        self.write(move |connection| plan(connection, wish, now)).await
    }

    /// Moves an intent on. `None` where that cannot happen from where it stands, and then nothing was
    /// changed: whoever gets `Some` for [`Told::Sending`] is the only one who may send it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn advance_intent(
        &self,
        id: &str,
        told: Told,
        ending: Ending,
        now: Timestamp,
    ) -> Result<Option<Intent>, StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            let Some(intent) = one(connection, "id", &id)? else { return Ok(None) };
            let Some(position) = intent.position.after(told, now) else { return Ok(None) };
            let intent = Intent { position, result: ending, ..intent };
            save(connection, &intent, now)?;
            Ok(Some(intent))
        })
        .await
    }

    /// The intent with that id, if any.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn intent(&self, id: &str) -> Result<Option<Intent>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| one(connection, "id", &id)).await
    }

    /// The intents that something has to be done about, those first that have waited longest.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn due_intents(&self, now: Timestamp, most: u32) -> Result<Vec<Intent>, StoreError> {
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM intents WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map(params![now.as_microsecond(), most], |row| Ok(intent(row)))?;
            rows.map(|row| row?).collect()
        })
        .await
    }

    /// How many intents stand where.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn intents_by_state(&self) -> Result<BTreeMap<State, i64>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached("SELECT state, COUNT(*) FROM intents GROUP BY state")?;
            let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))?;
            let mut counts: BTreeMap<State, i64> = State::ALL.into_iter().map(|state| (state, 0)).collect();
            for row in rows {
                let (state, count) = row?;
                counts.extend(State::from_store(&state).map(|state| (state, count)));
            }
            Ok(counts)
        })
        .await
    }
}

fn plan(connection: &Connection, wish: Wish, now: Timestamp) -> Result<Planned, StoreError> {
    if let Some(known) = one(connection, "key_hash", &wish.key_hash)? {
        let same = known.fingerprint == wish.fingerprint;
        return Ok(if same { Planned::Known(known) } else { Planned::OtherRequest });
    }
    let payment = connection
        .prepare_cached(&format!("SELECT {PAYMENT_COLUMNS} FROM payments WHERE id = ?1"))?
        .query_row([&wish.payment], |row| Ok(payment_of(row)))
        .optional()?
        .transpose()?;
    let Some(payment) = payment else { return Ok(Planned::NoPayment) };
    let Some(paid) = payment.seen.amount.filter(|_| payment.seen.state == PaymentState::Succeeded) else {
        return Ok(Planned::NotPaid);
    };
    if wish.amount.is_some_and(|amount| amount.currency != paid.currency) {
        return Ok(Planned::OtherCurrency(paid.currency));
    }
    let Some(left) = left::of(connection, &wish.payment, paid)? else { return Ok(Planned::TooMuch) };
    let amount = wish.amount.unwrap_or(left.amount);
    if amount.amount > left.amount.amount || amount.amount <= 0 {
        return Ok(Planned::TooMuch);
    }
    let intent = Intent {
        id: wish.id,
        payment: wish.payment,
        fingerprint: wish.fingerprint.to_vec(),
        request: Request { amount, whole: amount == left.amount && left.is_settled, reason: wish.reason },
        position: Position::planned(now),
        result: Ending::default(),
        created_at: now,
    };
    insert(connection, &intent, wish.key_hash)?;
    crash_point("refund.written");
    Ok(Planned::New(intent))
}

fn insert(connection: &Connection, intent: &Intent, key_hash: [u8; 32]) -> Result<(), StoreError> {
    let Intent { id, payment, fingerprint, request, position, result, created_at } = intent;
    connection
        .prepare_cached(
            "INSERT INTO intents (id, kind, object_id, key_hash, fingerprint, request, state, attempts, due_at, result,
                created_at, changed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11)",
        )?
        .execute(params![
            id,
            REFUND,
            payment,
            key_hash,
            fingerprint,
            json(request)?,
            position.state.as_str(),
            position.attempts,
            position.due_at.map(Timestamp::as_microsecond),
            json(result)?,
            created_at.as_microsecond(),
        ])?;
    Ok(())
}

fn save(connection: &Connection, intent: &Intent, now: Timestamp) -> Result<(), StoreError> {
    let Intent { id, position, result, .. } = intent;
    connection
        .prepare_cached(
            "UPDATE intents SET state = ?2, attempts = ?3, due_at = ?4, result = ?5, changed_at = ?6 WHERE id = ?1",
        )?
        .execute(params![
            id,
            position.state.as_str(),
            position.attempts,
            position.due_at.map(Timestamp::as_microsecond),
            json(result)?,
            now.as_microsecond(),
        ])?;
    Ok(())
}

const COLUMNS: &str = "id, object_id, fingerprint, request, state, attempts, due_at, result, created_at";

/// The intent with that value in a column. `column` is one of ours, never a caller's.
fn one(
    connection: &Connection,
    column: &'static str,
    value: &(dyn rusqlite::ToSql + Sync),
) -> Result<Option<Intent>, StoreError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM intents WHERE {column} = ?1"))?
        .query_row([value], |row| Ok(intent(row)))
        .optional()?
        .transpose()
}

fn intent(row: &Row<'_>) -> Result<Intent, StoreError> {
    let id: String = row.get("id")?;
    let impossible = |column| StoreError::Impossible { table: "intents", id: id.clone(), column };
    let time = |column, micros| Timestamp::from_microsecond(micros).map_err(|_| impossible(column));
    let (request, state): (String, String) = (row.get("request")?, row.get("state")?);
    let result: Option<String> = row.get("result")?;
    let due_at: Option<i64> = row.get("due_at")?;
    let position = Position {
        state: State::from_store(&state).ok_or_else(|| impossible("state"))?,
        attempts: row.get("attempts")?,
        since: time("created_at", row.get("created_at")?)?,
        due_at: due_at.map(|due_at| time("due_at", due_at)).transpose()?,
    };
    Ok(Intent {
        payment: row.get("object_id")?,
        fingerprint: row.get("fingerprint")?,
        request: serde_json::from_str(&request).map_err(|_| impossible("request"))?,
        position,
        result: match result {
            Some(result) => serde_json::from_str(&result).map_err(|_| impossible("result"))?,
            None => Ending::default(),
        },
        created_at: position.since,
        id,
    })
}
