//! Time, passed in. Nothing else asks the system what time it is.

use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

pub(crate) mod steps;

/// Tells the time, and lets a demo or a test move it forward.
///
/// Clones share the same shift: advancing one advances all.
#[derive(Clone, Debug)]
pub struct Clock {
    shift: watch::Sender<SignedDuration>,
}

/// A demo may not leave what calendars can count.
const FURTHEST: SignedDuration = SignedDuration::from_hours(24 * 365 * 100);

impl Default for Clock {
    fn default() -> Self {
        Self { shift: watch::Sender::new(SignedDuration::ZERO) }
    }
}

impl Clock {
    /// What time it is for the product: expiry, schedules, stamps on rows.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let shift = *self.shift.borrow();
        Self::wall().checked_add(shift).unwrap_or(Timestamp::MAX)
    }

    /// What time it is outside, whatever a demo pretends: the freshness of signatures is between
    /// two machines, so it is measured on this.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn wall() -> Timestamp {
        Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// Moves the time forward, and wakes whoever sleeps past it.
    pub fn advance(&self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
        self.shift.send_modify(|shift| *shift = shift.saturating_add(by).min(FURTHEST));
    }

    /// Wakes whoever sleeps: the wall's clock was set, and what they wait for is nearer or further now.
    pub(crate) fn look_again(&self) {
        self.shift.send_modify(|_| {});
    }

    /// Returns when that time has come, also when it came by [`Clock::advance`].
    pub async fn sleep_until(&self, deadline: Timestamp) {
        let mut shifted = self.shift.subscribe();
        loop {
            let Ok(left) = Duration::try_from(deadline.duration_since(self.now())) else { return };
            if left.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = shifted.changed() => {}
            }
        }
    }
}

/// RFC 3339 in UTC with microseconds, as the provider and our own answers write it.
#[must_use]
pub fn rfc3339(time: Timestamp) -> String {
    format!("{time:.6}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_moved() {
        let clock = Clock::default();
        let hour = Duration::from_hours(1);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            let deadline = clock.now() + SignedDuration::from_hours(1);
            async move { clock.sleep_until(deadline).await }
        });
        clock.advance(hour);
        tokio::time::timeout(Duration::from_secs(5), sleeper).await.unwrap().unwrap();
    }

    #[test]
    fn times_are_written_in_utc_with_microseconds() {
        assert_eq!(rfc3339(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000000Z");
    }
}
