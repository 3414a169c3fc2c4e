//! The calls that are put in place of the C library's. Each does what the original does, and for a watched
//! file it also fails where it is told to and says in the log what it has done.
//!
//! SAFETY, for all of them: the loader binds them in place of functions of the same name, so they have
//! exactly those functions' types (`open` and `openat` take their third argument as a fixed one, which the
//! ABIs of Linux pass like a variable one), and callers keep to those functions' rules: paths end in a
//! zero, buffers are as long as is said. The kernel checks the rest. None of them unwinds: nothing here
//! panics, since nothing indexes or calculates without a check.

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};

use crate::control::{self, fault, fault_of};
use crate::files::{self, File};
use crate::format::{LOST, OPEN, RENAME, SYNC, TRUNCATE, UNLINK, WRITE};
use crate::log;

fn fail(errno: c_int) -> c_int {
    // SAFETY: the C library's own place for it, of this thread.
    unsafe { *libc::__errno_location() = errno };
    -1
}

/// What `syscall` gave, as the C functions give it.
fn int(given: libc::c_long) -> c_int {
    c_int::try_from(given).unwrap_or(-1)
}

/// The part of a path that is watched.
///
/// # Safety
/// The path ends in a zero, and is not changed while the answer is used.
unsafe fn watched<'a>(folder: c_int, path: *const c_char) -> Option<&'a [u8]> {
    if path.is_null() {
        return None;
    }
    // SAFETY: as this function asks.
    let path = unsafe { CStr::from_ptr(path) };
    let is_absolute = path.to_bytes().first() == Some(&b'/');
    if folder == libc::AT_FDCWD || is_absolute { files::within(path) } else { None }
}

/// # Safety
/// As for `openat`.
unsafe fn open_at(folder: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: a path of our caller's.
    let name = unsafe { watched(folder, path) };
    let for_writing = flags & (libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT) != 0;
    if let Some(name) = name
        && for_writing
        && let Some(fault) = fault(OPEN, files::class(name))
    {
        return fail(fault.errno);
    }
    // SAFETY: the call of the same name, with our caller's arguments.
    let opened = int(unsafe { libc::syscall(libc::SYS_openat, folder, path, flags, mode) });
    if opened >= 0
        && let Some(name) = name
        && let Some(File { inode, .. }) = files::watch(opened, name)
    {
        log::append(OPEN, inode, 0, &[name]);
        if flags & libc::O_TRUNC != 0 {
            log::append(TRUNCATE, inode, 0, &[]);
        }
    }
    opened
}

/// Stands for `open`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn open(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: our caller's arguments.
    unsafe { open_at(libc::AT_FDCWD, path, flags, mode) }
}

/// Stands for `open64`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn open64(path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: our caller's arguments.
    unsafe { open_at(libc::AT_FDCWD, path, flags, mode) }
}

/// Stands for `openat`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn openat(folder: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: our caller's arguments.
    unsafe { open_at(folder, path, flags, mode) }
}

/// Stands for `openat64`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn openat64(folder: c_int, path: *const c_char, flags: c_int, mode: c_uint) -> c_int {
    // SAFETY: our caller's arguments.
    unsafe { open_at(folder, path, flags, mode) }
}

/// Stands for `close`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn close(descriptor: c_int) -> c_int {
    // Before the number is free for somebody else.
    files::forget(descriptor);
    // SAFETY: our caller's argument.
    int(unsafe { libc::syscall(libc::SYS_close, descriptor) })
}

/// Writes and logs. `at` is where; `None` at the descriptor's own place.
///
/// # Safety
/// As for `pwrite`.
unsafe fn write_at(descriptor: c_int, data: *const c_void, mut length: usize, at: Option<i64>) -> isize {
    let file = files::of(descriptor);
    if let Some(fault) = file.and_then(|file| fault_of(WRITE, file)) {
        if !fault.short || length < 2 {
            return fail(fault.errno) as isize;
        }
        length /= 2;
    }
    // SAFETY: our caller's arguments, or the first half of its buffer.
    let written = unsafe {
        match at {
            Some(at) => libc::syscall(libc::SYS_pwrite64, descriptor, data, length, at),
            None => libc::syscall(libc::SYS_write, descriptor, data, length),
        }
    } as isize;
    if let (Some(File { inode, .. }), Ok(count)) = (file, usize::try_from(written)) {
        let end = |()| {
            // SAFETY: asks for the place of a descriptor, and changes nothing.
            let place = unsafe { libc::syscall(libc::SYS_lseek, descriptor, 0, libc::SEEK_CUR) };
            u64::try_from(place).unwrap_or(0).saturating_sub(count as u64)
        };
        let offset = at.map_or_else(|| end(()), i64::cast_unsigned);
        // SAFETY: so many bytes of our caller's buffer were just read by the kernel.
        let bytes = unsafe { core::slice::from_raw_parts(data.cast::<u8>(), count) };
        log::append(WRITE, inode, offset, &[bytes]);
    }
    written
}

