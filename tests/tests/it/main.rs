//! Every test that goes through a public door. One binary, so that one chromedriver serves all and
//! the crates are linked once; a module per door.
#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

mod browser;
mod commands;
mod documents;
mod healing;
mod http;
mod leaks;
mod mail;
mod outbox;
mod supply;
