//! What a run found: counts, and each rule that was broken; and how it is told.

use std::fmt::Display;
use std::fs;
use std::io::Write as _;
use std::process::ExitCode;

use checkout_tests::in_repository;
use serde_json::{Map, Value, json};

use crate::run::Options;

/// The result of a run.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    /// What held.
    pub(crate) passed: u64,
    /// What did not, each with a sentence that says what was expected.
    pub(crate) failures: Vec<String>,
    /// How much was done, in the order in which it is told.
    pub(crate) counts: Vec<(&'static str, u64)>,
}

impl Verdict {
    /// One more that held, or a failure with its sentence.
    pub(crate) fn check(&mut self, held: bool, otherwise: impl Display) {
        if held {
            self.passed += 1;
        } else {
            self.failures.push(otherwise.to_string());
        }
    }

    /// A number to tell.
    pub(crate) fn count(&mut self, name: &'static str, number: u64) {
        self.counts.push((name, number));
    }

    /// The number of that name.
    pub(crate) fn counted(&self, wanted: &str) -> u64 {
        self.counts.iter().find(|(name, _)| *name == wanted).map_or(0, |(_, number)| *number)
    }

    /// Everything that another one found, too.
    pub(crate) fn join(&mut self, other: Self) {
        self.passed += other.passed;
        self.failures.extend(other.failures);
        for (name, number) in other.counts {
            match self.counts.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += number,
                None => self.counts.push((name, number)),
            }
        }
    }

    /// What was read, or a failure that says what could not be.
    pub(crate) fn read<T: Default, E: Display>(&mut self, what: &str, read: Result<T, E>) -> T {
        read.unwrap_or_else(|error| {
            self.check(false, format!("{what} cannot be read: {error}"));
            T::default()
        })
    }

    /// Tells seed, counts and failures, and last `N passed, N failed`; keeps the figures for
    /// `docs/guarantees.md` where `RECORD` is set.
    pub(crate) fn close(self, command: &str, options: &Options) -> ExitCode {
        let mut out = std::io::stdout().lock();
        let counts: Vec<String> = self.counts.iter().map(|(name, number)| format!("{name} {number}")).collect();
        drop(writeln!(out, "{command}: seed {}; {}", options.seed, counts.join(", ")));
        for failure in self.failures.iter().take(50) {
            drop(writeln!(out, "  FAILED {failure}"));
        }
        if !self.failures.is_empty() {
            drop(writeln!(out, "  again: crash {command} --seed {}", options.seed));
        }
        drop(writeln!(out, "{} passed, {} failed", self.passed, self.failures.len()));
        if std::env::var_os("RECORD").is_some() {
            self.record(command, options);
        }
        if self.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    /// The figure of a whole run; a share of one says nothing of it, and one that failed takes it away.
    fn record(&self, command: &str, options: &Options) {
        if !self.failures.is_empty() {
            return write(command, None);
        }
        if !options.is_whole() {
            return;
        }
        let counts: Map<String, Value> =
            self.counts.iter().map(|(name, number)| ((*name).to_owned(), json!(number))).collect();
        record(command, json!({ "seed": options.seed, "passed": self.passed, "counts": counts }));
    }
}

/// Writes a figure to `docs/guarantees.json`, and with it the document that is made from it.
pub(crate) fn record(name: &str, figure: Value) {
    write(name, Some(figure));
}

/// Writes a figure, or takes it away.
fn write(name: &str, figure: Option<Value>) {
    let path = in_repository("docs/guarantees.json");
    let mut all: Map<String, Value> =
        fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default();
    match figure {
        Some(figure) => all.insert(name.to_owned(), figure),
        None => all.remove(name),
    };
    let all = Value::Object(all);
    let text = serde_json::to_string_pretty(&all).expect("it is JSON") + "\n";
    fs::write(path, text).expect("docs/guarantees.json can be written");
    let page = checkout_tests::guarantees::document(&all);
    fs::write(in_repository("docs/guarantees.md"), page).expect("docs/guarantees.md can be written");
}
