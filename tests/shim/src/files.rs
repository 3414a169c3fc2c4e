//! Which descriptors belong to the watched folder, and which file each is.

use core::ffi::{CStr, c_int};
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

use crate::format::{DATABASE, WAL};

/// Descriptors that can be watched: more than a helper asks the system for.
const MOST: usize = 16_384;

/// The inode of a watched descriptor with its class in the lowest byte; 0 for others.
static WATCHED: [AtomicU64; MOST] = [const { AtomicU64::new(0) }; MOST];

static FOLDER: OnceLock<&'static [u8]> = OnceLock::new();

/// A watched file.
#[derive(Clone, Copy)]
pub(crate) struct File {
    pub(crate) inode: u64,
    /// [`WAL`], [`DATABASE`] or 0.
    pub(crate) class: u64,
}

pub(crate) fn begin() {
    if let Some(folder) = crate::setting("SHIM_FOLDER") {
        // Only ever set here.
        let _ = FOLDER.set(folder.to_bytes());
    }
}

/// A path within the folder; empty for the folder itself.
pub(crate) fn within(path: &CStr) -> Option<&[u8]> {
    let rest = path.to_bytes().strip_prefix(*FOLDER.get()?)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix(b"/") }
}

pub(crate) fn class(name: &[u8]) -> u64 {
    match name {
        name if name.ends_with(b"-wal") => WAL,
        name if name.ends_with(b".db") => DATABASE,
        _ => 0,
    }
}

/// Remembers a descriptor that was opened under that name; folders below the watched one are not watched.
pub(crate) fn watch(descriptor: c_int, name: &[u8]) -> Option<File> {
    let place = WATCHED.get(usize::try_from(descriptor).ok()?)?;
    // SAFETY: `stat` is plain data, for which zeros are a value.
    let mut about: libc::stat = unsafe { core::mem::zeroed() };
    // SAFETY: the descriptor was just opened and not given to anybody yet; `about` is ours.
    if unsafe { libc::fstat(descriptor, &raw mut about) } != 0 {
        return None;
    }
    if about.st_mode & libc::S_IFMT == libc::S_IFDIR && !name.is_empty() {
        return None;
    }
    let file = File { inode: about.st_ino, class: class(name) };
    place.store((file.inode << 8) | file.class, Ordering::Release);
    Some(file)
}

pub(crate) fn of(descriptor: c_int) -> Option<File> {
    let packed = WATCHED.get(usize::try_from(descriptor).ok()?)?.load(Ordering::Acquire);
    (packed != 0).then_some(File { inode: packed >> 8, class: packed & 0xff })
}

/// Forgets a descriptor that is about to be closed.
pub(crate) fn forget(descriptor: c_int) {
    if let Some(place) = usize::try_from(descriptor).ok().and_then(|place| WATCHED.get(place)) {
        place.store(0, Ordering::Release);
    }
}
