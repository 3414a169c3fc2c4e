//! The inbox: every verified notice, raw, once (G13). What is folded can be folded again from here (G16).

use jiff::Timestamp;
use rusqlite::{Connection, Rows, params};
use sha2::{Digest as _, Sha256};

use super::{Answered, Delivery, StoreError, Stuck};
use crate::event::{Notice, Source};
use crate::fault::{self, Mutant};

/// Stores a delivery; `None` where it is a repeat.
pub(super) fn keep(connection: &Connection, delivery: &Delivery) -> Result<Option<i64>, StoreError> {
    let digest: [u8; 32] = Sha256::digest(&delivery.body).into();
    let mut provider = delivery.provider.to_owned();
    if fault::is(Mutant::DedupeInMemory) {
        // A part of the key that only this process knows.
        provider = format!("{provider} {}", std::process::id());
    }
    let kind = delivery.notice.as_ref().map(|notice| notice.kind.as_str());
    let object = delivery.notice.as_ref().and_then(|notice| notice.seen.object());
    let inserted = connection
        .prepare_cached(
            "INSERT INTO notices (provider, webhook_id, body_sha256, kind, observed_at, received_at, body, object_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            provider,
            delivery.webhook_id,
            digest,
            kind,
            delivery.observed_at.as_microsecond(),
            delivery.received_at.as_microsecond(),
            delivery.body,
            object,
        ])?;
    Ok((inserted == 1).then(|| connection.last_insert_rowid()))
}

/// Stores the provider's answer to a question of ours. The same answer again is the same row, with the
/// time of the last one: the first and the last are all that counts of equal ones. It is folded (again) now.
pub(super) fn keep_answer(connection: &Connection, answer: &Answered, now: Timestamp) -> Result<i64, StoreError> {
    let digest: [u8; 32] = Sha256::digest(&answer.body).into();
    let object = answer.notice.seen.object().unwrap_or_default();
    let seq = connection
        .prepare_cached(
            "INSERT INTO notices (provider, webhook_id, body_sha256, kind, observed_at, received_at, body, object_id,
                source, asked_at)
             VALUES (?1, 'refetch:' || ?2, ?3, ?4, ?5, ?6, ?7, ?2, 'refetch', ?8)
             ON CONFLICT (provider, webhook_id, body_sha256)
             DO UPDATE SET again_at = excluded.observed_at, again_asked_at = excluded.asked_at, stuck = NULL
             RETURNING seq",
        )?
        .query_row(
            params![
                answer.provider,
                object,
                digest,
                answer.kind,
                answer.observed_at.as_microsecond(),
                now.as_microsecond(),
                answer.body,
                answer.asked_at.as_microsecond(),
            ],
            |row| row.get(0),
        )?;
    Ok(seq)
}

/// Says that a notice could not be folded, and why.
pub(super) fn mark_stuck(connection: &Connection, seq: i64, why: &str) -> Result<(), StoreError> {
    connection.prepare_cached("UPDATE notices SET stuck = ?2 WHERE seq = ?1")?.execute(params![seq, why])?;
    Ok(())
}

/// Lets a notice go that was stuck, before it is folded again.
pub(super) fn release(connection: &Connection, seq: i64) -> Result<(), StoreError> {
    connection.prepare_cached("UPDATE notices SET stuck = NULL WHERE seq = ?1")?.execute([seq])?;
    Ok(())
}

/// The notices that are stuck, the oldest first, after that place.
pub(super) fn stuck(connection: &Connection, after: i64, most: u32) -> Result<Vec<Stuck>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, kind, source, body, observed_at, asked_at, again_at, again_asked_at FROM notices
         WHERE stuck IS NOT NULL AND seq > ?1 ORDER BY seq LIMIT ?2",
    )?;
    read_stuck(statement.query(params![after, most])?)
}

/// Those that are stuck for that reason, the oldest first.
pub(super) fn stuck_for(connection: &Connection, why: &str, most: u32) -> Result<Vec<Stuck>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, kind, source, body, observed_at, asked_at, again_at, again_asked_at FROM notices
         WHERE stuck IS NOT NULL AND stuck = ?1 ORDER BY seq LIMIT ?2",
    )?;
    read_stuck(statement.query(params![why, most])?)
}

/// Says which object a notice is about, where it was kept without.
pub(super) fn name_object(connection: &Connection, seq: i64, notice: &Notice) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE notices SET object_id = ?2, kind = ?3 WHERE seq = ?1 AND object_id IS NULL")?
        .execute(params![seq, notice.seen.object(), notice.kind])?;
    Ok(())
}

fn read_stuck(mut rows: Rows<'_>) -> Result<Vec<Stuck>, StoreError> {
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get("seq")?;
        let impossible = |column| StoreError::Impossible { table: "notices", id: seq.to_string(), column };
        let time = |micros: i64, column| Timestamp::from_microsecond(micros).map_err(|_| impossible(column));
        let maybe = |column| -> Result<Option<Timestamp>, StoreError> {
            row.get::<_, Option<i64>>(column)?.map(|micros| time(micros, column)).transpose()
        };
        let again_asked_at = maybe("again_asked_at")?;
        all.push(Stuck {
            seq,
            kind: row.get::<_, Option<String>>("kind")?.unwrap_or_default(),
            source: if row.get::<_, String>("source")? == "refetch" { Source::Refetch } else { Source::Webhook },
            body: row.get("body")?,
            observed_at: time(row.get("observed_at")?, "observed_at")?,
            asked_at: maybe("asked_at")?,
            again: maybe("again_at")?.map(|again_at| (again_at, again_asked_at)),
        });
    }
    Ok(all)
}
