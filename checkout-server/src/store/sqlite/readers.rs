//! The connections that only read. Each has a thread of its own, as the writer has: a connection's memory
//! then stays in one arena of the allocator, not in as many as there are threads (G33), and reading waits for
//! nothing else that blocks. They are lent to one caller at a time.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{StoreError, closed, plan_once};

/// How many.
const READERS: usize = 4;
/// Pages that each keeps in memory, in KiB: the upper levels of the indexes. The system keeps the rest.
const CACHE_KIB: i64 = 1_024;

/// Something to read. What it found is its own to hand over.
type Work = Box<dyn FnOnce(&Connection) + Send>;

/// All of them.
pub(super) struct Readers {
    free: Arc<Semaphore>,
    threads: Mutex<Vec<mpsc::Sender<Work>>>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let threads = (0..READERS).map(|_| thread(read_only(path)?)).collect::<Result<_, _>>()?;
        Ok(Self { free: Arc::new(Semaphore::new(READERS)), threads: Mutex::new(threads) })
    }

    /// Lends one, when it is one's turn.
    pub(super) async fn borrow(readers: &Arc<Self>) -> Result<Reader, StoreError> {
        let turn = Arc::clone(&readers.free).acquire_owned().await.map_err(|_| closed())?;
        let thread = readers.threads.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let thread = Some(thread.ok_or_else(closed)?);
        Ok(Reader { thread, readers: Arc::clone(readers), _turn: turn })
    }
}

/// A connection for reading, given back when this is dropped.
pub(super) struct Reader {
    thread: Option<mpsc::Sender<Work>>,
    readers: Arc<Readers>,
    _turn: OwnedSemaphorePermit,
}

impl Reader {
    /// Has it read. A caller that goes away does not give the connection back before it is free.
    pub(super) fn read(self, work: impl FnOnce(&Connection) + Send + 'static) {
        let Some(thread) = self.thread.clone() else { return };
        // A thread that is gone drops the work, and with it what it would have answered with.
        drop(thread.send(Box::new(move |connection| {
            work(connection);
            drop(self);
        })));
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut free = self.readers.threads.lock().unwrap_or_else(PoisonError::into_inner);
        free.extend(self.thread.take());
    }
}

/// A thread that reads what it is given, until nobody can give it anything any more.
fn thread(connection: Connection) -> Result<mpsc::Sender<Work>, StoreError> {
    let (sender, work) = mpsc::channel::<Work>();
    let started = std::thread::Builder::new().name("store-reader".to_owned()).spawn(move || {
        for work in work {
            work(&connection);
        }
    });
    started.map_err(|error| StoreError::Unavailable(format!("no thread for reading: {error}")))?;
    Ok(sender)
}

fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "busy_timeout", 5_000)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    plan_once(&connection)?;
    Ok(connection)
}
