//! The log: one record a call, appended in one write, so that it is whole whenever its writer is ended.

use core::ffi::c_int;
use core::sync::atomic::{AtomicI32, Ordering};

use crate::format::{HEADER, MAGIC};

static LOG: AtomicI32 = AtomicI32::new(-1);

pub(crate) fn begin() {
    let Some(path) = crate::setting("SHIM_LOG") else { return };
    let flags = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
    // SAFETY: the path ends in a zero and lives for ever.
    let opened = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), flags, 0o600) };
    LOG.store(c_int::try_from(opened).unwrap_or(-1), Ordering::Release);
    if opened < 0 {
        std::process::abort();
    }
}

/// How long the log is.
pub(crate) fn length() -> u64 {
    let log = LOG.load(Ordering::Acquire);
    // SAFETY: `stat` is plain data, for which zeros are a value.
    let mut about: libc::stat = unsafe { core::mem::zeroed() };
    // SAFETY: `about` is ours; a descriptor that is none gives an error, which leaves it zero.
    unsafe { libc::fstat(log, &raw mut about) };
    u64::try_from(about.st_size).unwrap_or(0)
}

/// Appends a record. A log with a hole would prove nothing, so where it cannot be written the process ends.
pub(crate) fn append(kind: u64, inode: u64, offset: u64, data: &[&[u8]]) {
    let log = LOG.load(Ordering::Acquire);
    if log < 0 {
        return;
    }
    let length: usize = data.iter().map(|part| part.len()).sum();
    let mut header = [0_u8; HEADER];
    for (place, word) in header.chunks_exact_mut(8).zip([MAGIC, kind, inode, offset, length as u64]) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    let part = |bytes: &[u8]| libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    let mut parts = [part(&header), part(&[]), part(&[]), part(&[])];
    for (place, bytes) in parts[1..].iter_mut().zip(data) {
        *place = part(bytes);
    }
    // SAFETY: each part points at bytes that outlive the call, which only reads them.
    let written = unsafe { libc::syscall(libc::SYS_writev, log, parts.as_ptr(), parts.len()) };
    if usize::try_from(written) != Ok(HEADER + length) {
        std::process::abort();
    }
}
