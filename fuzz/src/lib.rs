//! What is fuzzed, a module a target. Each asserts what has to hold for every input, and not only that
//! nothing panics. Run them with `make fuzz`; a crash becomes a unit test beside the code at fault.
#![forbid(unsafe_code)]

use std::sync::LazyLock;

use checkout_server::catalog::Catalog;
use checkout_server::error::Problem;
use serde_json::Value;

pub mod catalog;
pub mod checkout_body;
pub mod outgoing_address;
pub mod provider_answers;
pub mod quote_body;
pub mod webhook_verifier;

/// What the example shop sells.
pub(crate) static SHOP: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::parse(include_str!("../../catalog.example.toml")).expect("the example has no mistakes"));

/// A refusal is short, and repeats nothing that somebody sent as a value.
pub(crate) fn assert_discreet(problem: &Problem, body: &[u8]) {
    let told: String = problem.errors.iter().map(|error| format!("{} {}\n", error.pointer, error.code)).collect();
    assert!(told.len() <= 64 * 1024, "{} bytes", told.len());
    let Ok(value) = serde_json::from_slice::<Value>(body) else { return };
    let (mut keys, mut texts) = (Vec::new(), Vec::new());
    collect(&value, &mut keys, &mut texts);
    for text in texts.iter().filter(|text| text.len() >= 16) {
        // A key that is wrong is pointed at, and may read like a value.
        let is_key = keys.iter().any(|key| key.contains(text.as_str()));
        assert!(is_key || !told.contains(text.as_str()), "a problem repeats a value");
    }
}

fn collect(value: &Value, keys: &mut Vec<String>, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, keys, texts)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            keys.push(key.clone());
            collect(value, keys, texts);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
