//! The table of bad inputs, row by row: each answer has a stable code and points at the field; none
//! repeats what was sent. One file a section. What webhooks may say is in `webhooks.rs`, who may say
//! it in `who.rs`, and every code once in `problems.rs`.

mod cards;
mod cart;
mod cors;
mod echo;
mod idempotency;
mod json;
mod text;
mod webhook;
