//! `docs/guarantees.md`: what the helper promises, what proves it, and what the last run of each proof
//! found. The promises and their proofs are here; the figures come from `docs/guarantees.json`, which the
//! runs write themselves (`make guarantees`): nobody types them.

use std::fmt::Write as _;

use serde_json::Value;

mod table;

pub use table::GUARANTEES;

/// A promise, numbered so that tests and documents can name it.
pub struct Guarantee {
    /// `G1`
    pub number: &'static str,
    /// What is promised, in a sentence.
    pub promise: &'static str,
    /// What would fail if it did not hold; none where it is not built yet.
    pub proofs: &'static [Proof],
}

/// What shows that a promise holds.
#[derive(Clone, Copy)]
pub enum Proof {
    /// A run of the proof under faults, by its command, such as `kills`.
    Run(&'static str),
    /// A test, by its whole name, such as `store::tests::storm::…`.
    Story(&'static str),
}

const HEAD: &str = "\
# Guarantees

What the helper promises, what proves it, and the last figure. This page is written from the code and from
`guarantees.json`, which the runs write: `make guarantees` runs everything again and writes both (about an hour).
A run under faults prints its seed; `crash COMMAND --seed N` plays it again (`tests/crash`, `make crash`,
`make power`, `make faults`, `make soak`; a small share of each is in `make test`). The same runs have to fail
servers that are broken on purpose: see `mutants` at the end.

| | what is promised | what proves it, and its last figure |
|---|---|---|
";

const RUNS: &str = "
## The runs

What each run counted, the last time that it ran at full length. `mutants` is the proof of the proof: fourteen
servers that are broken on purpose, each of which it has to find.

";

/// The page, of these figures.
#[must_use]
pub fn document(figures: &Value) -> String {
    let mut page = HEAD.to_owned();
    let mut commands = vec!["mutants"];
    for Guarantee { number, promise, proofs } in GUARANTEES {
        let shown: Vec<String> = proofs.iter().map(|proof| shown(*proof, figures)).collect();
        let shown = if shown.is_empty() { "not built yet".to_owned() } else { shown.join("<br>") };
        let _ = writeln!(page, "| {number} | {promise} | {shown} |");
        let runs =
            proofs.iter().filter_map(|proof| if let Proof::Run(command) = proof { Some(*command) } else { None });
        commands.extend(runs);
    }
    page.push_str(RUNS);
    commands.sort_unstable();
    commands.dedup();
    for command in commands {
        let _ = writeln!(page, "- {}", whole(command, &figures[command]));
    }
    page
}

fn shown(proof: Proof, figures: &Value) -> String {
    match proof {
        Proof::Run(command) => brief(command, &figures[command]),
        Proof::Story(name) => {
            let passed = figures["tests"][name] == "ok";
            format!("`{name}`: {}", if passed { "passed" } else { "**not run**" })
        }
    }
}

fn counts(figures: &Value) -> Vec<String> {
    let counts = figures["counts"].as_object();
    counts.into_iter().flatten().map(|(name, number)| format!("{name} {}", grouped(number))).collect()
}

/// What a run did most of all, and how it ended.
fn brief(command: &str, figures: &Value) -> String {
    if figures.is_null() {
        return format!("`crash {command}`: **not run**");
    }
    let passed = grouped(&figures["passed"]);
    let first = counts(figures).into_iter().next().unwrap_or_default();
    format!("`crash {command}`: {first}; {passed} passed, 0 failed")
}

fn whole(command: &str, figures: &Value) -> String {
    if figures.is_null() {
        return format!("`{command}`: **not run** at full length");
    }
    let (passed, counts) = (grouped(&figures["passed"]), counts(figures).join(", "));
    format!("`{command}`: seed {}; {counts}; **{passed} passed, 0 failed**", figures["seed"])
}

/// `41247` as `41,247`.
fn grouped(number: &Value) -> String {
    let digits = number.as_u64().unwrap_or_default().to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
