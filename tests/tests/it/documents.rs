//! Documents that are written from the code: the committed ones are what the code says.
//!
//! To write them again: `WRITE_DOCUMENTS=1 cargo test -p checkout-tests --test it documents`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use checkout_server::entitlement;
use checkout_server::error::{self, Code};
use checkout_server::http::openapi;
use checkout_server::provider::dodo::kinds;
use checkout_tests::{guarantees, in_repository};
use serde_json::Value;

/// Compares a document with what it is made from, or writes it where that was asked for.
fn is_current(path: &str, made: &str) {
    let write = std::env::var_os("WRITE_DOCUMENTS").is_some();
    if write {
        fs::write(in_repository(path), made).unwrap();
    }
    let committed = fs::read_to_string(in_repository(path)).unwrap_or_default();
    assert!(
        committed == made,
        "{path} is not what the code says; WRITE_DOCUMENTS=1 cargo test -p checkout-tests --test it documents"
    );
}

#[test]
fn the_problems_are_those_of_the_table() {
    is_current("docs/problems.md", &error::reference());
}

#[test]
fn what_gives_suspends_and_ends_access_is_what_the_rules_answer() {
    let made = [entitlement::reference(), kinds::reference()].concat();
    assert_eq!(made.lines().filter(|line| line.starts_with("| `") && line.contains("joined to")).count(), 27);
    is_current("docs/access.md", &made);
}

#[test]
fn what_merchants_are_told_is_what_the_code_tells() {
    is_current("docs/webhooks.md", &checkout_server::outbox::reference());
}

#[test]
fn the_mails_are_those_of_the_code() {
    is_current("docs/mail.md", &checkout_server::mail::reference());
}

#[test]
fn the_guarantees_are_those_of_the_table_with_the_figures_of_the_runs() {
    let figures = fs::read(in_repository("docs/guarantees.json")).unwrap();
    is_current("docs/guarantees.md", &guarantees::document(&serde_json::from_slice(&figures).unwrap()));
}

#[test]
fn every_problem_has_two_sentences_for_its_reader() {
    for code in Code::ALL {
        for text in [code.title(), code.cause(), code.cure()] {
            assert!(text.len() > 10 && text.ends_with('.'), "{}: {text}", code.as_str());
        }
    }
}

#[test]
fn the_interface_is_that_of_the_code() {
    is_current("docs/openapi.json", &openapi::document());
}

/// The router has no list of its own, so its text is read.
#[test]
fn the_interface_names_the_routes_of_the_router_and_no_others() {
    let text = fs::read_to_string(in_repository("checkout-server/src/http.rs")).unwrap();
    let public = &text[text.find("pub fn router(").unwrap()..text.find("pub fn operations(").unwrap()];
    let mut served = BTreeSet::new();
    for route in public.split(".route(\"").skip(1) {
        let (path, rest) = route.split_once('"').unwrap();
        let handlers = &rest[..rest.find('\n').unwrap_or(rest.len())];
        for method in ["get", "post", "put", "delete", "patch"] {
            if handlers.contains(&format!("{method}(")) {
                served.insert(format!("{} {}", method.to_uppercase(), path.replace("{*", "{")));
            }
        }
    }
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let mut described = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        described.extend(methods.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    println!("{described:#?}");
    assert!(described.len() > 15, "they are read at all");
    assert_eq!(described, served);
}

#[test]
fn every_code_of_the_interface_is_one_of_the_table_and_has_its_status() {
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let mut named = BTreeSet::new();
    for operation in
        document["paths"].as_object().unwrap().values().flat_map(|methods| methods.as_object().unwrap().values())
    {
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status.parse::<u16>().unwrap() >= 400 {
                for name in response["description"].as_str().unwrap().split(", ").map(|name| name.trim_matches('`')) {
                    let code = Code::ALL.iter().find(|code| code.as_str() == name).unwrap();
                    assert_eq!(code.status().to_string(), *status, "{name}");
                    named.insert(code.as_str());
                }
            }
        }
    }
    // What a method that does not exist is answered with belongs to no operation, and what only operators
    // meet, at their own listener, to none of these.
    let elsewhere = ["method_not_allowed", "refund_not_in_review", "unknown_limit"];
    let all: BTreeSet<_> =
        Code::ALL.iter().map(|code| code.as_str()).filter(|code| !elsewhere.contains(code)).collect();
    assert_eq!(named, all);
}

/// Every test that docs/security.md names is one: in a file or module of that name.
#[test]
fn the_tests_that_the_security_page_names_are_there() {
    let mut tests = BTreeSet::new();
    for root in ["checkout-server/src", "checkout-types/src", "checkout-ui/src", "tests/tests/it"] {
        collect_tests(&in_repository(root), &mut tests);
    }
    let page = fs::read_to_string(in_repository("docs/security.md")).unwrap();
    let is_path = |text: &&str| {
        text.contains("::") && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_:".contains(&byte))
    };
    let named: BTreeSet<&str> = page.split('`').skip(1).step_by(2).filter(is_path).collect();
    assert!(named.len() > 40, "{}", named.len());
    for path in named {
        assert!(tests.iter().any(|test| test.ends_with(&format!("::{path}"))), "no test is called {path}");
    }
}

/// The paths of all tests below a folder, as the test runner prints them, with their crates' folders before.
fn collect_tests(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect_tests(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = path.with_extension("").to_string_lossy().replace('/', "::");
            // Tests in a file of their own are in a module of its name; those beside the code are in `tests`.
            let inside = module.rsplit("::src::").next().unwrap_or(&module);
            let inner = if module.ends_with("::tests") || inside.contains("::tests::") { "" } else { "::tests" };
            let text = fs::read_to_string(&path).unwrap();
            let names = text.match_indices("fn ").filter_map(|(at, _)| text[at + 3..].split(['(', '<']).next());
            found.extend(names.map(|name| format!("{module}{inner}::{name}")));
        }
    }
}
