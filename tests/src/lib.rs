//! The product through its public doors: what the tests drive it with.
//!
//! Everything here fails a test by panicking, with a text that says what was expected.
#![expect(clippy::missing_panics_doc, reason = "a harness panics on purpose: that is how a test fails")]

pub mod access;
pub mod app;
pub mod axe;
pub mod bought;
pub mod browser;
pub mod buyer;
pub mod canary;
pub mod faulty;
pub mod guarantees;
pub mod healing;
pub mod http;
pub mod line;
pub mod mail;
pub mod merchant;
pub mod outbox;
pub mod pages;
pub mod provider;
pub mod proxy;
pub mod seeing;
pub mod server;
pub mod signing;
pub mod smtp;
pub mod socket;
pub mod supply;

use std::path::{Path, PathBuf};

/// A path below the repository's root, such as `docs/overlay.png`.
pub fn in_repository(path: impl AsRef<Path>) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}
