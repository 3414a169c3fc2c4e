//! SQLite: one writer thread that owns one connection and commits in groups, and a few read-only
//! connections. WAL and `synchronous=FULL`: a commit is on the disk before anybody is answered.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::folder::{self, Hold};
use super::{Rules, StoreError, migration};

/// How many commands share one commit at most: more gain little and keep the first one waiting.
const GROUP: usize = 64;
/// Commands that may wait; past it, callers are told to come back.
const QUEUE: usize = 1_024;
/// Prepared statements that a connection keeps: more than the code has. With fewer, a fold that goes
/// through all of its own prepares each of them anew.
pub(super) const STATEMENTS: usize = 256;
/// Bytes that the write-ahead log keeps on the disk once it has been written back. It grows beyond them only
/// while somebody reads for long, such as a backup.
const LONGEST_LOG: i64 = 16 * 1024 * 1024;
/// Connections for reading.
const READERS: usize = 4;

/// The open database, and its folder, which nobody else may have open like this. Clones share it; it is
/// closed by [`Store::close`], or when the last one goes.
#[derive(Clone)]
pub struct Store {
    writer: mpsc::Sender<Order>,
    readers: Arc<Readers>,
    failed: LastFailure,
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

struct Readers {
    free: Arc<Semaphore>,
    connections: Mutex<Vec<Connection>>,
}

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
        let mut connection = Connection::open(path)?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        connection.pragma_update(None, "busy_timeout", 5_000)?;
        connection.pragma_update(None, "journal_size_limit", LONGEST_LOG)?;
        migration::migrate(&mut connection)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);

        let readers = (0..READERS).map(|_| read_only(path)).collect::<Result<Vec<_>, _>>()?;
        let (writer, orders) = mpsc::channel(QUEUE);
        let (failed, news) = (LastFailure::default(), Arc::new(Notify::new()));
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn({
                let (failed, news) = (Arc::clone(&failed), Arc::clone(&news));
                move || write_in_groups(&connection, orders, &failed, &news)
            })
            .map_err(|error| unavailable(&error))?;
        let readers = Readers { free: Arc::new(Semaphore::new(READERS)), connections: Mutex::new(readers) };
        Ok(Self { writer, readers: Arc::new(readers), failed, news, hold: Arc::new(Mutex::new(hold)), rules })
    }

    /// Ends the writer after what has been given to it, writes the log back into the database and gives the
    /// folder free. Whoever still has the store can read, and write no more.
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
        let turn = Arc::clone(&self.readers.free).acquire_owned().await.map_err(|_| closed())?;
        let reader = Reader::borrow(Arc::clone(&self.readers), turn)?;
        // A caller that goes away does not give the connection back before it is free.
        let reading =
            tokio::task::spawn_blocking(move || reader.connection.as_ref().map_or_else(|| Err(closed()), work));
        reading.await.map_err(|error| StoreError::Unavailable(error.to_string()))?
    }
}

fn closed() -> StoreError {
    StoreError::Unavailable("the store is closed".to_owned())
}

/// A connection for reading, given back when this is dropped, also by a panic.
struct Reader {
    connection: Option<Connection>,
    readers: Arc<Readers>,
    _turn: OwnedSemaphorePermit,
}

impl Reader {
    fn borrow(readers: Arc<Readers>, turn: OwnedSemaphorePermit) -> Result<Self, StoreError> {
        let connection = readers.connections.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = Some(connection.ok_or_else(closed)?);
        Ok(Self { connection, readers, _turn: turn })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut free = self.readers.connections.lock().unwrap_or_else(PoisonError::into_inner);
        free.extend(self.connection.take());
    }
}

fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let path: PathBuf = path.to_owned();
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "busy_timeout", 5_000)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// The writer thread: takes what has queued up, does it in one transaction, then answers; until it is told
/// to end, or nobody is left who could tell it anything.
fn write_in_groups(connection: &Connection, mut orders: mpsc::Receiver<Order>, failed: &LastFailure, news: &Notify) {
    let mut group = Vec::with_capacity(GROUP);
    let mut last = last_message(connection);
    loop {
        let ending = gather(&mut orders, &mut group);
        if group.is_empty() {
            return close(connection, ending);
        }
        let begun = connection.execute_batch("BEGIN IMMEDIATE").map_err(StoreError::from);
        let answers: Vec<Answer> = group.drain(..).map(|command| command(connection)).collect();
        let committed = begun.and_then(|()| Ok(connection.execute_batch("COMMIT")?));
        if let Err(error) = &committed {
            tracing::error!(%error, "a commit failed; nobody is told that it took place");
            *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
            // Harmless where nothing is open.
            drop(connection.execute_batch("ROLLBACK"));
        }
        for answer in answers {
            answer(committed.clone());
        }
        let newest = last_message(connection);
        if newest > last {
            last = newest;
            news.notify_one();
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

/// Writes the log back, so that the database is one file that holds everything. Where somebody still reads,
/// or the disk fails, the log stays and the next start reads it.
fn close(connection: &Connection, told: Option<oneshot::Sender<()>>) {
    let written = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    if !matches!(written, Ok(0)) {
        tracing::warn!(?written, "the write-ahead log could not be written back; the next start does it");
    }
    if let Some(told) = told {
        // Nobody may wait for it any more.
        drop(told.send(()));
    }
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
    // A panic in one command must neither end the writer nor leave half a command behind.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(connection))).unwrap_or_else(|_| {
        metrics::counter!("checkout_panics_total").increment(1);
        Err(StoreError::Unavailable("a command panicked".to_owned()))
    });
    if result.is_err() {
        connection.prepare_cached("ROLLBACK TO command")?.execute([])?;
    }
    connection.prepare_cached("RELEASE command")?.execute([])?;
    result
}
