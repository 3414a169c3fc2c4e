//! Secrets and personal data that must not leave (S1, S2). Every story runs with values that can be
//! recognised, and what the product says is searched for them: each line of its own log at the finest
//! level, each panic, its metrics, its answers, and, when the story ends, its database.
//!
//! What may hold what:
//!
//! | | our keys | client secrets, idempotency keys | buyers' data |
//! |---|---|---|---|
//! | log, metrics, panics | never | never | never |
//! | answers | never | to whom they belong | only pages, never a problem |
//! | database | never | never | only `notices.body`: what the provider sent, as it came |
//! | widget's files | never | never | never |

mod answer;
mod database;
mod log;
pub mod proof;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Once, PoisonError, RwLock};

use checkout_server::demo::Ready;
use checkout_server::telemetry;

pub use answer::watched;
pub use database::leaks;

/// What buyers of the stories give away, and what no log, metric, panic or problem may hold. Cards are
/// written as people write them and as machines do.
pub const PERSONAL: [&str; 12] = [
    "ada@example.com",
    "eve@example.com",
    "canary@example.com",
    "Ada Canary",
    "Canary Bird",
    "SW1A 2CN",
    "canary-custom-data",
    "CANARYCODE",
    "4242424242424242",
    "4242 4242 4242 4242",
    "4000000000000002",
    "4000 0000 0000 0002",
];

/// The networks of RFC 5737 that play buyers' addresses. One may be told cut short (`203.0.113.0`).
const NETWORKS: [&str; 3] = ["192.0.2.", "198.51.100.", "203.0.113."];

/// What one product holds that is secret.
#[derive(Default)]
struct Secrets {
    /// In no answer, log or file.
    keys: Vec<String>,
    /// In answers to whom they belong, and nowhere else.
    tokens: Vec<String>,
}

/// Looks at what it is shown, and keeps what it found.
#[derive(Default)]
pub struct Watch {
    living: RwLock<Vec<Arc<Mutex<Secrets>>>>,
    found: Mutex<Vec<String>>,
    lines: AtomicUsize,
    answers: AtomicUsize,
}

/// The watch over this whole process.
static PROCESS: LazyLock<Arc<Watch>> = LazyLock::new(Arc::default);

/// How much of what is secret a place may not hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strictness {
    /// An answer: keys never.
    Keys,
    /// A problem: buyers' data neither.
    KeysAndPersonal,
    /// A log line.
    Everything,
}

impl Watch {
    /// Notes it if `text`, which was seen at `place`, holds what it must not.
    fn look(&self, place: &str, text: &str, strictness: Strictness) {
        if let Some(canary) = self.canary_in(text, strictness) {
            let mut shown: String = text.chars().take(600).collect();
            shown = shown.replace('\n', " ");
            self.note(format!("{place} holds {canary:?}: {shown}"));
        }
    }

