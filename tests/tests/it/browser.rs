//! Stories in a real browser.

mod accessible;
mod buying;
mod challenge;
mod embedding;
mod faults;
mod harness;
mod inline;
mod integrity;
mod keyboard;
mod operator;
mod pages;
mod pictures;
mod policy;
mod refusals;
mod resuming;
mod upgrading;
mod widget;
