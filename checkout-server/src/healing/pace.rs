//! How fast healing may ask the provider: half of what its lowest tier allows (240 calls a minute,
//! dodo/README 1), so that buyers never wait for a sweep. A short burst is let through at once.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Calls that may be made at once after a quiet time.
const BURST: f64 = 60.0;
/// Calls a second after that. With the burst, at most 180 in any minute.
const RATE: f64 = 2.0;

/// A bucket of leave to ask, which fills with time.
pub struct Pace(Mutex<Bucket>);

#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// Below nothing where callers wait for theirs.
    left: f64,
    at: Option<Instant>,
}

impl Default for Pace {
    fn default() -> Self {
        Self(Mutex::new(Bucket { left: BURST, at: None }))
    }
}

impl Pace {
    /// Returns when the provider may be asked once more.
    pub async fn turn(&self) {
        let wait = self.0.lock().unwrap_or_else(PoisonError::into_inner).take(Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }
}

impl Bucket {
    /// Takes one; how long to wait for it.
    fn take(&mut self, now: Instant) -> Duration {
        let passed = self.at.map_or(0.0, |at| now.saturating_duration_since(at).as_secs_f64());
        self.left = RATE.mul_add(passed, self.left).min(BURST) - 1.0;
        self.at = Some(now);
        if self.left < 0.0 { Duration::from_secs_f64(-self.left / RATE) } else { Duration::ZERO }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The most calls that fall into any minute, where callers come as fast as they are let.
    fn most_in_a_minute(calls: usize) -> usize {
        let mut bucket = Bucket { left: BURST, at: None };
        let begun = Instant::now();
        let mut now = begun;
        let mut at = Vec::new();
        for _ in 0..calls {
            now += bucket.take(now);
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
        let mut bucket = Bucket { left: BURST, at: None };
        let now = Instant::now();
        assert!((0..60).all(|_| bucket.take(now).is_zero()));
        assert!(!bucket.take(now).is_zero());
    }
}
