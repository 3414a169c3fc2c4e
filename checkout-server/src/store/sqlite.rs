//! SQLite: one writer thread that owns one connection and commits in groups, and a few read-only
//! connections. WAL and `synchronous=FULL`: a commit is on the disk before anybody is answered.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::folder::{self, Hold};
use super::{Rules, StoreError, backup, migration};
use crate::fault::{self, Mutant, crash_point};

mod disk;
mod readers;

use readers::Readers;

/// How many commands share one commit at most: more gain little and keep the first one waiting.
const GROUP: usize = 64;
/// Commands that may wait; past it, callers are told to come back.
const QUEUE: usize = 1_024;
/// Prepared statements that a connection keeps: more than the code has. With fewer, a fold that goes
/// through all of its own prepares each of them anew.
const STATEMENTS: usize = 256;
/// Pages that the writer keeps in memory, in KiB: those of a group of the largest commands.
const CACHE_KIB: i64 = 16 * 1_024;
/// Bytes that the write-ahead log keeps on the disk once it has been written back. It grows beyond them only
/// while somebody reads for long, such as a backup.
const LONGEST_LOG: i64 = 16 * 1024 * 1024;
/// How long readers are waited for at the end.
const LAST_WAIT: Duration = Duration::from_millis(250);

/// The open database, and its folder, which nobody else may have open like this. Clones share it; it is
/// closed by [`Store::close`], or when the last one goes.
#[derive(Clone)]
pub struct Store {
    writer: mpsc::Sender<Order>,
    readers: Arc<Readers>,
    failed: LastFailure,
    /// Cancelled when the disk did not confirm what was written.
    unconfirmed: CancellationToken,
    news: Arc<Notify>,
    hold: Arc<Mutex<Hold>>,
    pub(super) rules: Rules,
}

/// When a commit last failed.
type LastFailure = Arc<Mutex<Option<Instant>>>;

/// What the writer is told.
enum Order {
    Do(Command),
    /// To end, and to say so.
    Close(oneshot::Sender<()>),
}

/// Runs inside the group's transaction; what it returns is called after the commit, with whether
/// it took place.
type Command = Box<dyn FnOnce(&Connection) -> Answer + Send>;
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl Store {
    /// Opens the database, making it (readable by its owner alone) and migrating it if needed. `rules` are
    /// what its fold goes by.
    ///
    /// # Errors
    /// The file cannot be opened or migrated, or another helper has the folder.
    pub fn open(path: &Path, rules: Rules) -> Result<Self, StoreError> {
        let unavailable =
            |error: &dyn std::fmt::Display| StoreError::Unavailable(format!("{}: {error}", path.display()));
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let hold = folder::hold(folder).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        OpenOptions::new().create(true).append(true).mode(0o600).open(path).map_err(|error| unavailable(&error))?;
        // SQLite gives its -wal and -shm files the mode of the database.
        folder::keep_to_owner(path).map_err(|error| unavailable(&error))?;
        crash_point("start.file");
        let (connection, wal) = for_writing(path).map_err(|error| match error {
            StoreError::Newer { .. } => error,
            error => unavailable(&error),
        })?;
        let readers = Readers::open(path)?;
        let (writer, orders) = mpsc::channel(QUEUE);
        let (failed, news, unconfirmed) = (LastFailure::default(), Arc::new(Notify::new()), CancellationToken::new());
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let (failed, news, unconfirmed) = (Arc::clone(&failed), Arc::clone(&news), unconfirmed.clone());
                move || {
                    if let Err(disk::Unconfirmed) = write_in_groups(&connection, &wal, orders, &failed, &news) {
                        // Not closed: that would copy the WAL, and take it away, on the word of such a disk.
                        std::mem::forget(connection);
                        unconfirmed.cancel();
                    }
                }
            })
            .map_err(|error| unavailable(&error))?;
        let hold = Arc::new(Mutex::new(hold));
        Ok(Self { writer, readers: Arc::new(readers), failed, unconfirmed, news, hold, rules })
    }

    /// Ends the writer after what has been given to it, writes the WAL back into the database's file and gives
    /// the folder free. Whoever still has the store can read, and write no more.
    pub async fn close(&self) {
        let (told, closed) = oneshot::channel();
        // A writer that has ended already has nothing to say.
        if self.writer.send(Order::Close(told)).await.is_ok() {
            drop(closed.await);
        }
        self.hold.lock().unwrap_or_else(PoisonError::into_inner).release();
    }

    /// Whether a commit has failed within so long: a disk that is nearly full may take a small one
    /// and refuse the next.
    #[must_use]
    pub fn failed_within(&self, recently: Duration) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|at| at.elapsed() < recently)
    }

    /// Returns when the disk did not confirm what was written (G2d): nothing is written any more from then
    /// on, and the process has to end. `disk.rs` says why.
    pub async fn unconfirmed(&self) {
        self.unconfirmed.cancelled().await;
    }

    /// Told after each commit with new messages in it, to the one who works the outbox off.
    #[must_use]
    pub fn news(&self) -> &Notify {
        &self.news
    }

    /// Does something in a transaction and answers after its commit.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let command: Command = Box::new(move |connection| {
            let result = in_savepoint(connection, work);
            Box::new(move |committed| {
                // A caller that went away has its work done all the same.
                drop(answer.send(committed.and(result)));
            })
        });
        self.writer.try_send(Order::Do(command)).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Unavailable("the write queue is full".to_owned()),
            TrySendError::Closed(_) => closed(),
        })?;
        answered.await.unwrap_or_else(|_| Err(StoreError::Unavailable("the writer stopped".to_owned())))
    }

    /// Reads from the last commit.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let reader = Readers::borrow(&self.readers).await?;
        let (answer, answered) = oneshot::channel();
        // Nobody may wait for it any more.
        reader.read(move |connection| drop(answer.send(caught(|| work(connection)))));
        answered.await.unwrap_or_else(|_| Err(closed()))
    }
}

