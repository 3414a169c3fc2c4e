//! Healing: what brings our state to the provider's, whatever its webhooks did. Objects that the fold
//! asks about are asked for again (`refetch.rs`), lists are compared every hour and every day
//! (`sweep.rs`, G18), and calls that move money are finished or looked for (`intents.rs`, G6). All of
//! it together keeps to a pace that leaves buyers their share (`pace.rs`).

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

use crate::app::App;

pub mod difference;
pub mod intents;
pub mod pace;
pub mod refetch;
pub mod sweep;

use pace::Pace;
use sweep::Progress;
use sweep::plan::Scope;

/// How often the queues are looked at.
const TICK: Duration = Duration::from_secs(1);
/// One object is asked about once in this time (GUARANTEES, 0 Common rules).
const ONCE_IN: SignedDuration = SignedDuration::from_secs(10);

/// What the workers share.
pub struct Healing {
    pace: Pace,
    /// When an object was last asked about, for as long as that keeps it from being asked about again.
    asked: Mutex<HashMap<String, Timestamp>>,
    /// The sweep that somebody wants.
    demand: watch::Sender<Option<Scope>>,
    progress: watch::Sender<Progress>,
    /// Whether nothing is asked unless somebody demands it.
    resting: watch::Sender<bool>,
}

impl Default for Healing {
    fn default() -> Self {
        Self {
            pace: Pace::default(),
            asked: Mutex::default(),
            demand: watch::Sender::new(None),
            progress: watch::Sender::new(Progress::default()),
            resting: watch::Sender::new(false),
        }
    }
}

impl Healing {
    /// Nothing is asked by itself until [`Healing::wake`]: for whoever looks at what one sweep mends.
    pub fn rest(&self) {
        self.resting.send_replace(true);
    }

    /// Goes on by itself again.
    pub fn wake(&self) {
        self.resting.send_replace(false);
    }

    fn is_resting(&self) -> bool {
        *self.resting.borrow()
    }

    /// How far the present sweep is, or how the last one ended.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.progress.borrow().clone()
    }

    /// Remembers that an object is asked about now; or says from when on it may be.
    fn may_ask(&self, object: &str, now: Timestamp) -> Result<(), Timestamp> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back keeps nobody out.
        asked.retain(|_, at| *at <= now && now.duration_since(*at) < ONCE_IN);
        if let Some(at) = asked.get(object) {
            return Err(*at + ONCE_IN);
        }
        asked.insert(object.to_owned(), now);
        Ok(())
    }
}

/// Heals until the helper stops.
pub async fn run(app: App) {
    let work = async { tokio::join!(refetch::run(&app), sweep::run(&app), intents::run(&app)) };
    tokio::select! {
        () = app.stopping.cancelled() => {}
        _ = work => {}
    }
}

/// So many failures in a row, and more make nobody wait for longer.
pub(crate) const MOST_PATIENT: u32 = 9;

/// How long to wait after so many failures in a row: 10 s, doubled each time, at most an hour.
pub(crate) fn patience(failures: u32) -> SignedDuration {
    SignedDuration::from_secs(10_i64.saturating_mul(1 << failures.min(MOST_PATIENT)).min(3_600))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_asked_about_once_in_ten_seconds() {
        let healing = Healing::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(healing.may_ask("sub_1", at(100)), Ok(()));
        assert_eq!(healing.may_ask("sub_1", at(109)), Err(at(110)));
        assert_eq!(healing.may_ask("sub_2", at(109)), Ok(()));
        assert_eq!(healing.may_ask("sub_1", at(110)), Ok(()));
        assert_eq!(healing.may_ask("sub_1", at(50)), Ok(()), "after the clock was set back");
    }

    #[test]
    fn failures_are_met_with_growing_patience() {
        let seconds: Vec<i64> = (0..12).map(|failures| patience(failures).as_secs()).collect();
        assert_eq!(seconds, [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]);
    }
}
