//! Which of the tests that the guarantees name have passed, as the log of `make test` says it.

use checkout_tests::guarantees::{GUARANTEES, Proof};
use serde_json::{Map, Value};

use crate::run::Options;
use crate::verdict::{Verdict, record};

/// Reads the log whose path is given and looks each of them up.
pub(crate) fn read(options: &Options) -> Verdict {
    let mut verdict = Verdict::default();
    let log = options.only.first().map(std::fs::read_to_string);
    let Some(Ok(log)) = log else {
        verdict.check(false, "the log of `make test` is wanted: crash stories target/test.log");
        return verdict;
    };
    let mut stories = Map::new();
    for proof in GUARANTEES.iter().flat_map(|guarantee| guarantee.proofs) {
        let Proof::Story(name) = proof else { continue };
        let passed = log.lines().any(|line| line == format!("test {name} ... ok"));
        verdict.check(passed, format!("{name} has not passed in that log"));
        stories.insert((*name).to_owned(), Value::from(if passed { "ok" } else { "not run" }));
    }
    verdict.count("tests named", stories.len() as u64);
    if verdict.failures.is_empty() && std::env::var_os("RECORD").is_some() {
        record("tests", Value::Object(stories));
    }
    verdict
}
