//! Stories of what happens when the provider is silent, slow or in doubt.

mod refetching;
mod refunds;
mod silence;
