//! When not to ask a provider any more: after several slow failures in a row nobody is made to wait
//! for another one; after a pause a single call finds out whether it is back (G32). Decides by the
//! moments it is given.

use std::time::{Duration, Instant};

/// Slow failures in a row that open it.
const MOST_SLOW: u32 = 5;
/// A failure that took at least this long is a slow one. Quick ones cost nobody anything.
const SLOW: Duration = Duration::from_secs(2);
/// How long nobody asks.
const PAUSE: Duration = Duration::from_secs(5);

/// The breaker of one provider.
#[derive(Debug)]
pub(super) struct Breaker(State);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed { slow: u32 },
    Open { until: Instant },
    Probing,
}

/// Leave to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// As always.
    Ordinary,
    /// As the only one, to find out.
    Probe,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// With an answer, be it a refusal.
    Answered,
    /// Without one, after so long.
    Failed(Duration),
    /// Its caller went away.
    Abandoned,
}

impl Default for Breaker {
    fn default() -> Self {
        Self(State::Closed { slow: 0 })
    }
}

impl Breaker {
    /// Whether a call would be refused now.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        match self.0 {
            State::Closed { .. } => false,
            State::Open { until } => now < until,
            State::Probing => true,
        }
    }

    /// Leave to ask now, which has to be reported on; `None` while nobody may.
    pub(super) fn ask(&mut self, now: Instant) -> Option<Pass> {
        match self.0 {
            State::Closed { .. } => Some(Pass::Ordinary),
            _ if self.is_open(now) => None,
            _ => {
                self.0 = State::Probing;
                Some(Pass::Probe)
            }
        }
    }

    /// How a call ended that was let through.
    pub(super) fn report(&mut self, pass: Pass, outcome: Outcome, now: Instant) {
        let slow_failure = matches!(outcome, Outcome::Failed(took) if took >= SLOW);
        self.0 = match (self.0, pass, outcome) {
            // The next caller finds out.
            (State::Probing, Pass::Probe, Outcome::Abandoned) => State::Open { until: now },
            (State::Probing, Pass::Probe, _) if slow_failure => State::Open { until: now + PAUSE },
            (State::Probing, Pass::Probe, _) | (State::Closed { .. }, _, Outcome::Answered) => {
                State::Closed { slow: 0 }
            }
            (State::Closed { slow }, _, _) if slow_failure && slow + 1 >= MOST_SLOW => {
                State::Open { until: now + PAUSE }
            }
            (State::Closed { slow }, _, _) if slow_failure => State::Closed { slow: slow + 1 },
            // What was begun before it opened says nothing new; a quick failure says nothing at all.
            (state, _, _) => state,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMED_OUT: Outcome = Outcome::Failed(Duration::from_secs(10));
    const REFUSED: Outcome = Outcome::Failed(Duration::from_millis(3));

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..MOST_SLOW {
            assert_eq!(breaker.ask(now), Some(Pass::Ordinary));
            breaker.report(Pass::Ordinary, TIMED_OUT, now);
        }
        breaker
    }

    #[test]
    fn five_slow_failures_in_a_row_open_it() {
        let now = Instant::now();
        let mut breaker = opened(now);
        assert_eq!(breaker.ask(now), None);
        assert_eq!(breaker.ask(now + PAUSE / 2), None);
        assert_eq!(breaker.ask(now + PAUSE), Some(Pass::Probe));
        assert_eq!(breaker.ask(now + PAUSE), None, "one finds out, the others do not wait for it");
    }

    #[test]
    fn an_answer_in_between_begins_the_count_anew() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        for outcome in [TIMED_OUT, TIMED_OUT, TIMED_OUT, TIMED_OUT, Outcome::Answered, TIMED_OUT] {
            breaker.report(Pass::Ordinary, outcome, now);
        }
        assert!(!breaker.is_open(now));
    }

    #[test]
    fn quick_failures_never_open_it_and_hide_no_slow_ones() {
        let now = Instant::now();
        let mut breaker = Breaker::default();
        (0..1_000).for_each(|_| breaker.report(Pass::Ordinary, REFUSED, now));
        assert!(!breaker.is_open(now));
        for outcome in [TIMED_OUT, REFUSED, TIMED_OUT, TIMED_OUT, Outcome::Abandoned, TIMED_OUT, REFUSED, TIMED_OUT] {
            breaker.report(Pass::Ordinary, outcome, now);
        }
        assert!(breaker.is_open(now));
    }

    #[test]
    fn the_probe_decides() {
        let before = Instant::now();
        let now = before + PAUSE;
        for (outcome, after) in [
            (Outcome::Answered, Some(Pass::Ordinary)),
            (REFUSED, Some(Pass::Ordinary)),
            (TIMED_OUT, None),
            (Outcome::Abandoned, Some(Pass::Probe)),
        ] {
            let mut breaker = opened(before);
            assert_eq!(breaker.ask(now), Some(Pass::Probe));
            breaker.report(Pass::Ordinary, Outcome::Answered, now);
            assert!(breaker.is_open(now), "an earlier call's late answer decides nothing");
            breaker.report(Pass::Probe, outcome, now);
            assert_eq!(breaker.ask(now), after, "{outcome:?}");
        }
    }
}
