//! Stories in a real browser.

mod accessible;
mod buying;
mod embedding;
mod harness;
mod inline;
mod keyboard;
mod pages;
mod pictures;
mod resuming;
mod widget;
