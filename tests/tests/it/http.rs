//! Stories told over HTTP: to the helper as a page, a buyer and the provider speak to it.

mod abuse;
mod bad_input;
mod buying;
mod doors;
mod idempotency;
mod pages;
mod prices;
mod snapshots;
mod webhooks;
