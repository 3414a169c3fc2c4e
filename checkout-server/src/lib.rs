//! The helper: holds the provider's secret key, the catalog and the prices; returns payment
//! links; and lets signed webhooks, never the browser, decide what was paid.
//!
//! Pure rooms (no I/O, no clock): [`catalog`], [`signature`].

pub mod catalog;
pub mod clock;
pub mod random;
pub mod sandbox;
pub mod signature;
