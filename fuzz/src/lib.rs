//! What is fuzzed, a module a target. Each asserts what has to hold for every input, and not only that
//! nothing panics. Run them with `make fuzz`; a crash becomes a unit test beside the code at fault.
#![forbid(unsafe_code)]

use std::sync::LazyLock;

use checkout_server::catalog::Catalog;
use checkout_server::error::Problem;
use serde_json::Value;

pub mod catalog;
pub mod checkout_body;
pub mod customer_token;
pub mod forwarded_addresses;
pub mod outgoing_address;
pub mod provider_answers;
pub mod quote_body;
pub mod webhook_verifier;

/// What the example shop sells.
pub(crate) static SHOP: LazyLock<Catalog> =
    LazyLock::new(|| Catalog::parse(include_str!("../../catalog.example.toml")).expect("the example has no mistakes"));

/// Fields that a refusal may name although nobody sent them.
const REQUIRED: [&str; 10] = [
    "items",
    "price_id",
    "addon_id",
    "quantity", // one, where nobody says more, may be too few
    "quote_token",
    "customer",
    "email",
    "country",
    "postal_code",
    "currency",
];

/// A refusal is short and repeats nothing that somebody sent: its pointers are made of numbers, of the
/// fields that we ask for and of names of fields that the body has, cut short at the end.
pub(crate) fn assert_discreet(problem: &Problem, body: &[u8]) {
    let mut keys = Vec::new();
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        collect_keys(&value, &mut keys);
    }
    for error in &problem.errors {
        assert!(error.pointer.chars().count() <= 200, "a pointer as long as somebody likes");
        for step in error.pointer.split('/').skip(1) {
            let index = step.bytes().all(|byte| byte.is_ascii_digit());
            let known = REQUIRED.contains(&step) || keys.iter().any(|key| key.starts_with(step));
            assert!(index || known, "a problem repeats what is no name of a field");
        }
    }
}

/// Every name of a field, as RFC 6901 writes it.
fn collect_keys(value: &Value, keys: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_keys(item, keys)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            keys.push(key.replace('~', "~0").replace('/', "~1"));
            collect_keys(value, keys);
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
