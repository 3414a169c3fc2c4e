//! The verbs, with their SQL and the one conversion between a row and what it means.

use checkout_types::CheckoutStatus;
use checkout_types::money::Money;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use sha2::{Digest as _, Sha256};

use super::{Accepted, Change, Claim, Delivery, Store, StoreError, StoredCheckout, StoredSession, fold};
use crate::event::{Payment, PaymentSeen, PaymentState, Version};

impl Store {
    /// The checkout that was made with that key, if any.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn checkout_by_key(&self, key_hash: [u8; 32]) -> Result<Option<StoredCheckout>, StoreError> {
        self.read(move |connection| find(connection, "key_hash", &key_hash)).await
    }

    /// The checkout with that id, if any.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn checkout(&self, id: &str) -> Result<Option<StoredCheckout>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| find(connection, "id", &id)).await
    }

    /// Claims a key for an order, counting the first send with it. Where the key is taken, gives
    /// the checkout that has it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn claim(&self, claim: Claim) -> Result<Option<StoredCheckout>, StoreError> {
        self.write(move |connection| {
            let Claim { id, key_hash, fingerprint, order, renews, created_at, expires_at } = claim;
            let order = serde_json::to_string(&order).map_err(|error| StoreError::Unavailable(error.to_string()))?;
            let inserted = connection
                .prepare_cached(
                    "INSERT INTO checkouts (id, key_hash, fingerprint, sends, order_json, renews, created_at, expires_at, changed_at)
                     VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?6) ON CONFLICT (key_hash) DO NOTHING",
                )?
                .execute(params![id, key_hash, fingerprint, order, renews, created_at.as_microsecond(), expires_at.as_microsecond()])?;
            if inserted == 1 { Ok(None) } else { find(connection, "key_hash", &key_hash) }
        })
        .await
    }

    /// Counts one more send of a session's creation, before it is made.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn count_send(&self, id: &str) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            connection.prepare_cached("UPDATE checkouts SET sends = sends + 1 WHERE id = ?1")?.execute([id])?;
            Ok(())
        })
        .await
    }

    /// Remembers the provider's session. Only the first one counts, so that no two addresses are
    /// ever revealed for one order (G5); gives the checkout as it is then.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn reveal(&self, id: &str, session: StoredSession) -> Result<Option<StoredCheckout>, StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            connection
                .prepare_cached("UPDATE checkouts SET session_id = ?2, url = ?3 WHERE id = ?1 AND session_id IS NULL")?
                .execute(params![id, session.id, session.url])?;
            find(connection, "id", &id)
        })
        .await
    }

    /// Gives a key back, because the provider refused the order for good and nothing was made.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn release(&self, id: &str) -> Result<(), StoreError> {
        let id = id.to_owned();
        self.write(move |connection| {
            connection
                .prepare_cached("DELETE FROM checkouts WHERE id = ?1 AND session_id IS NULL AND payment_id IS NULL")?
                .execute([id])?;
            Ok(())
        })
        .await
    }

    /// Keeps a delivery and folds what it says into its payment and checkout, all or nothing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn accept(&self, delivery: Delivery) -> Result<Accepted, StoreError> {
        self.write(move |connection| {
            if !keep(connection, &delivery)? {
                return Ok(Accepted::Repeat);
            }
            let payment = delivery.notice.and_then(|notice| Some((notice.at, notice.payment?)));
            let Some((at, seen)) = payment else { return Ok(Accepted::Stored(None)) };
            let version = Version::of(&seen, at, delivery.observed_at);
            Ok(Accepted::Stored(fold_payment(connection, Payment { seen, version }, delivery.received_at)?))
        })
        .await
    }

    /// The checkouts that changed last, newest first, for people who watch.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn recent_checkouts(&self, limit: u32) -> Result<Vec<StoredCheckout>, StoreError> {
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM checkouts ORDER BY changed_at DESC, id DESC LIMIT ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([limit], |row| Ok(checkout(row)))?;
            rows.map(|row| row.map_err(StoreError::from)?).collect()
        })
        .await
    }

    /// Answers if the database does.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.write(|connection| Ok(connection.query_row("SELECT 1", [], |_| Ok(()))?)).await
    }
}

