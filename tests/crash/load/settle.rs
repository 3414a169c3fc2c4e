//! Waiting until a helper has nothing left to do.

use std::path::Path;
use std::time::{Duration, Instant};

use checkout_server::clock::Clock;
use jiff::SignedDuration;
use rusqlite::{Connection, OpenFlags};

use crate::world::World;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);
/// What is to be asked later is no hurry: whether a renewal came, on its day.
/// A refund that was not found within a minute is looked for again after five; by then nothing changes.
const SOON: SignedDuration = SignedDuration::from_mins(2);
/// What is due within so much is asked now.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(10);

/// Waits until the outbox is empty and nothing is to be asked of the provider. A helper has to run.
///
/// # Errors
/// It takes longer than `patience`; says what is left.
pub(crate) async fn settle(world: &World, patience: Duration) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        match left(&world.database()) {
            Ok((0, 0)) => return Ok(()),
            Ok((messages, questions)) if begun.elapsed() > patience => {
                return Err(format!("after {patience:?} {messages} messages and {questions} questions are left"));
            }
            Err(error) if begun.elapsed() > patience => return Err(error.to_string()),
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Whether money will go back that nobody has sent yet: whoever planned it died, and it is sent a minute
/// later.
pub(super) fn is_planned(database: &Path) -> bool {
    let planned = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|database| database.prepare("SELECT 1 FROM intents WHERE state = 'planned'")?.exists([]));
    // Where it cannot be read, the oracle says so.
    planned.unwrap_or(false)
}

/// Refunds that were planned by somebody who died, or whose answer was lost, have waited for their minute.
///
/// # Errors
/// The database cannot be written.
pub(crate) fn let_time_pass(world: &World) -> Result<(), String> {
    let pass = || -> rusqlite::Result<usize> {
        let database = Connection::open(world.database())?;
        database.busy_timeout(Duration::from_secs(30))?;
        database.execute("UPDATE intents SET due_at = 0 WHERE due_at IS NOT NULL AND attempts = 0", [])
    };
    pass().map(drop).map_err(|error| error.to_string())
}

/// Messages that are to be sent, and what is to be asked for soon: objects, and refunds whose answer was lost.
/// One that the provider did not have when it was asked is asked about for days: that is only waited for
/// where its turn comes now.
fn left(database: &Path) -> rusqlite::Result<(i64, i64)> {
    let (now, soon) = (Clock::wall() + AT_ONCE, Clock::wall() + SOON);
    let database = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    database.busy_timeout(Duration::from_secs(5))?;
    database.query_row(
        "SELECT (SELECT count(*) FROM messages WHERE state IN ('queued', 'leased')),
                (SELECT count(*) FROM refetches WHERE due_at < ?1)
                    + (SELECT count(*) FROM intents WHERE due_at < CASE attempts WHEN 0 THEN ?1 ELSE ?2 END)",
        [soon.as_microsecond(), now.as_microsecond()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}
