//! Every door of the helper.

pub mod assets;
