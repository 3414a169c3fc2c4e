//! What a sweep looks through, and when it is time for one (G18). Pure; it is remembered between its
//! pages, so that a restart goes on where it stopped.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::report::Report;
use crate::provider::{Kind, Listing};

/// How far back before the last sweep one looks: the provider's clock and ours differ, and an object
/// may show in lists later than it was made.
const OVERLAP: SignedDuration = SignedDuration::from_hours(48);
/// Between two short sweeps.
const RECENT_EVERY: SignedDuration = SignedDuration::from_hours(1);
/// Between two sweeps of everything.
const FULL_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How much is looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// What was made since shortly before the last sweep, and every subscription: they change without a
    /// new object, and have no time of change that could be asked for (dodo/README 2.3).
    Recent,
    /// Everything since this helper began.
    Full,
}

impl Scope {
    /// In reports and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recent => "recent",
            Self::Full => "full",
        }
    }
}

/// What is remembered of sweeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// Nothing before this can be ours.
    floor: Timestamp,
    /// When the last completed short sweep began.
    recent_at: Option<Timestamp>,
    /// When the last completed full one began.
    full_at: Option<Timestamp>,
    /// The one that was begun and has not ended.
    pub under_way: Option<UnderWay>,
    /// How the last one ended.
    pub last: Option<Report>,
}

/// A sweep that was begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnderWay {
    since: Timestamp,
    /// An index into [`Kind::ALL`].
    kind: usize,
    page: u32,
    /// What it has found so far.
    pub report: Report,
}

impl Memory {
    /// Of a helper that never swept. One that has checkouts may have missed something already.
    #[must_use]
    pub fn new(now: Timestamp, oldest_checkout: Option<Timestamp>) -> Self {
        let floor = oldest_checkout.unwrap_or(now).min(now) - OVERLAP;
        let nothing_missed = oldest_checkout.is_none().then_some(now);
        Self { floor, recent_at: nothing_missed, full_at: nothing_missed, under_way: None, last: None }
    }

    /// Which sweep is due.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Option<Scope> {
        // A clock that was set back makes no sweep wait for the time before.
        let is_due = |last: Option<Timestamp>, every| last.is_none_or(|last| last > now || now - every >= last);
        if is_due(self.full_at, FULL_EVERY) {
            Some(Scope::Full)
        } else if is_due(self.recent_at.max(self.full_at), RECENT_EVERY) {
            Some(Scope::Recent)
        } else {
            None
        }
    }

    /// Begins a sweep; one that is under way is given up.
    pub fn begin(&mut self, scope: Scope, now: Timestamp) {
        let since = match (scope, self.recent_at.max(self.full_at)) {
            (Scope::Recent, Some(last)) => (last.min(now) - OVERLAP).max(self.floor),
            _ => self.floor,
        };
        self.under_way = Some(UnderWay { since, kind: 0, page: 0, report: Report::new(scope, now) });
    }

    /// The page to be asked for next; `None` where no sweep is under way, or it has seen all.
    #[must_use]
    pub fn listing(&self) -> Option<Listing> {
        let UnderWay { since, kind, page, .. } = self.under_way.as_ref()?;
        let kind = *Kind::ALL.get(*kind)?;
        let since = if kind == Kind::Subscription { self.floor } else { *since };
        Some(Listing { kind, since: Some(since), page: *page })
    }

    /// Goes on to the next page, or, past the end of a list, to the next list.
    pub fn turn(&mut self, was_empty: bool) {
        let Some(sweep) = &mut self.under_way else { return };
        if was_empty {
            sweep.kind = sweep.kind.saturating_add(1);
            sweep.page = 0;
        } else {
            sweep.page = sweep.page.saturating_add(1);
        }
    }

    /// Ends the sweep that has seen all.
    pub fn finish(&mut self, now: Timestamp) {
        let Some(UnderWay { mut report, .. }) = self.under_way.take() else { return };
        match report.scope {
            Scope::Recent => self.recent_at = Some(report.started_at),
            Scope::Full => self.full_at = Some(report.started_at),
        }
        report.finished_at = Some(now);
        self.last = Some(report);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000).unwrap() + SignedDuration::from_hours(hour)
    }

    fn complete(memory: &mut Memory, scope: Scope, hour: i64) -> Vec<Listing> {
        memory.begin(scope, at(hour));
        let mut seen = Vec::new();
        while let Some(listing) = memory.listing() {
            seen.push(listing);
            memory.turn(listing.page == 1);
        }
        memory.finish(at(hour));
        seen
    }

    #[test]
    fn a_new_helper_has_missed_nothing_and_an_old_one_may_have() {
        assert_eq!(Memory::new(at(0), None).due(at(0)), None);
        assert_eq!(Memory::new(at(0), Some(at(-100))).due(at(0)), Some(Scope::Full));
    }

    #[test]
    fn a_short_one_each_hour_and_a_full_one_each_day() {
        let mut memory = Memory::new(at(0), None);
        let mut swept = Vec::new();
        for hour in 0..=48 {
            if let Some(scope) = memory.due(at(hour)) {
                complete(&mut memory, scope, hour);
                swept.push((hour, scope));
            }
        }
        let full: Vec<i64> = swept.iter().filter(|(_, scope)| *scope == Scope::Full).map(|(hour, _)| *hour).collect();
        assert_eq!((swept.len(), full), (48, vec![24, 48]));
    }

    #[test]
    fn a_short_one_looks_back_from_the_last_one_however_long_ago_that_was() {
        let mut memory = Memory::new(at(0), Some(at(-1_000)));
        complete(&mut memory, Scope::Full, 0);
        let seen = complete(&mut memory, Scope::Recent, 720);
        let of = |kind| seen.iter().filter(|listing| listing.kind == kind).map(|listing| listing.since).next().unwrap();
        assert_eq!(of(Kind::Payment), Some(at(-48)));
        assert_eq!(of(Kind::Subscription), Some(at(-1_048)), "all of them");
        assert_eq!(seen.len(), 8, "two pages of four lists");
    }

    #[test]
    fn what_was_begun_goes_on_after_a_restart() {
        let mut memory = Memory::new(at(0), None);
        memory.begin(Scope::Full, at(24));
        memory.turn(false);
        memory.turn(true);
        memory.turn(false);
        let restored: Memory = serde_json::from_str(&serde_json::to_string(&memory).unwrap()).unwrap();
        assert_eq!(restored, memory);
        let listing = restored.listing().unwrap();
        assert_eq!((listing.kind, listing.page), (Kind::Subscription, 1));
        assert_eq!(restored.due(at(24)), Some(Scope::Full), "only a completed one counts");
    }

    #[test]
    fn a_clock_that_was_set_back_stops_no_sweep() {
        let mut memory = Memory::new(at(0), None);
        complete(&mut memory, Scope::Full, 100);
        assert_eq!(memory.due(at(50)), Some(Scope::Full));
    }
}
