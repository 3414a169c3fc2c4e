//! `backup`: a copy of the database of a helper that goes on running, synced and looked through before
//! anybody is told that it is there.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use serde_json::json;

use super::{Failure, say};
use crate::store::backup::{self, Contents};

#[derive(Args)]
pub(super) struct Arguments {
    /// The folder of the database.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The file to write: for its owner alone, and there only once it is whole.
    #[arg(long)]
    to: PathBuf,
    /// Put it in the place of an earlier copy of that name, once it is whole.
    #[arg(long)]
    replace: bool,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(Arguments { data, to, replace, json }: &Arguments) -> Result<(), Failure> {
    let begun = Instant::now();
    let database = data.join("checkout.db");
    if !database.exists() {
        return Err(format!("{}: there is no database; --data names its folder", database.display()).into());
    }
    let place = if *replace { Place::Replaced } else { Place::Free };
    place.check(to, &database)?;
    let partial = Partial::beside(to)?;
    let contents = partial.fill(&database)?;
    let bytes = std::fs::metadata(&partial.path)?.len();
    place.take(&partial.path, to).map_err(|error| format!("{}: {error}", to.display()))?;
    partial.is_named();
    sync_folder_of(to)?;

    let seconds = begun.elapsed().as_secs_f64();
    let Contents { schema, checkouts, notices, .. } = contents;
    if *json {
        let said = json!({
            "file": to, "bytes": bytes, "schema": schema, "checkouts": checkouts, "notices": notices, "seconds": seconds,
        });
        return say(&said.to_string());
    }
    say(&format!(
        "{}: {bytes} bytes with {checkouts} orders and {notices} notices, checked, in {seconds:.1} s",
        to.display()
    ))
}

/// Neither a link nor a pipe that nobody writes to holds whoever opens a file (`O_NOFOLLOW`, `O_NONBLOCK`).
const NOT_THROUGH_A_LINK: i32 = (OFlags::NOFOLLOW.union(OFlags::NONBLOCK)).bits().cast_signed();

/// What may be at the place of the copy.
#[derive(Clone, Copy)]
enum Place {
    /// Nothing.
    Free,
    /// An earlier copy, which goes.
    Replaced,
}

impl Place {
    /// Before anything is done.
    fn check(self, to: &Path, database: &Path) -> Result<(), Failure> {
        let name = to.display();
        if to.is_dir() {
            return Err(format!("{name} is a folder: name a file in it").into());
        }
        if let (Ok(to), Ok(data)) = (folder_of(to).canonicalize(), folder_of(database).canonicalize())
            && to == data
        {
            return Err(format!("{name} is in the folder of the database: a copy belongs elsewhere").into());
        }
        let there = to.symlink_metadata().ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            return Err(format!("{name} is no file: name another place").into());
        }
        match self {
            Self::Free if there.is_some() => {
                Err(format!("{name} is there already: name another file, or --replace it").into())
            }
            Self::Replaced if there.is_some() && !is_copy(to) => {
                Err(format!("{name} is no copy of a checkout database: it is not written over").into())
            }
            _ => Ok(()),
        }
    }

    /// Gives the finished copy its name, whatever has appeared there meanwhile.
    fn take(self, from: &Path, to: &Path) -> io::Result<()> {
        match self {
            Self::Replaced => std::fs::rename(from, to),
            Self::Free => rename_to_free(from, to),
        }
    }
}

/// Whether a file is a database with our tables, in whatever condition.
fn is_copy(file: &Path) -> bool {
    let tables = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).and_then(|database| {
        let sql = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('checkouts', 'notices')";
        database.query_row(sql, [], |row| row.get::<_, i64>(0))
    });
    tables == Ok(2)
}

/// Renames a file where nothing has that name.
pub(super) fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {
            // A file system that cannot do both at once.
            if to.exists() {
                return Err(io::ErrorKind::AlreadyExists.into());
            }
            std::fs::rename(from, to)
        }
        renamed => Ok(renamed?),
    }
}

/// Has the folder of a file remember the file's name after a power cut.
pub(super) fn sync_folder_of(file: &Path) -> io::Result<()> {
    File::open(folder_of(file))?.sync_all()
}

fn folder_of(file: &Path) -> &Path {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What a database may have beside its own file: what has to be done in it, or undone.
pub(super) const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// One of those.
pub(super) fn beside(database: &Path, what: &str) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(what);
    path.into()
}

/// A copy that is not whole yet. It is gone with this, unless it was given its name.
pub(super) struct Partial {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Open and locked, so that nobody else writes it.
    pub(super) file: File,
    named: std::cell::Cell<bool>,
}

impl Partial {
    /// One beside the file that it is to become. What a copy that was ended left behind is taken away: whoever
    /// may write into the folder could have put something else there, so nothing that is there is written to.
    pub(super) fn beside(to: &Path) -> Result<Self, Failure> {
        let path = beside(to, ".partial");
        let told = |error: io::Error| format!("{}: {error}", path.display());
        let busy = || format!("{} is being written by somebody else", path.display());
        if let Ok(left) = OpenOptions::new().read(true).custom_flags(NOT_THROUGH_A_LINK).open(&path) {
            left.try_lock().map_err(|_| busy())?;
        }
        // Beside it is what SQLite would take for this one's, and undo or redo in it what belongs to another.
        for name in [path.clone()].into_iter().chain(BESIDE.map(|what| beside(&path, what))) {
            match std::fs::remove_file(name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(told(error).into()),
                _ => {}
            }
        }
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path).map_err(told)?;
        file.try_lock().map_err(|_| busy())?;
        Ok(Self { path, file, named: false.into() })
    }

    fn fill(&self, database: &Path) -> Result<Contents, Failure> {
        backup::copy(database, &self.path)?;
        self.file.sync_all()?;
        Ok(backup::check(&self.path)?)
    }

    /// It has its name and stays.
    pub(super) fn is_named(&self) {
        self.named.set(true);
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.named.get() {
            drop(std::fs::remove_file(&self.path));
        }
    }
}
