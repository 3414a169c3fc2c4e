//! A wall clock that is set: by a person, by NTP after a long time without it, by a machine that wakes up.
//! What waits for a moment of it has to look again then, and what was put off by a clock that was ahead
//! has to wait no longer than if it had been put off now (G21).

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::Clock;
use crate::app::App;

/// How often the two clocks are compared.
const LOOK: Duration = Duration::from_secs(1);
/// A difference that is no more than a busy machine and a clock that is corrected slowly.
const NOTICEABLE: SignedDuration = SignedDuration::from_secs(5);

/// Compares the wall's clock with one that nobody can set.
#[derive(Debug)]
struct Steps {
    wall: Timestamp,
    steady: Instant,
}

impl Steps {
    /// By how much the wall's clock was set since the last time; `None` where it was not.
    fn since_last(&mut self, wall: Timestamp, steady: Instant) -> Option<SignedDuration> {
        let passed = SignedDuration::try_from(steady.duration_since(self.steady)).unwrap_or(SignedDuration::MAX);
        let step = wall.duration_since(self.wall).saturating_sub(passed);
        *self = Self { wall, steady };
        (step.abs() > NOTICEABLE).then_some(step)
    }
}

/// Watches the wall's clock until the helper stops.
pub(crate) async fn run(app: App) {
    let mut steps = Steps { wall: Clock::wall(), steady: Instant::now() };
    match app.store.knows_of_later(app.clock.now()).await {
        Ok(false) => {}
        Ok(true) => set_back(&app).await,
        Err(error) => tracing::error!(%error, "whether the clock was set back could not be looked up"),
    }
    loop {
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
        let Some(step) = steps.since_last(Clock::wall(), Instant::now()) else { continue };
        tracing::warn!(seconds = step.as_secs(), "this machine's clock was set");
        if step.is_negative() {
            set_back(&app).await;
        }
        app.clock.look_again();
    }
}

/// What fails here is tried again by nobody: it only waits for as long as the clock was ahead.
async fn set_back(app: &App) {
    match app.store.wait_anew(app.clock.now()).await {
        Ok(0) => {}
        Ok(brought_forward) => tracing::info!(brought_forward, "what a clock that was ahead had put off waits anew"),
        Err(error) => tracing::error!(%error, "what a clock that was ahead has put off stays so"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_set_is_noticed_once_and_a_slow_machine_is_not() {
        let (wall, steady) = (Timestamp::UNIX_EPOCH, Instant::now());
        let mut steps = Steps { wall, steady };
        let second = |count: i64| SignedDuration::from_secs(count);
        let mut at = |wall_after: i64, steady_after: u64| {
            steps.since_last(wall + second(wall_after), steady + Duration::from_secs(steady_after))
        };
        assert_eq!(at(1, 1), None);
        assert_eq!(at(61, 61), None, "it was not looked at for a minute");
        assert_eq!(at(3_662, 62), Some(second(3_600)));
        assert_eq!(at(3_663, 63), None);
        assert_eq!(at(63, 64), Some(second(-3_601)));
        assert_eq!(at(66, 66), None, "corrected by a second");
    }
}
