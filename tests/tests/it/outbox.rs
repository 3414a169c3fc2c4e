//! Stories of what follows: what the helper tells the merchant's endpoints, and what it does where they
//! do not take it.

mod operators;
mod order;
mod purchase;
mod receivers;
mod refused;
mod replay;
mod retries;
mod rotation;
mod storm;
