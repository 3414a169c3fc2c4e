//! Stories told over HTTP: to the helper as a page, a buyer and the provider speak to it.

mod abuse;
mod bad_input;
mod buying;
mod doors;
mod entitlements;
mod headers;
mod idempotency;
mod lists;
mod living;
mod operator;
mod overload;
mod pages;
mod prices;
mod problems;
mod provider_events;
mod snapshots;
mod standing;
mod stopping;
mod transport;
mod webhooks;
mod who;
