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
servers that are broken on purpose: see the mutants at the end.

| | what is promised | what proves it, and its last figure |
|---|---|---|
";

/// The page, of these figures.
#[must_use]
pub fn document(figures: &Value) -> String {
    let mut page = HEAD.to_owned();
    for Guarantee { number, promise, proofs } in GUARANTEES {
        let shown: Vec<String> = proofs.iter().map(|proof| shown(*proof, figures)).collect();
        let shown = if shown.is_empty() { "not built yet".to_owned() } else { shown.join("<br>") };
        let _ = writeln!(page, "| {number} | {promise} | {shown} |");
    }
    page.push_str(
        "\n## The proof of the proof\n\nEach of these servers is broken on purpose, and the run found it:\n\n",
    );
    let _ = writeln!(page, "- {}", shown(Proof::Run("mutants"), figures));
    page
}

fn shown(proof: Proof, figures: &Value) -> String {
    match proof {
        Proof::Run(command) => run(command, &figures[command]),
        Proof::Story(name) => {
            let passed = figures["tests"][name] == "ok";
            format!("`{name}`: {}", if passed { "passed" } else { "**not run**" })
        }
    }
}

fn run(command: &str, figures: &Value) -> String {
    let Some(counts) = figures["counts"].as_object() else { return format!("`crash {command}`: **not run**") };
    let counts: Vec<String> = counts.iter().map(|(name, number)| format!("{name} {}", grouped(number))).collect();
    format!(
        "`crash {command}`: {}; {} passed, 0 failed (seed {})",
        counts.join(", "),
        grouped(&figures["passed"]),
        figures["seed"]
    )
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
