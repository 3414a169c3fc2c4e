//! What a process held of the machine, second by second, and whether it became more.

use crate::helper::{Helper, Usage};
use crate::verdict::Verdict;
use crate::world::World;

/// In a run of this length or more, memory may grow by [`LONG_GROWTH`] in ten minutes. In seconds.
const LONG: u64 = 300;
/// KiB in ten minutes (G33).
const LONG_GROWTH: i64 = 1_024;
/// KiB in a short run, in which caches are still being filled.
const SHORT_GROWTH: i64 = 16 * 1_024;
/// Connections come and go with their clients; a leak does not stop.
const MORE_DESCRIPTORS: i64 = 4;
/// Of the database's log, in bytes (G33).
const LARGEST_LOG: u64 = 64 << 20;

/// One look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    usage: Usage,
    log: u64,
}

impl Sample {
    pub(super) fn of(world: &World, helper: &Helper) -> Self {
        let log = world.data().join("checkout.db-wal");
        Self { usage: helper.usage(), log: std::fs::metadata(log).map_or(0, |file| file.len()) }
    }
}

/// All of them, a second apart.
#[derive(Debug, Default)]
pub(super) struct Samples(Vec<Sample>);

impl Samples {
    pub(super) fn add(&mut self, sample: Sample) {
        self.0.push(sample);
    }

    /// The last two thirds count: the first is the warm-up.
    pub(super) fn judge(&self, seconds: u64, verdict: &mut Verdict) {
        let warm = &self.0[self.0.len() / 3..];
        let resident: Vec<i64> = warm.iter().map(|sample| signed(sample.usage.resident)).collect();
        let slope = per_ten_minutes(&resident);
        let growth = growth(&resident);
        if seconds >= LONG {
            verdict.check(slope < LONG_GROWTH, format!("G33: memory grows by {slope} KiB in ten minutes"));
        } else {
            verdict.check(growth < SHORT_GROWTH, format!("G33: memory grew by {growth} KiB in {seconds} s"));
        }
        let descriptors: Option<Vec<i64>> =
            warm.iter().map(|sample| Some(signed(sample.usage.descriptors? as u64))).collect();
        if let Some(descriptors) = descriptors {
            let more = self::growth(&descriptors);
            verdict.check(more <= MORE_DESCRIPTORS, format!("G33: {more} descriptors more: {descriptors:?}"));
            verdict.count("descriptors", middle(&descriptors).unsigned_abs());
        }
        let log = self.0.iter().map(|sample| sample.log).max().unwrap_or_default();
        verdict.check(log <= LARGEST_LOG, format!("G33: the database's log was {log} bytes long"));
        verdict.count("memory KiB", middle(&resident).unsigned_abs());
        verdict.count("memory KiB more in ten minutes", slope.max(0).unsigned_abs());
        verdict.count("database log KiB at most", log / 1_024);
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn middle(values: &[i64]) -> i64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

/// From the middle of the first third to the middle of the last.
fn growth(values: &[i64]) -> i64 {
    let third = values.len() / 3;
    middle(&values[values.len() - third..]) - middle(&values[..third])
}

/// The slope of the line through values that are a second apart that has the least squares, times 600.
fn per_ten_minutes(values: &[i64]) -> i64 {
    let count = signed(values.len() as u64);
    if count < 2 {
        return 0;
    }
    let (times, sum): (i64, i64) = (count * (count - 1) / 2, values.iter().sum());
    let products: i64 = (0..).zip(values).map(|(time, value)| time * value).sum();
    let squares = (count - 1) * count * (2 * count - 1) / 6;
    600 * (count * products - times * sum) / (count * squares - times * times)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_slope() {
        let steady: Vec<i64> = (0..100).map(|second| 50_000 + second % 2).collect();
        assert_eq!(per_ten_minutes(&steady).abs(), 0);
        let rising: Vec<i64> = (0..100).map(|second| 50_000 + 3 * second).collect();
        assert_eq!(per_ten_minutes(&rising), 1_800);
        assert_eq!(growth(&rising), 3 * 67);
    }
}
