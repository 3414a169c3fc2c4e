//! The helper: holds the provider's secret key, the catalog and the prices; returns payment
//! links; and lets signed webhooks, never the browser, decide what was paid.
//!
//! Pure rooms (no I/O, no clock): [`catalog`], [`quote`], [`checkout`], [`event`], [`signature`].
//! Rooms that talk to the store and the provider: [`pricing`], [`ordering`], [`inbox`]. Doors:
//! [`http`], [`cli`]. Start reading at [`http::router`].

pub mod abuse;
pub mod access;
pub mod announcement;
pub mod app;
pub mod catalog;
pub mod checkout;
pub mod cli;
pub mod clock;
pub mod config;
pub mod customer;
pub mod demo;
pub mod entitlement;
pub mod error;
pub mod event;
pub mod fault;
pub mod healing;
pub mod helper;
pub mod http;
pub mod inbox;
pub mod intent;
pub mod keys;
pub mod mail;
pub mod ordering;
pub mod outbox;
pub mod outgoing;
pub mod pricing;
pub mod process;
pub mod provider;
pub mod quote;
pub mod random;
pub mod refunding;
mod revenue;
pub mod sandbox;

pub mod selling;
pub mod signature;
pub mod standing;
pub mod store;
pub mod telemetry;
