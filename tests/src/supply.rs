//! What the two things that we ship are made of (S16, S18): the packages of helper and widget, as Cargo
//! resolves them for the one target of each, with their licences and checksums.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::{Value, json};

use crate::in_repository;

/// Something that we ship.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    /// As in the budget and in the names of files.
    pub name: &'static str,
    /// Our crate.
    pub package: &'static str,
    /// What it is built for.
    pub target: &'static str,
}

/// Both of them.
pub const PRODUCTS: [Product; 2] = [
    Product { name: "helper", package: "checkout-server", target: "x86_64-unknown-linux-gnu" },
    Product { name: "widget", package: "checkout-ui", target: "wasm32-unknown-unknown" },
];

/// A package in a product.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Package {
    /// As in the registry.
    pub name: String,
    /// As in Cargo.lock.
    pub version: String,
    /// An SPDX expression, or nothing.
    pub licence: String,
    /// Whether it is in the product, or only builds it.
    pub shipped: bool,
}

/// Everything that takes part in building a product, our own crates too.
pub fn packages(product: Product) -> BTreeSet<Package> {
    let shipped: BTreeSet<_> = tree(product, "normal,no-proc-macro").into_keys().collect();
    let all = tree(product, "normal,build").into_iter();
    all.map(|(id, licence)| Package { shipped: shipped.contains(&id), name: id.0, version: id.1, licence }).collect()
}

/// Name and version, and the licence, of each package on these edges.
fn tree(product: Product, edges: &str) -> BTreeMap<(String, String), String> {
    let arguments = ["tree", "--locked", "--offline", "--prefix", "none", "--format", "{p}|{l}", "--edges", edges];
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).args(["--package", product.package, "--target", product.target]);
    let output = command.current_dir(in_repository("")).output().expect("Cargo is what runs this");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("Cargo writes UTF-8");
    let package = |line: &str| {
        let (package, licence) = line.trim_end_matches(" (*)").split_once('|')?;
        let mut words = package.split(' ');
        let version = |word: &str| word.trim_start_matches('v').to_owned();
        Some(((words.next()?.to_owned(), version(words.next()?)), licence.to_owned()))
    };
    text.lines().filter_map(package).collect()
}

/// The SHA-256 of each package in Cargo.lock, in hexadecimal; our own crates have none.
pub fn locked() -> BTreeMap<(String, String), Option<String>> {
    let text = std::fs::read_to_string(in_repository("Cargo.lock")).expect("Cargo.lock is committed");
    let lock: toml::Table = text.parse().expect("Cargo writes TOML");
    let field = |package: &toml::Value, name: &str| Some(package.get(name)?.as_str()?.to_owned());
    let packages = lock["package"].as_array().expect("packages");
    let entry = |package: &toml::Value| {
        Some(((field(package, "name")?, field(package, "version")?), field(package, "checksum")))
    };
    packages.iter().filter_map(entry).collect()
}

/// A `CycloneDX` 1.6 bill of materials of a product.
pub fn bill(product: Product) -> Value {
    let (packages, locked) = (packages(product), locked());
    let reference = |package: &Package| format!("pkg:cargo/{}@{}", package.name, package.version);
    let component = |package: &Package| {
        let checksum = locked.get(&(package.name.clone(), package.version.clone())).cloned().flatten();
        let hashes: Vec<_> = checksum.into_iter().map(|hash| json!({"alg": "SHA-256", "content": hash})).collect();
        json!({
            "type": "library",
            "bom-ref": reference(package),
            "name": package.name,
            "version": package.version,
            "purl": reference(package),
            "scope": if package.shipped { "required" } else { "excluded" },
            "licenses": [{"expression": package.licence.replace('/', " OR ")}],
            "hashes": hashes,
        })
    };
    let (own, others): (Vec<_>, Vec<_>) = packages.iter().partition(|package| package.name == product.package);
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {
            "type": "application",
            "bom-ref": own.first().map(|package| reference(package)),
            "name": product.package,
            "version": own.first().map(|package| package.version.clone()),
        }},
        "components": others.into_iter().map(component).collect::<Vec<_>>(),
    })
}

/// Whether a licence is one that is allowed, or offers one that is.
pub fn is_allowed(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ").replace(" WITH ", "\u{1}");
    let words: Vec<String> = spaced.split_whitespace().map(|word| word.replace('\u{1}', " WITH ")).collect();
    let mut rest = words.as_slice();
    let holds = any(&mut rest, allowed);
    holds && rest.is_empty()
}

fn any(words: &mut &[String], allowed: &[String]) -> bool {
    let mut holds = all(words, allowed);
    while take(words, "OR") {
        holds |= all(words, allowed);
    }
    holds
}

fn all(words: &mut &[String], allowed: &[String]) -> bool {
    let mut holds = one(words, allowed);
    while take(words, "AND") {
        holds &= one(words, allowed);
    }
    holds
}

fn one(words: &mut &[String], allowed: &[String]) -> bool {
    if take(words, "(") {
        let holds = any(words, allowed);
        return take(words, ")") && holds;
    }
    let Some((licence, rest)) = words.split_first() else { return false };
    *words = rest;
    allowed.contains(licence)
}

fn take(words: &mut &[String], word: &str) -> bool {
    match words.split_first() {
        Some((first, rest)) if first == word => {
            *words = rest;
            true
        }
        _ => false,
    }
}
