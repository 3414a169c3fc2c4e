//! `[limits]` as it is written.

use checkout_types::problem::Challenge;
use serde::Deserialize;

use super::ConfigError;
use crate::abuse::Limits;
use crate::abuse::rate::Rate;

/// More at once than this is no limit.
const MOST: u32 = 1_000_000;
/// A browser needs minutes for more bits than these.
const MOST_BITS: u8 = Challenge::MOST_BITS;

/// What was written; what is absent stays as it is.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenLimits {
    quotes: Option<WrittenRate>,
    free_orders: Option<WrittenRate>,
    orders: Option<WrittenRate>,
    failed_payments: Option<WrittenRate>,
    wrong_codes: Option<WrittenRate>,
    shop_orders: Option<WrittenRate>,
    shop_failed_payments: Option<WrittenRate>,
    shop_wrong_codes: Option<WrittenRate>,
    status_reads: Option<WrittenRate>,
    streams: Option<usize>,
    failures_per_order: Option<u32>,
    challenge_bits: Option<[u8; 2]>,
}

/// So many at once, and then so many a minute or an hour.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenRate {
    burst: u32,
    per_minute: Option<u32>,
    per_hour: Option<u32>,
}

impl WrittenRate {
    fn meaning(&self) -> Option<Rate> {
        let fits = |number: u32| (1..=MOST).contains(&number);
        match (self.per_minute, self.per_hour) {
            (Some(many), None) if fits(self.burst) && fits(many) => Some(Rate::minutely(self.burst, many)),
            (None, Some(many)) if fits(self.burst) && fits(many) => Some(Rate::hourly(self.burst, many)),
            _ => None,
        }
    }
}

impl WrittenLimits {
    pub(super) fn meaning(self) -> Result<Limits, ConfigError> {
        let mut limits = Limits::default();
        let rates = [
            ("limits.quotes", self.quotes, &mut limits.quotes),
            ("limits.free_orders", self.free_orders, &mut limits.free_orders),
            ("limits.orders", self.orders, &mut limits.orders),
            ("limits.failed_payments", self.failed_payments, &mut limits.failed_payments),
            ("limits.wrong_codes", self.wrong_codes, &mut limits.wrong_codes),
            ("limits.shop_orders", self.shop_orders, &mut limits.shop_orders),
            ("limits.shop_failed_payments", self.shop_failed_payments, &mut limits.shop_failed_payments),
            ("limits.shop_wrong_codes", self.shop_wrong_codes, &mut limits.shop_wrong_codes),
            ("limits.status_reads", self.status_reads, &mut limits.status_reads),
        ];
        for (setting, written, rate) in rates {
            let Some(written) = written else { continue };
            let cure = "write { burst = 5, per_hour = 5 }, or per_minute: whole numbers from 1 to 1000000";
            *rate = written.meaning().ok_or_else(|| unusable(setting, cure))?;
        }
        if let Some(streams) = self.streams {
            limits.streams = streams;
        }
        if let Some(failures) = self.failures_per_order {
            limits.failures_per_order = failures;
        }
        if limits.streams == 0 || limits.failures_per_order == 0 {
            return Err(unusable("limits", "streams and failures_per_order are at least 1"));
        }
        if let Some([easiest, hardest]) = self.challenge_bits {
            if easiest == 0 || easiest > hardest || hardest > MOST_BITS {
                return Err(unusable("limits.challenge_bits", "write two numbers from 1 to 26, such as [16, 22]"));
            }
            (limits.easiest_challenge, limits.hardest_challenge) = (easiest, hardest);
        }
        Ok(limits)
    }
}

fn unusable(setting: &'static str, cure: &str) -> ConfigError {
    ConfigError::Unusable { setting, cure: cure.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(text: &str) -> Result<Limits, String> {
        let written: WrittenLimits = toml::from_str(text).map_err(|error| error.to_string())?;
        written.meaning().map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_absent_stays_as_it_is() {
        let limits = limits("orders = { burst = 2, per_hour = 4 }\nchallenge_bits = [3, 9]\nstreams = 1").unwrap();
        assert_eq!(limits.orders, Rate::hourly(2, 4));
        assert_eq!(limits.quotes, Limits::default().quotes);
        assert_eq!((limits.easiest_challenge, limits.hardest_challenge, limits.streams), (3, 9, 1));
    }

    #[test]
    fn mistakes_are_told_with_their_cure() {
        for (text, told) in [
            ("orders = { burst = 0, per_hour = 4 }", "limits.orders: write { burst = 5"),
            ("orders = { burst = 2 }", "limits.orders: write { burst = 5"),
            ("quotes = { burst = 2, per_hour = 4, per_minute = 4 }", "limits.quotes: write"),
            ("quotes = { burst = 2, per_day = 4 }", "per_day"),
            ("challenge_bits = [9, 3]", "limits.challenge_bits: write two numbers"),
            ("challenge_bits = [9, 30]", "limits.challenge_bits: write two numbers"),
            ("streams = 0", "at least 1"),
            ("order = 3", "unknown field"),
        ] {
            let error = limits(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
