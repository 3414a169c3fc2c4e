//! The faults as the proof's executable has them: told by the environment, once, at the start.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::Mutant;

/// Where to end, and at which time.
struct Wanted {
    name: String,
    left: AtomicU32,
}

#[expect(clippy::disallowed_methods, reason = "the proof's own door")]
static WANTED: LazyLock<Option<Wanted>> = LazyLock::new(|| {
    let wanted = std::env::var("CRASH_AT").ok()?;
    let (name, times) = wanted.rsplit_once(':').expect("CRASH_AT is name:n");
    assert!(super::POINTS.iter().any(|(known, _)| *known == name), "CRASH_AT={name} is not one of them");
    let left = AtomicU32::new(times.parse().expect("CRASH_AT is name:n"));
    Some(Wanted { name: name.to_owned(), left })
});

#[expect(clippy::disallowed_methods, reason = "the proof's own door")]
static MUTANT: LazyLock<Option<Mutant>> = LazyLock::new(|| {
    let name = std::env::var("CHECKOUT_MUTANT").ok()?;
    let known = Mutant::ALL.iter().copied().find(|mutant| mutant.name() == name);
    Some(known.unwrap_or_else(|| panic!("CHECKOUT_MUTANT={name} is not one of them")))
});

type Work = Box<dyn FnOnce(&Connection) + Send>;

static LEFT: Mutex<Vec<Work>> = Mutex::new(Vec::new());

pub(crate) fn crash_point(name: &'static str) {
    if let Some(wanted) = WANTED.as_ref().filter(|wanted| wanted.name == name)
        && wanted.left.fetch_sub(1, Ordering::SeqCst) == 1
    {
        let own = rustix::process::getpid();
        let _ = rustix::process::kill_process(own, rustix::process::Signal::KILL);
    }
}

pub(crate) fn is(mutant: Mutant) -> bool {
    *MUTANT == Some(mutant)
}

/// Leaves something for after the commit that it belongs to.
pub(crate) fn later(work: impl FnOnce(&Connection) + Send + 'static) {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(work));
}

/// Does what was left for after the commit.
pub(crate) fn do_what_was_left(connection: &Connection) {
    let left = std::mem::take(&mut *LEFT.lock().unwrap_or_else(PoisonError::into_inner));
    for work in left {
        work(connection);
    }
}

/// So long a careless order of things stays open: as long as a slow disk takes, or a queue.
pub(crate) fn a_moment() {
    std::thread::sleep(Duration::from_millis(10));
}
