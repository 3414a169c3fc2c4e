//! Loaded by `LD_PRELOAD` into a helper under proof.