/// Stands for `write`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn write(descriptor: c_int, data: *const c_void, length: usize) -> isize {
    // SAFETY: our caller's arguments.
    unsafe { write_at(descriptor, data, length, None) }
}

/// Stands for `pwrite`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pwrite(descriptor: c_int, data: *const c_void, length: usize, at: i64) -> isize {
    // SAFETY: our caller's arguments.
    unsafe { write_at(descriptor, data, length, Some(at)) }
}

/// Stands for `pwrite64`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pwrite64(descriptor: c_int, data: *const c_void, length: usize, at: i64) -> isize {
    // SAFETY: our caller's arguments.
    unsafe { write_at(descriptor, data, length, Some(at)) }
}

/// Stands for `ftruncate`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ftruncate(descriptor: c_int, length: i64) -> c_int {
    let file = files::of(descriptor);
    if let Some(fault) = file.and_then(|file| fault_of(TRUNCATE, file)) {
        return fail(fault.errno);
    }
    // SAFETY: our caller's arguments.
    let done = int(unsafe { libc::syscall(libc::SYS_ftruncate, descriptor, length) });
    if let (Some(File { inode, .. }), 0) = (file, done) {
        log::append(TRUNCATE, inode, length.cast_unsigned(), &[]);
    }
    done
}

/// Stands for `ftruncate64`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ftruncate64(descriptor: c_int, length: i64) -> c_int {
    // SAFETY: our caller's arguments.
    unsafe { ftruncate(descriptor, length) }
}

/// Syncs and logs: what the log held before the disk was asked is on it once it has answered.
fn sync(descriptor: c_int, call: libc::c_long) -> c_int {
    let file = files::of(descriptor);
    let before = file.map_or(0, |_| log::length());
    if let Some((file, fault)) = file.and_then(|file| Some((file, fault_of(SYNC, file)?))) {
        log::append(LOST, file.inode, before, &[]);
        return fail(fault.errno);
    }
    // SAFETY: takes nothing but a descriptor, which the kernel checks.
    let done = int(unsafe { libc::syscall(call, descriptor) });
    if let (Some(File { inode, .. }), 0) = (file, done) {
        log::append(SYNC, inode, before, &[]);
    }
    done
}

/// Stands for `fsync`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fsync(descriptor: c_int) -> c_int {
    sync(descriptor, libc::SYS_fsync)
}

/// Stands for `fdatasync`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    sync(descriptor, libc::SYS_fdatasync)
}

/// Stands for `rename`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    let at = libc::AT_FDCWD;
    // SAFETY: our caller's arguments.
    let done = int(unsafe { libc::syscall(libc::SYS_renameat2, at, from, at, to, 0) });
    // SAFETY: the same.
    if let (Some(from), Some(to), 0) = unsafe { (watched(at, from), watched(at, to), done) } {
        log::append(RENAME, 0, 0, &[from, &[0], to]);
    }
    done
}

/// Stands for `unlink`.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn unlink(path: *const c_char) -> c_int {
    // SAFETY: our caller's argument.
    let done = int(unsafe { libc::syscall(libc::SYS_unlinkat, libc::AT_FDCWD, path, 0) });
    // SAFETY: the same.
    if let (Some(name), 0) = unsafe { (watched(libc::AT_FDCWD, path), done) } {
        log::append(UNLINK, 0, 0, &[name]);
    }
    done
}

/// Stands for `clock_gettime`: the time of day is as wrong as the proof wants it.
///
/// # Safety
/// See above.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> c_int {
    // SAFETY: our caller's arguments.
    let done = int(unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) });
    let wrong = control::clock();
    if done == 0 && wrong != 0 && matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE) {
        // SAFETY: the kernel has just written there.
        let time = unsafe { &mut *time };
        let micros = time.tv_nsec / 1_000 + wrong;
        time.tv_sec += micros.div_euclid(1_000_000);
        time.tv_nsec = micros.rem_euclid(1_000_000) * 1_000 + time.tv_nsec % 1_000;
    }
    done
}
