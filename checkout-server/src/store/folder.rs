//! The folder of the database: its owner's alone (S19), and one helper's at a time.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

use crate::fault::crash_point;

/// Makes the folder where there is none, for its owner alone.
///
/// # Errors
/// It cannot be made, or everybody on this machine may write into it: whoever can put a file beside
/// the database can change what it says.
pub fn prepare(folder: &Path) -> io::Result<()> {
    let told = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(told)?;
    crash_point("start.folder");
    let mode = std::fs::metadata(folder).map_err(told)?.permissions().mode();
    if mode & 0o002 != 0 {
        let cure = format!("everybody on this machine may write there: chmod 700 {}", folder.display());
        return Err(told(io::Error::new(io::ErrorKind::PermissionDenied, cure)));
    }
    Ok(())
}

/// The right to be the only helper in a folder. It ends with this, or with the process, however that ends.
pub struct Hold(Option<File>);

impl Hold {
    /// Gives it up.
    pub(super) fn release(&mut self) {
        self.0 = None;
    }
}

/// Takes the folder for oneself: two helpers would send each order's and each message's calls at once, and
/// one that goes on while a copy is put in its place writes into a file that nobody reads any more.
///
/// # Errors
/// Somebody else has it, or there is no such folder.
pub fn hold(folder: &Path) -> io::Result<Hold> {
    let told = |kind, said: &str| io::Error::new(kind, format!("{}: {said}", folder.display()));
    let open = File::open(folder).map_err(|error| told(error.kind(), &error.to_string()))?;
    match open.try_lock() {
        Ok(()) => Ok(Hold(Some(open))),
        Err(TryLockError::WouldBlock) => {
            Err(told(io::ErrorKind::WouldBlock, "a helper runs on this folder, or a restore is under way there"))
        }
        // Some file systems of a network lock no folders; SQLite's own locks guard the database itself.
        Err(TryLockError::Error(error)) => {
            tracing::warn!(%error, folder = %folder.display(), "the folder cannot be locked: see that one helper alone runs on it");
            Ok(Hold(None))
        }
    }
}

/// Takes a file away from everybody but its owner, where an older version or a copy was more generous.
pub(super) fn keep_to_owner(file: &Path) -> io::Result<()> {
    let mut permissions = std::fs::metadata(file)?.permissions();
    if permissions.mode() & 0o077 != 0 {
        permissions.set_mode(0o600);
        std::fs::set_permissions(file, permissions)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;

    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_is_held_by_one_at_a_time() {
        let folder = std::env::temp_dir().join(format!("checkout-hold-{}", crate::random::alphanumeric::<12>()));
        assert!(hold(&folder).is_err(), "there is none");
        prepare(&folder).unwrap();
        let mut first = hold(&folder).unwrap();
        let refused = hold(&folder).map(drop).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
        first.release();
        drop(hold(&folder).unwrap());
        drop(hold(&folder).unwrap());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_folder_is_made_for_its_owner_alone() {
        let parent = std::env::temp_dir().join(format!("checkout-folder-{}", crate::random::alphanumeric::<12>()));
        let folder = parent.join("data");
        prepare(&folder).unwrap();
        assert_eq!((mode(&parent), mode(&folder)), (0o700, 0o700));
        std::fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        let refused = prepare(&folder).unwrap_err().to_string();
        assert!(refused.contains("chmod 700"), "{refused}");

        let file = folder.join("checkout.db");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        keep_to_owner(&file).unwrap();
        assert_eq!(mode(&file), 0o600);
        std::fs::remove_dir_all(parent).unwrap();
    }
}
