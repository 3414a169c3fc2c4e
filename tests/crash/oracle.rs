//! The oracle: holds what clients were told, what the provider really did, what the merchant heard and what
//! is stored against each other. Expectations come from the provider's memory and from accepted events,
//! never from the helper's own tables (GUARANTEES, "The harness", 7).

use std::path::Path;
use std::time::Duration;

use checkout_tests::http::client;
use rusqlite::{Connection, OpenFlags};

use crate::history::History;
use crate::verdict::Verdict;
use crate::world::World;

mod access;
pub(crate) mod answers;
mod mails;
mod projection;
mod provider;
pub(crate) mod stored;
mod told;
mod truth;

use truth::Truth;

/// Everything, of a helper that runs and has nothing left to do (`Load::finish`, `settle`).
pub(crate) async fn check(world: &World, history: &History, database: &Path) -> Verdict {
    let mut verdict = Verdict::default();
    let truth = Truth::of(&world.truth());
    verdict.join(answers::check(&history.entries()));
    match open(database) {
        Ok(connection) => {
            verdict.join(stored::present(&connection, &history.acknowledged(|_| true)));
            verdict.join(stored::sound(&connection));
            verdict.join(provider::check(&truth, &connection, history));
            verdict.join(provider::said(&world.office, &connection));
            verdict.join(projection::check(&truth, &connection));
        }
        Err(error) => verdict.check(false, format!("the database opens: {error}")),
    }
    verdict.join(stored::folded(database, &world.catalog));
    let received = world.merchant.received();
    verdict.join(told::check(&truth, &received));
    verdict.join(access::check(world, &truth, &received).await);
    verdict.join(mails::check(&truth, &world.mail.mails(), &world.deaths.all()));
    verdict.join(panics(world).await);
    verdict
}

/// Nothing panicked: the helper that runs has counted none, and the log of all of them tells of none.
async fn panics(world: &World) -> Verdict {
    let mut verdict = Verdict::default();
    let metrics = match client().get(format!("{}/metrics", world.operations.url())).send().await {
        Ok(answer) => answer.text().await.unwrap_or_default(),
        Err(error) => error.to_string(),
    };
    let counted = metrics.lines().find_map(|line| line.strip_prefix("checkout_panics_total "));
    verdict.check(counted == Some("0"), format!("G2: panics: {counted:?}"));
    let log = std::fs::read_to_string(world.folder.join("helper.log")).unwrap_or_default();
    let told = log.lines().find(|line| line.contains("panicked"));
    verdict.check(told.is_none(), format!("G2: {}", told.unwrap_or_default()));
    verdict
}

/// A database, to look at.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

/// A copy of a database, as a start after a crash would find it: its log is played in.
pub(crate) fn open_and_recover(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}