    fn note(&self, finding: String) {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).push(finding);
        // After the last story nobody would ask any more.
        if std::ptr::eq(self, &raw const **PROCESS) && self.read_living().is_empty() {
            report(&self.findings());
            std::process::exit(101);
        }
    }

    fn canary_in(&self, text: &str, strictness: Strictness) -> Option<String> {
        for secrets in self.read_living().iter() {
            let secrets = secrets.lock().unwrap_or_else(PoisonError::into_inner);
            let tokens: &[String] = if strictness == Strictness::Everything { &secrets.tokens } else { &[] };
            if let Some(canary) = secrets.keys.iter().chain(tokens).find(|canary| text.contains(canary.as_str())) {
                return Some(canary.clone());
            }
        }
        if strictness == Strictness::Keys {
            return None;
        }
        personal_in(text)
    }

    fn read_living(&self) -> std::sync::RwLockReadGuard<'_, Vec<Arc<Mutex<Secrets>>>> {
        self.living.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was found since the last time of asking.
    fn findings(&self) -> Vec<String> {
        std::mem::take(&mut *self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// How many log lines and pieces of answers the watch over this process has been shown.
pub fn seen() -> (usize, usize) {
    (PROCESS.lines.load(Ordering::Relaxed), PROCESS.answers.load(Ordering::Relaxed))
}

/// Personal data in a text.
pub fn personal_in(text: &str) -> Option<String> {
    if let Some(canary) = PERSONAL.iter().find(|canary| text.contains(**canary)) {
        return Some((*canary).to_owned());
    }
    NETWORKS.iter().find_map(|network| {
        text.match_indices(network).find_map(|(at, _)| {
            let rest = &text[at + network.len()..];
            let last: String = rest.chars().take_while(char::is_ascii_digit).collect();
            (!last.is_empty() && last != "0").then(|| format!("{network}{last}"))
        })
    })
}

/// Watches over one product until it is dropped, and then fails the story if anything was found.
pub struct Guard {
    secrets: Arc<Mutex<Secrets>>,
    data: PathBuf,
}

impl Guard {
    /// Begins to watch over a product with these keys, whose database is in that folder.
    pub fn new(ready: &Ready, data: PathBuf) -> Self {
        install();
        let ready = serde_json::to_value(ready).expect("addresses and keys");
        let named = |name: &str| name.ends_with("key") || name.ends_with("secret");
        let of = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        // The demo's shop shows its operator's key, beside the link that asks for it: no log may, nor the database.
        let shown = ["operator_key"];
        let keys = ready.as_object().into_iter().flatten().filter(|(name, _)| named(name));
        let (tokens, keys): (Vec<_>, Vec<_>) = keys.partition(|(name, _)| shown.contains(&name.as_str()));
        // Without what every key of its kind begins with.
        let bare = |key: String| key.rsplit_once('_').map_or(key.clone(), |(_, bare)| bare.to_owned());
        let bare_of = |all: Vec<(&String, &serde_json::Value)>| -> Vec<String> {
            all.into_iter().filter_map(|(_, value)| of(value)).map(bare).collect()
        };
        let (keys, tokens) = (bare_of(keys), bare_of(tokens));
        assert!(keys.len() >= 3 && keys.iter().all(|key| key.len() >= 16), "the keys can be recognised");
        let secrets = Arc::new(Mutex::new(Secrets { keys, tokens }));
        PROCESS.living.write().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&secrets));
        Self { secrets, data }
    }

    /// Adds a value that only its owner may see.
    pub fn add(&self, token: &str) {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner).tokens.push(token.to_owned());
    }

    fn search_files_and_metrics(&self) {
        PROCESS.look("the metrics", &telemetry::metrics().render(), Strictness::Everything);
        let secrets = self.secrets.lock().unwrap_or_else(PoisonError::into_inner);
        let canaries: Vec<String> = secrets.keys.iter().chain(&secrets.tokens).cloned().collect();
        drop(secrets);
        for finding in database::leaks(&self.data, &canaries) {
            PROCESS.note(finding);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.search_files_and_metrics();
        let findings = PROCESS.findings();
        PROCESS.living.write().unwrap_or_else(PoisonError::into_inner).retain(|one| !Arc::ptr_eq(one, &self.secrets));
        report(&findings);
        assert!(findings.is_empty() || std::thread::panicking(), "{} leaks, listed above", findings.len());
    }
}

fn report(findings: &[String]) {
    let mut text = String::new();
    for finding in findings {
        let _ = writeln!(text, "LEAK (of this story, or of one beside it): {finding}");
    }
    eprint!("{text}");
}

/// Listens to the log and to panics of this process, from now on.
fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        log::listen(Arc::clone(&PROCESS));
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // The harness panics with whatever it was shown: that is how a test fails.
            let ours = panic.location().is_some_and(|at| is_product(at.file()));
            look_at_panic(&PROCESS, ours, panic.payload_as_str().unwrap_or_default());
            before(panic);
        }));
    });
}

fn is_product(file: &str) -> bool {
    file.contains("checkout-server") || file.contains("checkout-types")
}

fn look_at_panic(watch: &Watch, ours: bool, message: &str) {
    if ours {
        watch.look("a panic", message, Strictness::Everything);
    }
}