/// The one connection that writes, with its tables up to date.
fn for_writing(path: &Path) -> Result<(Connection, disk::Wal), StoreError> {
    let mut connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let durable = if fault::is(Mutant::SynchronousNormal) { "NORMAL" } else { "FULL" };
    connection.pragma_update(None, "synchronous", durable)?;
    disk::confirm_the_last_life(&connection)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "busy_timeout", 5_000)?;
    connection.pragma_update(None, "journal_size_limit", LONGEST_LOG)?;
    crash_point("start.opened");
    migration::migrate(&mut connection)?;
    crash_point("start.migrated");
    // Whoever put a copy here by hand has a database that changes now.
    backup::take_seal_off(&connection)?;
    plan_once(&connection)?;
    write_little(&connection)?;
    let wal = disk::Wal::of(&mut connection)?;
    Ok((connection, wal))
}

/// Plans each statement once and keeps it. Without the guarantee SQLite plans a join anew whenever a value is
/// bound to it, in case that one would go better another way: a quarter of the fold's time.
pub(super) fn plan_once(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// Spares the writer what no promise needs. A savepoint keeps each page as it was before the command: in
/// memory, not in a file that nobody reads after a crash. A whole group's pages fit into the cache, so that
/// none is written twice for one commit; and a page that many commits change goes into the database once.
pub(super) fn write_little(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(())
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

/// The writer thread: takes what has queued up, does it in one transaction, then answers; until it is told
/// to end, or nobody is left who could tell it anything.
///
/// # Errors
/// The disk did not confirm what was written; whoever waited was told that it did not take place.
fn write_in_groups(
    connection: &Connection,
    wal: &disk::Wal,
    mut orders: mpsc::Receiver<Order>,
    failed: &LastFailure,
    news: &Notify,
) -> Result<(), disk::Unconfirmed> {
    let mut group = Vec::with_capacity(GROUP);
    let mut last = last_message(connection);
    loop {
        let ending = gather(&mut orders, &mut group);
        if group.is_empty() {
            return close(connection, ending);
        }
        let (answers, committed) = in_one_transaction(connection, &mut group);
        let confirmed = disk::confirmed(&committed);
        if let Err(error) = &committed {
            tracing::error!(%error, "a commit failed; nobody is told that it took place");
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            // Harmless where nothing is open.
            drop(connection.execute_batch("ROLLBACK"));
        }
        crash_point("group.committed");
        let committed = committed.map_err(StoreError::from);
        for answer in answers {
            answer(committed.clone());
        }
        crash_point("group.answered");
        if fault::is(Mutant::OutboxOutsideTransaction) {
            fault::a_moment();
            fault::do_what_was_left(connection);
        }
        confirmed?;
        let newest = last_message(connection);
        if newest > last {
            last = newest;
            news.notify_one();
        }
        if let Err(error) = wal.copy(connection)? {
            tracing::error!(%error, "the database's file could not be brought up to date; tried again later");
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        if ending.is_some() {
            return close(connection, ending);
        }
    }
}

/// Waits for something to do, and takes what else has queued up, as much as one commit takes. Gives who
/// told the writer to end; an empty group ends it too.
fn gather(orders: &mut mpsc::Receiver<Order>, group: &mut Vec<Command>) -> Option<oneshot::Sender<()>> {
    let mut next = orders.blocking_recv();
    while let Some(order) = next {
        match order {
            Order::Do(command) => group.push(command),
            Order::Close(told) => return Some(told),
        }
        next = if group.len() < GROUP { orders.try_recv().ok() } else { None };
    }
    None
}

/// Writes the WAL back, so that the database is one file that holds everything. Where somebody still reads
/// after a moment, or the disk fails, it stays, and the next start reads it.
///
/// # Errors
/// The disk did not confirm it.
fn close(connection: &Connection, told: Option<oneshot::Sender<()>>) -> Result<(), disk::Unconfirmed> {
    // A backup may read for minutes; who stops the helper does not wait for it.
    if let Err(error) = connection.busy_timeout(LAST_WAIT) {
        tracing::warn!(%error, "how long readers are waited for could not be set");
    }
    let written = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    disk::confirmed(&written)?;
    if !matches!(written, Ok(0)) {
        tracing::warn!(?written, "the WAL could not be written back; the next start does it");
    }
    if let Some(told) = told {
        // Nobody may wait for it any more.
        let _ = told.send(());
    }
    Ok(())
}

/// Does what a group wants, and gives what is to be called with whether that took place.
fn in_one_transaction(connection: &Connection, group: &mut Vec<Command>) -> (Vec<Answer>, rusqlite::Result<()>) {
    let how = if fault::is(Mutant::DeferredTransactions) { "BEGIN" } else { "BEGIN IMMEDIATE" };
    let begun = connection.execute_batch(how);
    crash_point("group.begun");
    let mut answers: Vec<Answer> = group.drain(..).map(|command| command(connection)).collect();
    if fault::is(Mutant::AckBeforeCommit) {
        answers.drain(..).for_each(|answer| answer(Ok(())));
        fault::a_moment();
    }
    crash_point("group.done");
    (answers, begun.and_then(|()| connection.execute_batch("COMMIT")))
}

/// The last place in the outbox. Where it cannot be read, the next turn of the outbox finds what is new.
fn last_message(connection: &Connection) -> Option<i64> {
    let mut last = connection.prepare_cached("SELECT max(seq) FROM messages").ok()?;
    last.query_row([], |row| row.get(0)).ok()?
}

/// One command's failure undoes that command alone.
pub(super) fn in_savepoint<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    // Without the group's transaction nothing may be written: each statement would commit alone.
    if connection.is_autocommit() {
        return Err(StoreError::Unavailable("no transaction could be begun".to_owned()));
    }
    connection.prepare_cached("SAVEPOINT command")?.execute([])?;
    // What panicked must not leave half a command behind.
    let result = caught(|| work(connection));
    if result.is_err() {
        connection.prepare_cached("ROLLBACK TO command")?.execute([])?;
    }
    connection.prepare_cached("RELEASE command")?.execute([])?;
    result
}

/// A panic in what one caller wants ends neither the thread that does it nor the work of others (G31).
fn caught<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|_| {
        metrics::counter!("checkout_panics_total").increment(1);
        Err(StoreError::Unavailable("what was asked of it panicked".to_owned()))
    })
}
