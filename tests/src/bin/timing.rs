//! `make timing`: whether the time of a comparison tells how much of a guess was right (S3). Two
//! kinds of wrong guesses, one wrong at its first byte and one at its last, are timed in turns that
//! chance decides; Welch's t over a million samples says whether their times differ (dudect, Reparaz
//! and others, 2016). A comparison that stops early is measured too: it has to be found out, or the
//! measurement says nothing.

use std::hint::black_box;
use std::io::Write as _;
use std::time::Instant;

use checkout_server::clock::Clock;
use checkout_server::keys::Keys;
use checkout_server::signature::{Headers, SigningSecret, verify};

const SAMPLES: usize = 1_000_000;
/// A leak is there every time; a busy machine makes a difference now and then. The least one counts.
const RUNS: usize = 3;
/// Beyond this the two kinds are told apart (dudect).
const TELLING: f64 = 4.5;
/// Calls in one sample, so that the clock's own steps do not drown them.
const CALLS: u32 = 8;

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let secret = "sk_0123456789abcdefghijklmnopqrstuvwxyzABCD";
    let keys = Keys::new(secret.to_owned().into());
    let client = keys.client_secret("co_1");
    let page = keys.page_token("co_1");
    let signing = SigningSecret::parse("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")?;
    let now = Clock::wall();
    let signature = signing.sign("msg_1", now.as_second(), b"{}");
    let seconds = now.as_second().to_string();
    let verified = |signature: &str| {
        let headers = Headers { id: "msg_1", timestamp: &seconds, signature };
        verify(std::slice::from_ref(&signing), headers, b"{}", now).is_ok()
    };

    let mut report = Report::default();
    report.constant("secret key", secret, 3, |guess| keys.is_secret_key(guess))?;
    report.constant("client secret of a checkout", &client, 3, |guess| keys.is_client_secret("co_1", guess))?;
    report.constant("token of a status page", &page, 0, |guess| keys.is_page_token("co_1", guess))?;
    report.constant("webhook signature", &signature, 3, verified)?;
    report.leaking("a comparison that stops early", secret, |guess| {
        guess.bytes().zip(secret.bytes()).all(|(one, other)| black_box(one) == black_box(other))
    })?;
    writeln!(std::io::stdout(), "{} passed, {} failed", report.passed, report.failed)?;
    if report.failed == 0 { Ok(()) } else { Err("a comparison tells how much of a guess was right".into()) }
}

#[derive(Default)]
struct Report {
    passed: u32,
    failed: u32,
}

impl Report {
    fn constant(&mut self, name: &str, right: &str, from: usize, check: impl Fn(&str) -> bool) -> Result<(), Failure> {
        let t = least_difference(&wrong_at(right, from), &wrong_at(right, late(right)), check);
        self.tell(name, t, t.abs() < TELLING)
    }

    fn leaking(&mut self, name: &str, right: &str, check: impl Fn(&str) -> bool) -> Result<(), Failure> {
        let t = least_difference(&wrong_at(right, 0), &wrong_at(right, late(right)), check);
        self.tell(name, t, t.abs() > TELLING)
    }

    fn tell(&mut self, name: &str, t: f64, fine: bool) -> Result<(), Failure> {
        *(if fine { &mut self.passed } else { &mut self.failed }) += 1;
        let word = if fine { "as it should be" } else { "NOT as it should be" };
        Ok(writeln!(std::io::stdout(), "{name:<32} t = {t:>8.2}  {word}")?)
    }
}

/// Near the end, but before the padding of base64 and the letter that is not whole before it.
fn late(right: &str) -> usize {
    right.len() - 4
}

/// The same text with another letter at one place.
fn wrong_at(right: &str, place: usize) -> String {
    let mut text: Vec<char> = right.chars().collect();
    text[place] = if text[place] == 'x' { 'y' } else { 'x' };
    text.into_iter().collect()
}

/// The least of a few measurements of [`difference`].
fn least_difference(early: &str, late: &str, check: impl Fn(&str) -> bool) -> f64 {
    let runs = (0..RUNS).map(|_| difference(early, late, &check));
    runs.min_by(|one, other| one.abs().total_cmp(&other.abs())).unwrap_or_default()
}

/// Welch's t between the times of two kinds of guesses.
#[expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "statistics, not money")]
fn difference(early: &str, late: &str, check: impl Fn(&str) -> bool) -> f64 {
    let mut kinds = [Vec::with_capacity(SAMPLES), Vec::with_capacity(SAMPLES)];
    let mut chance = 0x9e37_79b9_7f4a_7c15_u64;
    // Both kinds lie at one address: two addresses alone can differ in time.
    let mut guess = String::with_capacity(early.len());
    for _ in 0..SAMPLES {
        // xorshift: which kind comes next must not follow a pattern that a processor could learn.
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        let kind = usize::from(chance.is_multiple_of(2));
        guess.clear();
        guess.push_str(if kind == 0 { early } else { late });
        let begun = Instant::now();
        for _ in 0..CALLS {
            black_box(check(black_box(&guess)));
        }
        kinds[kind].push(begun.elapsed().as_nanos() as f64);
    }
    let [one, other] = kinds.map(moments);
    (one.0 - other.0) / (one.1 + other.1).sqrt()
}

/// The mean of the quicker nine tenths (what is slower was interrupted), and its squared error.
#[expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "statistics, not money")]
fn moments(mut times: Vec<f64>) -> (f64, f64) {
    times.sort_by(f64::total_cmp);
    times.truncate(times.len() * 9 / 10);
    let count = times.len() as f64;
    let mean = times.iter().sum::<f64>() / count;
    let variance = times.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
    (mean, variance / count)
}
