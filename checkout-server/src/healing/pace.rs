//! How fast healing may ask the provider: half of what its lowest tier allows (240 calls a minute,
//! dodo/README 1), so that buyers never wait for a sweep. A short burst is let through at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Between two calls, where many are made.
const EACH: Duration = Duration::from_millis(500);
/// How far calls may run ahead of that after a quiet time: sixty of them, so at most 180 in any minute.
const AHEAD: Duration = Duration::from_secs(30);

/// Leave to ask, which comes with time.
#[derive(Default)]
pub struct Pace(Mutex<Schedule>);

/// When the calls so far would have been over, had they kept their distance.
#[derive(Clone, Copy, Debug, Default)]
struct Schedule(Option<Instant>);

impl Pace {
    /// Returns when the provider may be asked once more.
    pub async fn turn(&self) {
        let wait = self.0.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

impl Schedule {
    /// Plans one call; how long to wait for it.
    fn take(&mut self, now: Instant) -> Duration {
        let over = self.0.map_or(now, |over| over.max(now)) + EACH;
        self.0 = Some(over);
        over.duration_since(now).saturating_sub(AHEAD)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most calls that fall into any minute, where callers come as fast as they are let.
    fn most_in_a_minute(calls: usize) -> usize {
        let mut schedule = Schedule::default();
        let begun = Instant::now();
        let mut now = begun;
        let mut at = Vec::new();
        for _ in 0..calls {
            now += schedule.take(now);
            at.push(now.duration_since(begun));
        }
        let within =
            |from: Duration| at.iter().filter(|at| (from..from + Duration::from_mins(1)).contains(*at)).count();
        at.iter().map(|from| within(*from)).max().unwrap_or(0)
    }

    #[test]
    fn the_lowest_tier_is_never_used_up() {
        let most = most_in_a_minute(1_000);
        assert!((150..=181).contains(&most), "{most} of 240");
    }

    #[test]
    fn a_few_calls_do_not_wait() {
        let mut schedule = Schedule::default();
        let now = Instant::now();
        assert!((0..60).all(|_| schedule.take(now).is_zero()));
        assert!(!schedule.take(now).is_zero());
    }
}
