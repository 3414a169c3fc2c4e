//! How far the provider's clock and ours are apart, by the `Date` of its answers (G21). Signatures are
//! refused beyond five minutes, so whoever runs the helper has to hear of it before.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};

/// From here on it is counted, and what the provider says is dated by its own clock. Below, its `Date` knows
/// no better: it has whole seconds, and was written before an answer that may take ten of them to arrive.
const NOTICEABLE: SignedDuration = SignedDuration::from_secs(30);
/// From here on no signature would be believed any more.
const HARMFUL: SignedDuration = SignedDuration::from_secs(300);
/// Seconds between two lines of the log.
const QUIET: i64 = 60;
/// What the provider said longer ago proves nothing about now: clocks drift.
const FRESH: Duration = Duration::from_hours(1);

/// When the log last told, in seconds since 1970.
static TOLD_AT: AtomicI64 = AtomicI64::new(i64::MIN);
/// The provider's last `Date`, and when it came by a clock that nobody sets.
static LAST: Mutex<Option<(Timestamp, Instant)>> = Mutex::new(None);

/// The `Date` of an answer (RFC 9110, 5.6.7); `None` where it is none.
fn read(date: &str) -> Option<Timestamp> {
    DateTimeParser::new().parse_timestamp(date).ok()
}

/// Takes note of an answer's `Date`: what is found is true to a few seconds.
pub(super) fn note(date: Option<&str>, now: Timestamp) {
    let Some(theirs) = date.and_then(read) else { return };
    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some((theirs, Instant::now()));
    let skew = theirs.duration_since(now);
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

/// How much the provider's clock is ahead of ours at this moment of ours, by its last answer; `None` where that
/// is too long ago. A clock of ours that was set since then is seen at once.
fn at(last: Option<(Timestamp, Instant)>, steady: Instant, now: Timestamp) -> Option<SignedDuration> {
    let (theirs, came) = last?;
    let passed = steady.duration_since(came);
    let theirs = theirs.checked_add(passed).ok().filter(|_| passed < FRESH)?;
    Some(theirs.duration_since(now))
}

fn current(now: Timestamp) -> Option<SignedDuration> {
    at(*LAST.lock().unwrap_or_else(PoisonError::into_inner), Instant::now(), now)
}

/// How much the provider's clock is ahead of ours, where that is so much that no webhook is believed.
#[must_use]
pub fn harmful(now: Timestamp) -> Option<SignedDuration> {
    current(now).filter(|skew| skew.abs() > HARMFUL)
}

/// A moment of our wall's clock by the provider's, which its webhooks are signed by. The same where both are
/// about right.
#[must_use]
pub fn by_the_provider(moment: Timestamp, now: Timestamp) -> Timestamp {
    let skew = current(now).filter(|skew| skew.abs() > NOTICEABLE).unwrap_or_default();
    moment.checked_add(skew).unwrap_or(moment)
}

fn is_time_to_tell(told_at: &AtomicI64, now: i64) -> bool {
    let last = told_at.load(Ordering::Relaxed);
    // A clock that was set back keeps nobody quiet.
    (now < last || now.saturating_sub(last) >= QUIET)
        && told_at.compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_difference_between_their_date_and_our_clock() {
        let (now, steady): (Timestamp, _) = ("1994-11-06T08:49:37Z".parse().unwrap(), Instant::now());
        let of = |date, now| at(read(date).map(|date| (date, steady)), steady, now);
        assert_eq!(of("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(SignedDuration::ZERO));
        assert_eq!(of("Sun, 06 Nov 1994 08:59:37 GMT", now), Some(SignedDuration::from_mins(10)));
        assert_eq!(of("Sun, 06 Nov 1994 08:49:06 GMT", now), Some(SignedDuration::from_secs(-31)));
    }

    #[test]
    fn what_is_no_date_says_nothing() {
        for odd in ["", "yesterday", "1994-11-06T08:49:37Z", "784111777", "Sun, 06 Nov 99999 08:49:37 GMT"] {
            assert_eq!(read(odd), None, "{odd}");
        }
    }

    #[test]
    fn what_was_said_goes_on_with_a_clock_that_nobody_sets() {
        let (theirs, steady): (Timestamp, _) = ("1994-11-06T08:49:37Z".parse().unwrap(), Instant::now());
        let later = |seconds| steady + Duration::from_secs(seconds);
        let now = theirs + SignedDuration::from_secs(60);
        assert_eq!(at(Some((theirs, steady)), later(60), now), Some(SignedDuration::ZERO));
        let ahead = now + SignedDuration::from_hours(1);
        assert_eq!(at(Some((theirs, steady)), later(60), ahead), Some(SignedDuration::from_hours(-1)));
        assert_eq!(at(Some((theirs, steady)), later(3_600), now), None, "too long ago");
        assert_eq!(at(None, steady, now), None);
    }

    #[test]
    fn the_log_tells_once_a_minute() {
        let told_at = AtomicI64::new(i64::MIN);
        let told: Vec<i64> = (0..181).filter(|second| is_time_to_tell(&told_at, *second)).collect();
        assert_eq!(told, [0, 60, 120, 180]);
        assert!(is_time_to_tell(&told_at, -3_000), "the clock was set back");
    }
}
