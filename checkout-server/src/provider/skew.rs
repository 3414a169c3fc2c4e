//! How far the provider's clock and ours are apart, by the `Date` of its answers (G21). Signatures are
//! refused beyond five minutes, so whoever runs the helper has to hear of it before.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// From here on it is counted.
const NOTICEABLE: SignedDuration = SignedDuration::from_secs(30);
/// From here on no signature would be believed any more.
const HARMFUL: SignedDuration = SignedDuration::from_secs(300);
/// Seconds between two lines of the log.
const QUIET: i64 = 60;

/// When the log last told, in seconds since 1970.
static TOLD_AT: AtomicI64 = AtomicI64::new(i64::MIN);

/// How much the provider's clock is ahead of ours; `None` where its `Date` is no date (RFC 9110, 5.6.7).
fn of(date: &str, now: Timestamp) -> Option<SignedDuration> {
    let theirs = DateTimeParser::new().parse_timestamp(date).ok()?;
    Some(theirs.duration_since(now))
}

/// Takes note of an answer's `Date`, which has whole seconds and was written before it travelled: what
/// is found is true to a few seconds.
pub(super) fn note(date: Option<&str>, now: Timestamp) {
    let Some(skew) = date.and_then(|date| of(date, now)) else { return };
    metrics::gauge!("checkout_provider_clock_skew_seconds").set(skew.as_secs_f64());
    if skew.abs() > NOTICEABLE {
        metrics::counter!("checkout_provider_clock_skewed_total").increment(1);
    }
    if skew.abs() > HARMFUL && is_time_to_tell(&TOLD_AT, now.as_second()) {
        tracing::error!(
            seconds = skew.as_secs(),
            "the provider's clock and ours are far apart: webhooks are refused until this machine's clock is set (NTP)"
        );
    }
}

fn is_time_to_tell(told_at: &AtomicI64, now: i64) -> bool {
    let last = told_at.load(Ordering::Relaxed);
    now.saturating_sub(last) >= QUIET
        && told_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_difference_between_their_date_and_our_clock() {
        let now: Timestamp = "1994-11-06T08:49:37Z".parse().unwrap();
        assert_eq!(of("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(SignedDuration::ZERO));
        assert_eq!(of("Sun, 06 Nov 1994 08:59:37 GMT", now), Some(SignedDuration::from_mins(10)));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:06 GMT", now), Some(SignedDuration::from_secs(-31)));
    }

    #[test]
    fn what_is_no_date_says_nothing() {
        for odd in ["", "yesterday", "1994-11-06T08:49:37Z", "784111777", "Sun, 06 Nov 99999 08:49:37 GMT"] {
            assert_eq!(of(odd, Timestamp::UNIX_EPOCH), None, "{odd}");
        }
    }

    #[test]
    fn the_log_tells_once_a_minute() {
        let told_at = AtomicI64::new(i64::MIN);
        let told: Vec<i64> = (0..181).filter(|second| is_time_to_tell(&told_at, *second)).collect();
        assert_eq!(told, [0, 60, 120, 180]);
    }
}
