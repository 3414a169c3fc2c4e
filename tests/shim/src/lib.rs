//! Loaded by `LD_PRELOAD` into a helper under proof: stands between it and the C library for the files of
//! one folder. It keeps a log of what was written and what was synced, from which the proof builds what a
//! power cut leaves (`tests/crash/power`), fails calls as a sick disk does (`tests/crash/disk`), and shifts
//! the clock (`tests/crash/clock`).
//!
//! Environment: `SHIM_FOLDER` (absolute, without links) is what is watched, `SHIM_LOG` the log, and
//! `SHIM_CONTROL` a file with the words of `format.rs`, which the proof changes while the helper runs.
//! Without them all calls pass.
//!
//! Every call goes to the kernel by `syscall`, so nothing has to be looked up and nothing of the C library
//! is called from within itself. Nothing here locks or allocates after the start: any thread may be in any
//! of these calls at any time. By `strace`, SQLite and Rust's standard library make no other calls on
//! files (with WAL, without `mmap_size`); what `-shm` holds is shared memory, which no power cut survives.

mod calls;
mod control;
mod files;
mod format;
mod log;

/// Runs when the library is loaded, before `main`.
#[used]
// SAFETY: the loader calls each pointer of this section once, before any thread is started; `begin` is
// an ordinary function that neither unwinds nor needs anything that is set up later than the C library.
#[unsafe(link_section = ".init_array")]
static BEGIN: extern "C" fn() = begin;

extern "C" fn begin() {
    files::begin();
    log::begin();
    control::begin();
}

/// A setting with a terminating zero, as the kernel wants paths. It is kept for ever, because the file is.
fn setting(name: &str) -> Option<&'static core::ffi::CStr> {
    let value = std::env::var_os(name)?;
    let value = std::ffi::CString::new(std::os::unix::ffi::OsStringExt::into_vec(value)).ok()?;
    Some(Box::leak(value.into_boxed_c_str()))
}
