//! What the shim and the proof have agreed on: the records of the log, and the words of the control file.
//! Part of both (`tests/crash/power/log.rs` and `tests/crash/sick.rs` include this file).

/// Begins every record: eight words of 64 bits, little-endian: this, the kind, the file's inode, the
/// offset, the length of the data that follows, and three that are zero.
pub(crate) const MAGIC: u64 = 0x3130_474f_4c4d_4853;
/// Bytes of a record before its data.
pub(crate) const HEADER: usize = 64;

/// A file was opened; the data is its path within the folder, empty for the folder itself.
pub(crate) const OPEN: u64 = 1;
/// Data was written at an offset.
pub(crate) const WRITE: u64 = 2;
/// The file was cut or grown to the offset.
pub(crate) const TRUNCATE: u64 = 3;
/// The file is on the disk with everything that the log held at the offset, which is a place in the log.
pub(crate) const SYNC: u64 = 4;
/// A sync has failed: what the log held at the offset and was not synced may be marked as written without
/// being so.
pub(crate) const LOST: u64 = 7;
/// The data is two paths with a zero between them.
pub(crate) const RENAME: u64 = 5;
/// The data is a path.
pub(crate) const UNLINK: u64 = 6;

/// Words of the control file, 64 bits each.
pub(crate) const WORDS: usize = 8;
/// Microseconds by which `CLOCK_REALTIME` is wrong; signed.
pub(crate) const CLOCK: usize = 0;
/// Which calls fail: the sum of the kinds' bits (`1 << WRITE` and so on); 0 for none.
pub(crate) const CALLS: usize = 1;
/// Which files, by how their names end: see the constants below; 0 for all.
pub(crate) const FILES: usize = 2;
/// How they fail.
pub(crate) const ERRNO: usize = 3;
/// How many of these calls pass before the first that fails.
pub(crate) const PASS: usize = 4;
/// How many fail then.
pub(crate) const FAIL: usize = 5;
/// Whether the first write that fails is carried out by half instead, as a disk does that is just full.
pub(crate) const SHORT: usize = 6;
/// Written by the shim: how many have failed.
pub(crate) const FAILED: usize = 7;

/// Files that end in `-wal`.
pub(crate) const WAL: u64 = 1;
/// Files that end in `.db`.
pub(crate) const DATABASE: u64 = 2;