/// Stores a delivery; `false` where it is a repeat.
fn keep(connection: &Connection, delivery: &Delivery) -> Result<bool, StoreError> {
    let digest: [u8; 32] = Sha256::digest(&delivery.body).into();
    let kind = delivery.notice.as_ref().map(|notice| notice.kind.as_str());
    let inserted = connection
        .prepare_cached(
            "INSERT INTO notices (provider, webhook_id, body_sha256, kind, observed_at, received_at, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            delivery.provider,
            delivery.webhook_id,
            digest,
            kind,
            delivery.observed_at.as_microsecond(),
            delivery.received_at.as_microsecond(),
            delivery.body,
        ])?;
    Ok(inserted == 1)
}

fn fold_payment(connection: &Connection, payment: Payment, now: Timestamp) -> Result<Option<Change>, StoreError> {
    let known = connection
        .prepare_cached(&format!("SELECT {PAYMENT_COLUMNS} FROM payments WHERE id = ?1"))?
        .query_row([&payment.seen.id], |row| Ok(payment_of(row)))
        .optional()?
        .transpose()?;
    let joined = match known {
        Some(known) => known.join(payment),
        None => payment,
    };
    let checkout = owner(connection, &joined.seen)?;
    save_payment(connection, &joined, checkout.as_ref().map(|checkout| checkout.id.as_str()))?;
    let Some(checkout) = checkout else { return Ok(None) };
    let outcome = fold(&checkout.order, &payments_of(connection, &checkout.id)?);
    let changed = connection
        .prepare_cached(
            "UPDATE checkouts SET status = ?2, payment_id = ?3, error_code = ?4, paid_twice = ?5, changed_at = ?6
             WHERE id = ?1 AND (status, payment_id, error_code, paid_twice) IS NOT (?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            checkout.id,
            outcome.status.as_str(),
            outcome.payment,
            outcome.error_code,
            outcome.paid_twice,
            now.as_microsecond(),
        ])?;
    let change = Change { checkout: checkout.id, status: outcome.status, paid_twice: outcome.paid_twice };
    Ok((changed == 1).then_some(change))
}

/// Whose payment it is: the order we named in its metadata, or else the session it was made in.
fn owner(connection: &Connection, seen: &PaymentSeen) -> Result<Option<StoredCheckout>, StoreError> {
    if let Some(named) = &seen.checkout
        && let Some(checkout) = find(connection, "id", named)?
    {
        return Ok(Some(checkout));
    }
    match &seen.session {
        Some(session) => find(connection, "session_id", session),
        None => Ok(None),
    }
}

fn save_payment(connection: &Connection, payment: &Payment, checkout: Option<&str>) -> Result<(), StoreError> {
    let Payment { seen, version } = payment;
    let PaymentSeen { id, checkout: _, session, created_at, updated_at, state, amount, products, first, error_code } =
        seen;
    let (changed, event, rank) = version.parts();
    let products = serde_json::to_string(products).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO payments (id, checkout_id, session_id, state, amount, currency, products, is_first,
                error_code, created_at, updated_at, version_changed, version_event, version_rank)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
        )?
        .execute(params![
            id,
            checkout,
            session,
            state.as_str(),
            amount.map(|money| money.amount),
            amount.map(|money| money.currency.to_string()),
            products,
            first,
            error_code,
            created_at.map(Timestamp::as_microsecond),
            updated_at.map(Timestamp::as_microsecond),
            changed,
            event,
            rank,
        ])?;
    Ok(())
}

