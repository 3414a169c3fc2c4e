//! When somebody wants something: on a schedule that does not wait for answers, so that a helper that
//! stops is not asked less, and the wait counts (no coordinated omission).

use std::time::Duration;

use tokio::time::Instant;

use super::Shop;
use crate::chance::Chance;

/// Who is further behind than this begins anew from now: the clients of a proof are few.
const FURTHEST_BEHIND: Duration = Duration::from_secs(2);

/// The moments at which one client wants something.
pub(super) struct Schedule {
    every: Duration,
    next: Instant,
}

impl Schedule {
    /// About so often, give or take a half.
    pub(super) fn every(every: Duration, chance: &mut Chance) -> Self {
        Self { every, next: Instant::now() + jittered(every, chance) }
    }

    /// Waits for the next moment, and gives it in the history's time; none where nothing new is begun.
    pub(super) async fn turn(&mut self, shop: &Shop, chance: &mut Chance) -> Option<u64> {
        tokio::select! {
            () = shop.closing.cancelled() => return None,
            () = tokio::time::sleep_until(self.next) => {}
        }
        let behind = self.next.elapsed();
        let intended = shop.history.now().saturating_sub(u64::try_from(behind.as_micros()).unwrap_or(0));
        let from = if behind > FURTHEST_BEHIND { Instant::now() } else { self.next };
        self.next = from + jittered(self.every, chance);
        (!shop.closing.is_cancelled()).then_some(intended)
    }
}

fn jittered(every: Duration, chance: &mut Chance) -> Duration {
    every * u32::try_from(50 + chance.below(101)).unwrap_or(100) / 100
}
