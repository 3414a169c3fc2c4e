//! What to believe of a disk (G2d). A write that fails is tried again, by whoever wants it. A sync that
//! fails is not: the kernel may have forgotten what it could not write and marked it as written, so that
//! the next sync succeeds and proves nothing (PostgreSQL's "fsyncgate", 2018; Rebello and others, "Can
//! Applications Recover from fsync Failures?", 2020). So nothing is written any more then, and the process
//! ends; the one that is started next writes what it finds anew, see [`confirm_the_last_life`].

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rusqlite::ffi::{SQLITE_IOERR_DIR_FSYNC, SQLITE_IOERR_FSYNC};
use rusqlite::{Connection, Error};

use crate::fault::crash_point;

/// Pages in the WAL from which on they are copied into the database's file: 16 MiB, which a start after a
/// crash reads in a moment. More than SQLite's own thousand: a page that many commits change is copied once.
const COPIED_FROM: i32 = 4_096;

/// The disk did not confirm what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unconfirmed;

/// Whether that ended in anything but a sync that failed.
pub(super) fn confirmed<T>(done: &Result<T, Error>) -> Result<(), Unconfirmed> {
    let Err(Error::SqliteFailure(error, _)) = done else { return Ok(()) };
    if matches!(error.extended_code, SQLITE_IOERR_FSYNC | SQLITE_IOERR_DIR_FSYNC) {
        tracing::error!("the disk did not confirm what was written (a sync failed): nothing more is written");
        return Err(Unconfirmed);
    }
    Ok(())
}

/// Copies what the process before us has left in the WAL into the database's file, and empties the WAL.
///
/// Where that process ended because a sync failed, the WAL in the kernel's memory may be another one than
/// the one on the disk, and would stay so: new commits would be appended to a hole, and lost with it when
/// the power goes. Copying makes all of it new writes, which the disk confirms or not.
pub(super) fn confirm_the_last_life(connection: &Connection) -> Result<(), Error> {
    // Whoever reads the database right now, such as `verify`, is not waited for: then as much as is
    // possible is copied, and the rest stays in the WAL.
    connection.pragma_update(None, "busy_timeout", 0)?;
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// How long the WAL is. SQLite would copy it by itself, within a commit, and keep to itself how that went.
pub(super) struct Wal(Arc<AtomicI32>);

impl Wal {
    /// Takes the copying over.
    pub(super) fn of(connection: &mut Connection) -> Result<Self, Error> {
        let pages = Arc::new(AtomicI32::new(0));
        let counted = Arc::clone(&pages);
        connection.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, length| {
            counted.store(length, Ordering::Relaxed);
            Ok(())
        }))?;
        Ok(Self(pages))
    }

    /// Copies it into the database's file, where it has grown long. The inner failure may pass by itself.
    ///
    /// # Errors
    /// The disk did not confirm it.
    pub(super) fn copy(&self, connection: &Connection) -> Result<Result<(), Error>, Unconfirmed> {
        if self.0.load(Ordering::Relaxed) < COPIED_FROM {
            return Ok(Ok(()));
        }
        let copied = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
        crash_point("wal.copied");
        confirmed(&copied)?;
        Ok(copied)
    }
}