/// The payments that decide a checkout: a renewal or a change of card is not its sale.
fn payments_of(connection: &Connection, checkout: &str) -> Result<Vec<Payment>, StoreError> {
    let sql = format!("SELECT {PAYMENT_COLUMNS} FROM payments WHERE checkout_id = ?1 AND is_first");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([checkout], |row| Ok(payment_of(row)))?;
    rows.map(|row| row.map_err(StoreError::from)?).collect()
}

const PAYMENT_COLUMNS: &str = "id, checkout_id, session_id, state, amount, currency, products, is_first, error_code, \
    created_at, updated_at, version_changed, version_event, version_rank";

fn payment_of(row: &Row<'_>) -> Result<Payment, StoreError> {
    let id: String = row.get("id")?;
    let impossible = |column| StoreError::Impossible { table: "payments", id: id.clone(), column };
    let time = |column| -> Result<Option<Timestamp>, StoreError> {
        let micros: Option<i64> = row.get(column)?;
        micros.map(|micros| Timestamp::from_microsecond(micros).map_err(|_| impossible(column))).transpose()
    };
    let amount: Option<i64> = row.get("amount")?;
    let currency: Option<String> = row.get("currency")?;
    let money = match (amount, currency) {
        (Some(amount), Some(currency)) => {
            Some(Money::new(amount, currency.parse().map_err(|_| impossible("currency"))?))
        }
        _ => None,
    };
    let products: String = row.get("products")?;
    Ok(Payment {
        version: Version::from_parts(row.get("version_changed")?, row.get("version_event")?, row.get("version_rank")?),
        seen: PaymentSeen {
            checkout: row.get("checkout_id")?,
            session: row.get("session_id")?,
            created_at: time("created_at")?,
            updated_at: time("updated_at")?,
            state: PaymentState::from_store(&row.get::<_, String>("state")?),
            amount: money,
            products: serde_json::from_str(&products).map_err(|_| impossible("products"))?,
            first: row.get("is_first")?,
            error_code: row.get("error_code")?,
            id,
        },
    })
}

const COLUMNS: &str = "id, fingerprint, sends, order_json, session_id, url, created_at, expires_at, status, error_code";

/// `column` is one of ours, never a caller's.
fn find(
    connection: &Connection,
    column: &'static str,
    value: &(dyn rusqlite::ToSql + Sync),
) -> Result<Option<StoredCheckout>, StoreError> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM checkouts WHERE {column} = ?1"))?
        .query_row([value], |row| Ok(checkout(row)))
        .optional()?
        .transpose()
}

fn checkout(row: &Row<'_>) -> Result<StoredCheckout, StoreError> {
    let id: String = row.get("id")?;
    let impossible = |column| StoreError::Impossible { table: "checkouts", id: id.clone(), column };
    let time = |column| -> Result<Timestamp, StoreError> {
        Timestamp::from_microsecond(row.get(column)?).map_err(|_| impossible(column))
    };
    let session: (Option<String>, Option<String>) = (row.get("session_id")?, row.get("url")?);
    let order: String = row.get("order_json")?;
    let status: String = row.get("status")?;
    let status = ALL_STATUSES.into_iter().find(|known| known.as_str() == status).ok_or_else(|| impossible("status"))?;
    Ok(StoredCheckout {
        fingerprint: row.get("fingerprint")?,
        sends: row.get("sends")?,
        order: serde_json::from_str(&order).map_err(|_| impossible("order_json"))?,
        session: match session {
            (Some(id), Some(url)) => Some(StoredSession { id, url }),
            _ => None,
        },
        created_at: time("created_at")?,
        expires_at: time("expires_at")?,
        status,
        error_code: row.get("error_code")?,
        id,
    })
}

const ALL_STATUSES: [CheckoutStatus; 8] = [
    CheckoutStatus::Open,
    CheckoutStatus::Processing,
    CheckoutStatus::Paid,
    CheckoutStatus::Fulfilled,
    CheckoutStatus::Failed,
    CheckoutStatus::Canceled,
    CheckoutStatus::Expired,
    CheckoutStatus::NeedsReview,
];
