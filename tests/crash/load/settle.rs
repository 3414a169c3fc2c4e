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
const SOON: SignedDuration = SignedDuration::from_mins(5);

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

/// Messages that are to be sent, and what is to be asked for soon: objects, and refunds whose answer was lost.
fn left(database: &Path) -> rusqlite::Result<(i64, i64)> {
    let soon = Clock::wall() + SOON;
    let database = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    database.busy_timeout(Duration::from_secs(5))?;
    database.query_row(
        "SELECT (SELECT count(*) FROM messages WHERE state IN ('queued', 'leased')),
                (SELECT count(*) FROM refetches WHERE due_at < ?1)
                    + (SELECT count(*) FROM intents WHERE due_at < ?1)",
        [soon.as_microsecond()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}
