//! Stories in a real browser.

mod accessible;
mod buying;
mod harness;
mod inline;
mod keyboard;
mod pages;
mod pictures;
mod resuming;
mod widget;
