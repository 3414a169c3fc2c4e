//! When a message is tried again. Pure: the time and the randomness are passed in.
//!
//! The waits are those of the Standard Webhooks specification ("retry schedule"), about 75 hours in
//! all, with ±20 % of jitter so that what failed together does not come back together.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::Outcome;

/// How long before each try, counted from the one before.
pub const WAITS: [Duration; 10] = [
    Duration::ZERO,
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// What an endpoint refuses as often as this with a 4xx, it will go on refusing.
const POISON_TRIES: u32 = 3;

/// Where nothing else is longer, a `Retry-After` may ask for so much.
const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// What becomes of a message after a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It has arrived.
    Delivered {
        /// What was answered.
        status: Option<u16>,
    },
    /// It is tried again.
    Again {
        /// When.
        at: Timestamp,
        /// What was answered, if anything.
        status: Option<u16>,
        /// Why.
        error: String,
    },
    /// A person has to look at it.
    Parked {
        /// What was answered, if anything.
        status: Option<u16>,
        /// Why.
        error: String,
    },
    /// All tries have failed.
    Dead {
        /// What was answered last, if anything.
        status: Option<u16>,
        /// Why.
        error: String,
    },
    /// It is no longer to be sent.
    Canceled {
        /// Why.
        why: String,
    },
    /// It waits until its endpoint, which is gone, is enabled again.
    Waiting,
}

impl Verdict {
    /// A label of few values, for metrics and logs.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Delivered { .. } => "delivered",
            Self::Again { .. } => "again",
            Self::Parked { .. } => "parked",
            Self::Dead { .. } => "dead",
            Self::Canceled { .. } => "canceled",
            Self::Waiting => "gone",
        }
    }
}

/// What becomes of a message of which `failed` tries had failed before this one. `chance` is random.
#[must_use]
pub fn verdict(outcome: Outcome, failed: u32, now: Timestamp, chance: u16) -> Verdict {
    match outcome {
        Outcome::Delivered { status } => Verdict::Delivered { status },
        Outcome::Park { status, error } => Verdict::Parked { status, error },
        Outcome::Cancel { why } => Verdict::Canceled { why },
        Outcome::Gone => Verdict::Waiting,
        Outcome::Retry { after, status, error } => match wait(failed + 1, after, chance) {
            Some(wait) => {
                let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
                Verdict::Again { at: now.checked_add(wait).unwrap_or(Timestamp::MAX), status, error }
            }
            None => Verdict::Dead { status, error },
        },
    }
}

/// How long to wait after so many failed tries; none where there is no further try.
fn wait(failed: u32, asked: Option<Duration>, chance: u16) -> Option<Duration> {
    let base = *WAITS.get(usize::try_from(failed).ok()?)?;
    Some(match asked {
        Some(asked) => asked.clamp(base, (base * 2).max(LONGEST_ASKED)),
        None => base * (80_000 + 40_000 * u32::from(chance) / u32::from(u16::MAX)) / 100_000,
    })
}

/// What an endpoint's answer means, where `failed` tries had failed before.
#[must_use]
pub fn judge(status: u16, asked: Option<Duration>, failed: u32) -> Outcome {
    let error = match status {
        300..=399 => "the endpoint redirects, which is not followed",
        400..=499 => "the endpoint refuses it",
        _ => "the endpoint failed",
    };
    let (status, error) = (Some(status), error.to_owned());
    match status.unwrap_or_default() {
        200..=299 => Outcome::Delivered { status },
        410 => Outcome::Gone,
        408 | 425 | 429 => Outcome::Retry { after: asked, status, error },
        400..=499 if failed + 1 >= POISON_TRIES => Outcome::Park { status, error },
        _ => Outcome::Retry { after: asked, status, error },
    }
}

/// A `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
#[must_use]
pub fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds ask for longer than anybody is heeded.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn failed(after: Option<Duration>) -> Outcome {
        Outcome::Retry { after, status: Some(500), error: "it failed".to_owned() }
    }

    fn waited(tries: u32, after: Option<Duration>, chance: u16) -> Option<Duration> {
        match verdict(failed(after), tries, NOW, chance) {
            Verdict::Again { at, .. } => Some(Duration::try_from(at.duration_since(NOW)).unwrap()),
            Verdict::Dead { .. } => None,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_is_given_up_after_about_75_hours() {
        let all: Duration = WAITS.iter().sum();
        assert_eq!(all, Duration::from_hours(75) + Duration::from_mins(35) + Duration::from_secs(5));
        assert!((0..9).all(|tries| waited(tries, None, 0).is_some()));
        assert_eq!(verdict(failed(None), 9, NOW, 0).label(), "dead");
        assert_eq!(verdict(failed(Some(Duration::from_secs(1))), 9, NOW, 0).label(), "dead");
    }

    #[test]
    fn the_statuses_mean_what_the_guarantees_say() {
        for (status, tries, expected) in [
            (200, 0, "delivered"),
            (299, 9, "delivered"),
            (301, 0, "again"),
            (400, 0, "again"),
            (400, 1, "again"),
            (400, 2, "parked"),
            (404, 5, "parked"),
            (408, 5, "again"),
            (425, 5, "again"),
            (429, 5, "again"),
            (410, 0, "gone"),
            (500, 5, "again"),
            (503, 9, "dead"),
            (100, 0, "again"),
        ] {
            let verdict = verdict(judge(status, None, tries), tries, NOW, 0);
            assert_eq!(verdict.label(), expected, "{status} after {tries} failed tries");
        }
    }

    #[test]
    fn what_the_other_side_asks_for_is_read() {
        let date = Timestamp::from_second(784_111_777).unwrap();
        for (text, expected) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999999999999999999", Some(u64::from(u32::MAX))),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:48:37 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(retry_after(text, date).map(|wait| wait.as_secs()), expected, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn jitter_stays_within_a_fifth(tries in 0u32..9, chance in any::<u16>()) {
            let (base, waited) = (WAITS[tries as usize + 1], waited(tries, None, chance).unwrap());
            prop_assert!(waited >= base * 8 / 10 && waited <= base * 12 / 10, "{waited:?}");
        }

        #[test]
        fn jitter_reaches_both_ends(tries in 0u32..9) {
            let base = WAITS[tries as usize + 1];
            prop_assert_eq!(waited(tries, None, 0).unwrap(), base * 8 / 10);
            prop_assert_eq!(waited(tries, None, u16::MAX).unwrap(), base * 12 / 10);
        }

        #[test]
        fn who_asks_to_wait_is_heeded_within_bounds(tries in 0u32..9, asked in 0u64..1_000_000, chance in any::<u16>()) {
            let (base, asked) = (WAITS[tries as usize + 1], Duration::from_secs(asked));
            let (most, waited) = ((base * 2).max(LONGEST_ASKED), waited(tries, Some(asked), chance).unwrap());
            prop_assert!(waited >= base && waited <= most);
            if (base..=most).contains(&asked) {
                prop_assert_eq!(waited, asked);
            }
        }

        #[test]
        fn no_try_is_sooner_than_the_one_before(chance in any::<u16>()) {
            let waits: Vec<_> = (0..9).map(|tries| waited(tries, None, chance).unwrap()).collect();
            prop_assert!(waits.is_sorted());
        }

        #[test]
        fn nothing_makes_it_panic(status in any::<u16>(), tries in 0u32..1_000, chance in any::<u16>(), text in ".*") {
            let asked = retry_after(&text, NOW);
            let _ = verdict(judge(status, asked, tries), tries, Timestamp::MAX, chance);
        }
    }
}
