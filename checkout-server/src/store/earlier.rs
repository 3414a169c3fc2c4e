//! What releases before access was worked out have kept: folded anew after an upgrade (migration V5),
//! before anybody is served. What follows from it is written down as events, and nobody is told or written
//! to about purchases of long ago; `events replay` tells of them.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;

use super::verbs::{folded, observations};
use super::{Rules, Store, StoreError, inbox, passing};
use crate::catalog::Catalog;
use crate::event::{Notice, Source};
use crate::outbox::Routes;

/// Why such a notice is stuck, in the words of the migration.
const EARLIER: &str = "kept by an earlier release";
/// Notices in one transaction.
const AT_ONCE: u32 = 256;

/// Reads what the inbox keeps: where it comes from, its kind, its body.
type Read = fn(Source, &str, &[u8]) -> Option<Notice>;

impl Store {
    /// Folds what earlier releases kept, as `read` reads it now; gives how many notices that were. A process
    /// that dies in it goes on with the rest the next time.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn fold_earlier(&self, read: Read, now: Timestamp) -> Result<u64, StoreError> {
        let rules = Rules { routes: Routes::default().into(), ..self.rules.clone() };
        let mut all = 0_u64;
        loop {
            let rules = rules.clone();
            let folded = self.write(move |connection| fold_some(connection, &rules, read, now)).await?;
            if folded == 0 {
                return Ok(all);
            }
            all = all.saturating_add(folded);
        }
    }
}

/// The same in a copy that nobody has open and that is up to date, by that catalog: what is not folded
/// cannot be compared with anything.
///
/// # Errors
/// See [`StoreError`]; then the copy is of no use.
pub fn fold_earlier_in(copy: &Path, catalog: &Catalog, read: Read, now: Timestamp) -> Result<u64, StoreError> {
    let rules = Rules::new(catalog, Routes::default());
    let mut copy = Connection::open(copy)?;
    copy.pragma_update(None, "foreign_keys", "ON")?;
    let mut all = 0_u64;
    loop {
        let transaction = copy.transaction()?;
        let folded = fold_some(&transaction, &rules, read, now)?;
        if folded > 0 {
            passing::forget_another(&transaction, &rules)?;
        }
        transaction.commit()?;
        if folded == 0 {
            return Ok(all);
        }
        all = all.saturating_add(folded);
    }
}

fn fold_some(connection: &Connection, rules: &Rules, read: Read, now: Timestamp) -> Result<u64, StoreError> {
    let mut folded_now = 0;
    for one in inbox::stuck_for(connection, EARLIER, AT_ONCE)? {
        inbox::release(connection, one.seq)?;
        // What cannot be read is kept all the same; there is nothing in it for us.
        if let Some(notice) = read(one.source, &one.kind, &one.body) {
            inbox::name_object(connection, one.seq, &notice)?;
            folded(connection, rules, one.seq, observations(&one, &notice), now)?;
        }
        folded_now += 1;
    }
    Ok(folded_now)
}
