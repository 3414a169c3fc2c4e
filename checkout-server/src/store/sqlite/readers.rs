//! The connections that only read: lent to one caller at a time, and given back whatever happens.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{StoreError, closed, plan_once};

/// How many.
const READERS: usize = 4;

/// All of them.
pub(super) struct Readers {
    free: Arc<Semaphore>,
    connections: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let connections = (0..READERS).map(|_| read_only(path)).collect::<Result<_, _>>()?;
        Ok(Self { free: Arc::new(Semaphore::new(READERS)), connections: Mutex::new(connections) })
    }

    /// Lends one, when it is one's turn.
    pub(super) async fn borrow(readers: &Arc<Self>) -> Result<Reader, StoreError> {
        let turn = Arc::clone(&readers.free).acquire_owned().await.map_err(|_| closed())?;
        let connection = readers.connections.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = Some(connection.ok_or_else(closed)?);
        Ok(Reader { connection, readers: Arc::clone(readers), _turn: turn })
    }
}

/// A connection for reading, given back when this is dropped, also by a panic.
pub(super) struct Reader {
    connection: Option<Connection>,
    readers: Arc<Readers>,
    _turn: OwnedSemaphorePermit,
}

impl Reader {
    pub(super) fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut free = self.readers.connections.lock().unwrap_or_else(PoisonError::into_inner);
        free.extend(self.connection.take());
    }
}

fn read_only(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "busy_timeout", 5_000)?;
    plan_once(&connection)?;
    Ok(connection)
}
