//! What is stored: whatever was acknowledged is there, the file is whole, and what readers see is the fold
//! of the inbox. Usable on any image of a database, without anything else.

use std::path::Path;

use checkout_server::catalog::Catalog;
use checkout_server::clock::Clock;
use checkout_server::event::Source;
use checkout_server::outbox::Routes;
use checkout_server::provider::dodo;
use checkout_server::store::{self, Rules};
use rusqlite::{Connection, OptionalExtension as _, ToSql};
use serde_json::Value;

use crate::history::{Entry, What};
use crate::verdict::Verdict;

/// What was acknowledged is there (G1, G2).
pub(crate) fn present(database: &Connection, acknowledged: &[Entry]) -> Verdict {
    let mut verdict = Verdict::default();
    for entry in acknowledged {
        match is_there(database, entry) {
            Ok(there) => {
                verdict.check(there, format!("G1: {:?} {} was acknowledged and is lost", entry.what, entry.key));
            }
            Err(error) => verdict.check(false, format!("{:?} {}: {error}", entry.what, entry.key)),
        }
    }
    verdict
}

fn is_there(database: &Connection, entry: &Entry) -> rusqlite::Result<bool> {
    let answer: Value = serde_json::from_str(&entry.answer).unwrap_or_default();
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let finds = |sql: &str, values: &[&dyn ToSql]| {
        Ok(database.prepare_cached(sql)?.query_row(values, |_| Ok(())).optional()?.is_some())
    };
    match entry.what {
        What::Order => finds("SELECT 1 FROM checkouts WHERE id = ?1 AND url = ?2", &[&text("id"), &text("url")]),
        What::Refund => finds("SELECT 1 FROM intents WHERE id = ?1", &[&text("id")]),
        What::Hand => finds("SELECT 1 FROM access_by_hand WHERE why = ?1", &[&entry.key]),
        What::Webhook => {
            let (id, hash) = entry.key.split_once(' ').unwrap_or_default();
            let sql =
                "SELECT 1 FROM notices WHERE provider = 'dodo' AND webhook_id = ?1 AND lower(hex(body_sha256)) = ?2";
            finds(sql, &[&id, &hash])
        }
        What::Quote | What::Access => Ok(true),
    }
}

/// The file is whole, and its rows fit together.
pub(crate) fn sound(database: &Connection) -> Verdict {
    let mut verdict = Verdict::default();
    let damage = strings(database, "SELECT integrity_check FROM pragma_integrity_check");
    verdict.check(damage.as_ref().is_ok_and(|damage| damage == &["ok"]), format!("G2: integrity_check: {damage:?}"));
    for (rule, sql) in [
        ("G2: rows point to rows that are there", "SELECT \"table\" || ' ' || rowid FROM pragma_foreign_key_check"),
        (
            "G23: the sequence of each line is 1, 2, 3 without gaps",
            "SELECT target || ' ' || customer FROM messages WHERE channel = 'webhook' GROUP BY target, customer
             HAVING min(sequence) <> 1 OR max(sequence) <> count(*) OR count(DISTINCT sequence) <> count(*)
                 OR max(sequence) <> (SELECT last FROM lines WHERE lines.target = messages.target
                                                               AND lines.customer = messages.customer)",
        ),
        (
            "G22: each event has a message",
            "SELECT id FROM events WHERE NOT EXISTS
                (SELECT 1 FROM messages WHERE event_id = events.id AND channel = 'webhook')",
        ),
        (
            "G5: no address is two orders'",
            "SELECT url FROM checkouts WHERE url IS NOT NULL GROUP BY url HAVING count(*) > 1",
        ),
        (
            "G14: a webhook is kept once",
            "SELECT webhook_id FROM notices WHERE source = 'webhook' GROUP BY webhook_id, body_sha256
             HAVING count(*) > 1",
        ),
        ("G22: no message was given up", "SELECT id FROM messages WHERE state IN ('parked', 'dead')"),
        ("G15: no notice is stuck", "SELECT webhook_id FROM notices WHERE stuck IS NOT NULL"),
    ] {
        let broken = verdict.read(rule, strings(database, sql));
        verdict.check(broken.is_empty(), format!("{rule}: {broken:?}"));
    }
    verdict
}

/// What readers see is the fold of the inbox (G16).
pub(crate) fn folded(database: &Path, catalog: &Catalog) -> Verdict {
    let mut verdict = Verdict::default();
    let read = |source, kind: &str, body: &[u8]| match source {
        Source::Webhook => dodo::read_notice(body),
        Source::Refetch => dodo::read_answer(kind, body),
    };
    match store::verify(database, &Rules::new(catalog, Routes::default()), &read, Clock::wall(), |_| ()) {
        Ok(verified) => {
            verdict.count("notices folded again", verified.notices);
            let differences = verified.differences;
            verdict.check(differences.is_empty(), format!("G16: not the fold of the inbox: {differences:?}"));
        }
        Err(error) => verdict.check(false, format!("G16: the inbox cannot be folded: {error}")),
    }
    verdict
}

/// The first column of every row.
pub(crate) fn strings(database: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = database.prepare(sql)?;
    statement.query_map([], |row| row.get(0))?.collect()
}
