//! Stories in a real browser.

mod harness;
