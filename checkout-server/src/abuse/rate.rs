//! How much of something may be done in which time: the generic cell rate algorithm over whole
//! milliseconds. Pure; the time is passed in.
//!
//! Our own instead of the `governor` crate, which knows neither debts (a failed payment is charged
//! afterwards) nor refunds (a paid order gives its cost back).

/// So much at once, and one more each interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    burst: u32,
    /// Milliseconds until one more is allowed.
    interval: i64,
}

impl Rate {
    /// So many at once, then so many an hour. At least one of each, and no more than one a millisecond.
    #[must_use]
    pub const fn hourly(burst: u32, per_hour: u32) -> Self {
        Self::per(burst, per_hour, 3_600_000)
    }

    /// So many at once, then so many a minute.
    #[must_use]
    pub const fn minutely(burst: u32, per_minute: u32) -> Self {
        Self::per(burst, per_minute, 60_000)
    }

    const fn per(burst: u32, many: u32, millis: i64) -> Self {
        let burst = if burst == 0 { 1 } else { burst };
        let many = if many == 0 { 1 } else { many };
        // Rounded up: never more than was said.
        let interval = millis.div_euclid(many as i64) + if millis.rem_euclid(many as i64) == 0 { 0 } else { 1 };
        Self { burst, interval }
    }

    /// The time in which all that is owed for a burst is forgotten, in milliseconds.
    fn span(self) -> i64 {
        i64::from(self.burst).saturating_mul(self.interval)
    }
}

/// What was used of a [`Rate`]: the moment, in milliseconds since 1970, at which all of it is
/// forgotten. A new one has used nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meter(i64);

impl Meter {
    /// Whether one more is within the rate.
    #[must_use]
    pub fn allows(self, rate: Rate, now: i64) -> bool {
        self.wait(rate, now) == 0
    }

    /// Milliseconds until one more is within the rate; 0 where it is already.
    #[must_use]
    pub fn wait(self, rate: Rate, now: i64) -> i64 {
        self.used(rate, now).saturating_add(rate.interval).saturating_sub(rate.span()).max(0)
    }

    /// Writes `units` down, also where that makes a debt. The debt grows to one burst at most, so
    /// that whoever comes after a robot at the same address is not locked out for days.
    pub fn charge(&mut self, rate: Rate, units: u32, now: i64) {
        let cost = i64::from(units).saturating_mul(rate.interval);
        let most = now.saturating_add(rate.span().saturating_mul(2));
        self.0 = now.saturating_add(self.used(rate, now)).saturating_add(cost).min(most);
    }

    /// Takes one unit back.
    pub fn refund(&mut self, rate: Rate) {
        self.0 = self.0.saturating_sub(rate.interval);
    }

    /// How far beyond the burst it is, in thousandths of a burst: 0 within, 1,000 at most.
    #[must_use]
    pub fn excess(self, rate: Rate, now: i64) -> i64 {
        let beyond = self.used(rate, now).saturating_sub(rate.span()).max(0);
        beyond.saturating_mul(1_000).div_euclid(rate.span().max(1)).min(1_000)
    }

    /// Never more than a charge can make it: a clock that was set back by a day locks nobody for one.
    fn used(self, rate: Rate, now: i64) -> i64 {
        self.0.saturating_sub(now).clamp(0, rate.span().saturating_mul(2))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_700_000_000_000;
    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_burst_and_then_one_each_interval() {
        let (rate, mut meter) = (Rate::hourly(5, 5), Meter::default());
        for _ in 0..5 {
            assert!(meter.allows(rate, NOW));
            meter.charge(rate, 1, NOW);
        }
        assert_eq!(meter.wait(rate, NOW), HOUR / 5);
        assert!(!meter.allows(rate, NOW + HOUR / 5 - 1));
        assert!(meter.allows(rate, NOW + HOUR / 5));
    }

    #[test]
    fn a_debt_is_paid_by_waiting_and_is_never_more_than_a_burst() {
        let (rate, mut meter) = (Rate::hourly(5, 5), Meter::default());
        meter.charge(rate, 7, NOW);
        assert_eq!(meter.wait(rate, NOW), 3 * HOUR / 5);
        meter.charge(rate, 1_000_000, NOW);
        assert_eq!((meter.wait(rate, NOW), meter.excess(rate, NOW)), (HOUR + HOUR / 5, 1_000));
    }

    #[test]
    fn a_refund_gives_one_back_and_never_more_than_there_is() {
        let (rate, mut meter) = (Rate::hourly(2, 2), Meter::default());
        meter.charge(rate, 2, NOW);
        meter.refund(rate);
        assert!(meter.allows(rate, NOW));
        (0..9).for_each(|_| meter.refund(rate));
        (0..2).for_each(|_| meter.charge(rate, 1, NOW));
        assert!(!meter.allows(rate, NOW), "nine refunds are no store of nine orders");
    }

    #[test]
    fn odd_rates_are_rounded_to_the_strict_side() {
        assert_eq!(Rate::hourly(0, 0), Rate::hourly(1, 1));
        assert_eq!(Rate::minutely(1, 7).interval, 8_572);
    }

    proptest! {
        /// Whatever the times of asking: no window of an hour holds more than the burst and what an
        /// hour refills.
        #[test]
        fn no_hour_holds_more_than_burst_and_refill(
            burst in 1_u32..8, per_hour in 1_u32..8, steps in prop::collection::vec(0_i64..HOUR, 1..120),
        ) {
            let (rate, mut meter) = (Rate::hourly(burst, per_hour), Meter::default());
            let (mut now, mut taken) = (NOW, Vec::new());
            for step in steps {
                now += step / 4;
                while meter.allows(rate, now) {
                    meter.charge(rate, 1, now);
                    taken.push(now);
                }
            }
            for (index, from) in taken.iter().enumerate() {
                let within = taken[index..].iter().take_while(|at| **at < from + HOUR).count();
                prop_assert!(within <= (burst + per_hour) as usize, "{within}");
            }
        }

        /// A charge never shortens the wait, a refund never lengthens it, time never lengthens it.
        #[test]
        fn waiting_is_monotone(units in 0_u32..20, more in 0_u32..20, later in 0_i64..HOUR) {
            let (rate, mut meter) = (Rate::hourly(5, 5), Meter::default());
            meter.charge(rate, units, NOW);
            let before = meter;
            prop_assert!(before.wait(rate, NOW + later) <= before.wait(rate, NOW));
            meter.charge(rate, more, NOW);
            prop_assert!(meter.wait(rate, NOW) >= before.wait(rate, NOW));
            let charged = meter;
            meter.refund(rate);
            prop_assert!(meter.wait(rate, NOW) <= charged.wait(rate, NOW));
        }
    }
}
