//! `restore`: a copy takes the place of the database. It is copied beside it, looked through, brought up to
//! date and synced before anything is renamed; what is there already is moved aside, never written over.

use std::fs::File;
use std::io;
use std::os::unix::fs::{MetadataExt as _, fchown};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;

use super::backup::{BESIDE, Partial, beside, rename_to_free, sync_folder_of};
use super::{Failure, read_catalog, say, verify};
use crate::clock::Clock;
use crate::provider::dodo;
use crate::store::backup::{self, Contents};
use crate::store::{fold_earlier_in, hold_folder, prepare_folder};

#[derive(Args)]
pub(super) struct Arguments {
    /// The copy, as `checkout-server backup` made it. It stays as it is.
    file: PathBuf,
    /// The folder of the database. No helper may run on it.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// Move a database that is there aside, to `checkout-before-….db` in the same folder.
    #[arg(long)]
    move_aside: bool,
    /// Fold the copy's inbox again by this catalog and compare, as `verify` does, before it is used.
    #[arg(long)]
    catalog: Option<PathBuf>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let Arguments { file, data, move_aside, catalog, json } = arguments;
    let (begun, now) = (Instant::now(), Clock::wall());
    check_source(file)?;
    prepare_folder(data)?;
    let _hold = hold_folder(data).map_err(|error| format!("{error}: stop it first"))?;
    let database = data.join("checkout.db");
    if !move_aside && let Some(there) = there(&database) {
        return Err(format!("{} is there already: --move-aside keeps it under another name", there.display()).into());
    }
    let copy = Partial::beside(&database)?;
    let contents = take_in(file, &copy, &database, now)?;
    if let Some(catalog) = catalog {
        let catalog = read_catalog(catalog)?;
        // What releases before V4 kept is not folded yet: the helper would do it at its start.
        fold_earlier_in(&copy.path, &catalog, dodo::read_kept, now)?;
        copy.file.sync_all()?;
        verify::prove(&copy.path, &catalog)?;
    }
    let aside = install(&copy, &database, now)?;

    let seconds = begun.elapsed().as_secs_f64();
    let Contents { schema, checkouts, notices, sealed } = contents;
    if *json {
        let said = json!({
            "database": database, "aside": aside, "schema": schema, "checkouts": checkouts, "notices": notices,
            "sealed": sealed, "seconds": seconds,
        });
        return say(&said.to_string());
    }
    let checked = if sealed { "checked" } else { "checked, but for its values: `checkout-server backup` seals them" };
    let (name, aside) =
        (database.display(), aside.map(|aside| format!("\nWhat was there is {} now.", aside.display())));
    say(&format!(
        "{name}: {checkouts} orders and {notices} notices, {checked}, in {seconds:.1} s.{}\n\
         Next: start the helper. It compares everything with the provider by itself, and mends what the copy does not \
         know; `checkout-server reconcile` waits for that and says what differed. Then see docs/operations.md, \
         \"Backup, restore, upgrade\": what no provider knows of has to be done again.",
        aside.unwrap_or_default()
    ))
}

/// A file with a log beside it is a database that somebody has open, or half of one.
fn check_source(file: &Path) -> Result<(), Failure> {
    if !file.is_file() {
        return Err(format!("{}: there is no such file", file.display()).into());
    }
    let log = beside(file, "-wal");
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let cure = "it is a database in use, or a copy by other means than `checkout-server backup`";
        return Err(format!("{}: {} belongs to it, and would be lost: {cure}", file.display(), log.display()).into());
    }
    Ok(())
}

/// What there is of a database, if anything.
fn there(database: &Path) -> Option<PathBuf> {
    let parts = [database.to_owned(), beside(database, "-wal"), beside(database, "-journal")];
    parts.into_iter().find(|path| path.exists())
}

/// Copies the file, looks through the copy, and brings it up to date.
fn take_in(file: &Path, copy: &Partial, database: &Path, now: Timestamp) -> Result<Contents, Failure> {
    let told = |error: io::Error| format!("{}: {error}", file.display());
    io::copy(&mut File::open(file).map_err(told)?, &mut &copy.file).map_err(told)?;
    let contents = backup::check(&copy.path).map_err(|error| format!("{}: {error}", file.display()))?;
    backup::make_current(&copy.path, database.exists().then_some(database), now)?;
    leave_to_the_folders_owner(copy)?;
    copy.file.sync_all()?;
    Ok(contents)
}

/// Root restores for the user that the helper runs as: whoever has the folder.
fn leave_to_the_folders_owner(copy: &Partial) -> Result<(), Failure> {
    let folder = copy.path.parent().ok_or("the database has no folder")?;
    let (folder, own) = (std::fs::metadata(folder)?, copy.file.metadata()?);
    if folder.uid() != own.uid() {
        fchown(&copy.file, Some(folder.uid()), Some(folder.gid())).map_err(|error| {
            format!(
                "the data folder is another user's, who could not read the database then ({error}): restore as them"
            )
        })?;
    }
    Ok(())
}

/// Puts the copy in the place of the database; gives where that is now, if there was one. At no moment is
/// there none: a helper that starts then would begin a new one.
fn install(copy: &Partial, database: &Path, now: Timestamp) -> Result<Option<PathBuf>, Failure> {
    let aside = there(database).map(|_| database.with_file_name(format!("checkout-before-{}.db", now.as_second())));
    if let Some(aside) = &aside {
        alone(database)?;
        // Its log is gone where it could be written back. One of a broken database stays with it, and must
        // not be taken for the copy's.
        for what in BESIDE {
            let (from, to) = (beside(database, what), beside(aside, what));
            if from.exists() {
                rename_to_free(&from, &to)?;
            }
        }
    }
    if let Some(aside) = aside.as_ref().filter(|_| database.exists()) {
        replace(&copy.path, database, aside)?;
    } else {
        rename_to_free(&copy.path, database)?;
    }
    copy.is_named();
    sync_folder_of(database)?;
    Ok(aside)
}

/// The database gets a second name and loses its first one to the copy, at once.
fn replace(copy: &Path, database: &Path, aside: &Path) -> io::Result<()> {
    match std::fs::hard_link(database, aside) {
        Ok(()) => std::fs::rename(copy, database),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        // A file system where a file has one name only.
        Err(_) => {
            rename_to_free(database, aside)?;
            rename_to_free(copy, database)
        }
    }
}

/// Sees that nobody has the database open, such as a helper of an earlier release or a shell, and writes its
/// log back into it. One that is broken is nobody's.
fn alone(database: &Path) -> Result<(), Failure> {
    let open = || -> rusqlite::Result<()> {
        let connection = Connection::open_with_flags(database, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
        // Its file alone holds everything then; with the last connection the log goes.
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
    };
    match open() {
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy) => {
            Err(format!("{}: somebody has it open: stop whoever it is first", database.display()).into())
        }
        Err(error) => {
            tracing::warn!(%error, "the database that is moved aside cannot be opened; its log stays beside it");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
