//! What people give and block: kept with who and why, lifted and never deleted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::rows::json;
use super::{Effects, Store, StoreError, projection};
use crate::customer::CustomerKey;
use crate::entitlement::Limit;
use crate::fault::crash_point;

/// Something given or blocked by a person, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptByHand {
    /// `hand_…`
    pub id: String,
    /// To whom.
    pub customer: CustomerKey,
    /// What.
    pub entitlement: String,
    /// Given, or blocked.
    pub given: bool,
    /// Until when; for ever if not said.
    pub until: Option<Timestamp>,
    /// With which limits.
    pub limits: BTreeMap<String, Limit>,
    /// By whom, and why.
    pub signed: Signed,
    /// When.
    pub created_at: Timestamp,
    /// When, by whom and why it was lifted, if it was.
    pub lifted: Option<(Timestamp, Signed)>,
}

/// Who did something, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// An operator.
    pub who: String,
    /// In their words.
    pub why: String,
}

impl Store {
    /// All that was ever given to or blocked for a customer by a person, the newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn by_hand(&self, customer: &CustomerKey) -> Result<Vec<KeptByHand>, StoreError> {
        let key = customer.stored();
        self.read(move |connection| {
            let sql =
                format!("SELECT {COLUMNS} FROM access_by_hand WHERE customer = ?1 ORDER BY created_at DESC, id DESC");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([key], |row| Ok(kept(row)))?;
            rows.map(|row| row.map_err(StoreError::from)?).collect()
        })
        .await
    }

    /// Gives or blocks something, and works out anew how the customer stands.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn set_by_hand(&self, new: KeptByHand) -> Result<Effects, StoreError> {
        let rules = self.rules.clone();
        self.write(move |connection| {
            let KeptByHand { id, customer, entitlement, given, until, limits, signed, created_at, lifted: _ } = new;
            connection
                .prepare_cached(
                    "INSERT INTO access_by_hand (id, customer, entitlement, given, until, limits, who, why, created_at)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                )?
                .execute(params![
                    id,
                    customer.stored(),
                    entitlement,
                    given,
                    until.map(Timestamp::as_microsecond),
                    json(&limits)?,
                    signed.who,
                    signed.why,
                    created_at.as_microsecond(),
                ])?;
            crash_point("hand.written");
            let mut effects = Effects::default();
            projection::settle(connection, &rules, &customer, created_at, &mut effects)?;
            Ok(effects)
        })
        .await
    }

    /// Lifts what was given or blocked, and works out anew how the customer stands. Gives it as it is
    /// then: who lifted it first stays; `None` where there is no such thing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn lift_by_hand(
        &self,
        id: &str,
        Signed { who, why }: Signed,
        now: Timestamp,
    ) -> Result<Option<(KeptByHand, Effects)>, StoreError> {
        let id = id.to_owned();
        let rules = self.rules.clone();
        self.write(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE access_by_hand SET lifted_at = ?2, lifted_by = ?3, lifted_why = ?4
                     WHERE id = ?1 AND lifted_at IS NULL",
                )?
                .execute(params![id, now.as_microsecond(), who, why])?;
            let Some(kept) = find(connection, &id)? else { return Ok(None) };
            crash_point("hand.lifting");
            let mut effects = Effects::default();
            projection::settle(connection, &rules, &kept.customer, now, &mut effects)?;
            Ok(Some((kept, effects)))
        })
        .await
    }
}

const COLUMNS: &str =
    "id, customer, entitlement, given, until, limits, who, why, created_at, lifted_at, lifted_by, lifted_why";

fn find(connection: &Connection, id: &str) -> Result<Option<KeptByHand>, StoreError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM access_by_hand WHERE id = ?1"))?
        .query_row([id], |row| Ok(kept(row)))
        .optional()?
        .transpose()
}

fn kept(row: &Row<'_>) -> Result<KeptByHand, StoreError> {
    let id: String = row.get("id")?;
    let impossible = |column| StoreError::Impossible { table: "access_by_hand", id: id.clone(), column };
    let time = |column| -> Result<Option<Timestamp>, StoreError> {
        let micros: Option<i64> = row.get(column)?;
        micros.map(|micros| Timestamp::from_microsecond(micros).map_err(|_| impossible(column))).transpose()
    };
    let customer: String = row.get("customer")?;
    let limits: String = row.get("limits")?;
    let lifted_by = Signed {
        who: row.get::<_, Option<String>>("lifted_by")?.unwrap_or_default(),
        why: row.get::<_, Option<String>>("lifted_why")?.unwrap_or_default(),
    };
    Ok(KeptByHand {
        customer: CustomerKey::from_store(&customer).ok_or_else(|| impossible("customer"))?,
        entitlement: row.get("entitlement")?,
        given: row.get("given")?,
        until: time("until")?,
        limits: serde_json::from_str(&limits).map_err(|_| impossible("limits"))?,
        signed: Signed { who: row.get("who")?, why: row.get("why")? },
        created_at: time("created_at")?.ok_or_else(|| impossible("created_at"))?,
        lifted: time("lifted_at")?.map(|at| (at, lifted_by)),
        id,
    })
}
