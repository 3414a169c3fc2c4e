//! What the proof wants of the disk and of the clock, right now.

use core::ffi::c_int;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::files::File;
use crate::format::{CALLS, CLOCK, ERRNO, FAIL, FAILED, FILES, PASS, SHORT, WORDS};

/// The control file in memory; null where there is none.
static WORDS_AT: AtomicPtr<[AtomicU64; WORDS]> = AtomicPtr::new(core::ptr::null_mut());

pub(crate) fn begin() {
    let Some(path) = crate::setting("SHIM_CONTROL") else { return };
    // SAFETY: the path ends in a zero and lives for ever.
    let opened =
        unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path.as_ptr(), libc::O_RDWR | libc::O_CLOEXEC) };
    let (access, size) = (libc::PROT_READ | libc::PROT_WRITE, WORDS * 8);
    let Ok(file) = c_int::try_from(opened) else { std::process::abort() };
    // SAFETY: a fresh mapping of a file that the proof has made long enough; nothing else is at its place.
    let mapped = unsafe { libc::mmap(core::ptr::null_mut(), size, access, libc::MAP_SHARED, file, 0) };
    if opened < 0 || mapped == libc::MAP_FAILED {
        std::process::abort();
    }
    WORDS_AT.store(mapped.cast(), Ordering::Release);
}

fn words() -> Option<&'static [AtomicU64; WORDS]> {
    // SAFETY: null, or a mapping of exactly these words at a page's beginning, which is never taken away
    // and which both sides only touch as whole words.
    unsafe { WORDS_AT.load(Ordering::Acquire).as_ref() }
}

/// By how many microseconds the clock is wrong.
pub(crate) fn clock() -> i64 {
    words().map_or(0, |words| words[CLOCK].load(Ordering::Relaxed).cast_signed())
}

/// How a call is to fail.
pub(crate) struct Fault {
    pub(crate) errno: c_int,
    /// Half of the write is carried out instead.
    pub(crate) short: bool,
}

/// Whether a call of that kind on a file of that class is to fail.
pub(crate) fn fault(kind: u64, class: u64) -> Option<Fault> {
    let words = words()?;
    let word = |place: usize| words[place].load(Ordering::Acquire);
    if word(CALLS) & (1 << kind) == 0 || (word(FILES) != 0 && word(FILES) != class) {
        return None;
    }
    let less_one = |left: u64| left.checked_sub(1);
    let count_down = |place: usize| words[place].fetch_update(Ordering::AcqRel, Ordering::Acquire, less_one).is_ok();
    if count_down(PASS) || !count_down(FAIL) {
        return None;
    }
    let earlier = words[FAILED].fetch_add(1, Ordering::AcqRel);
    Some(Fault { errno: c_int::try_from(word(ERRNO)).unwrap_or(libc::EIO), short: earlier == 0 && word(SHORT) != 0 })
}

/// The same for an open file.
pub(crate) fn fault_of(kind: u64, file: File) -> Option<Fault> {
    fault(kind, file.class)
}
