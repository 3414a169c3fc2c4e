//! Documents that are written from the code: the committed ones are what the code says.
//!
//! To write them again: `WRITE_DOCUMENTS=1 cargo test -p checkout-tests --test it documents`.

use std::fs;

use checkout_server::error::{self, Code};
use checkout_tests::in_repository;

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
fn every_problem_has_two_sentences_for_its_reader() {
    for code in Code::ALL {
        for text in [code.title(), code.cause(), code.cure()] {
            assert!(text.len() > 10 && text.ends_with('.'), "{}: {text}", code.as_str());
        }
    }
}
