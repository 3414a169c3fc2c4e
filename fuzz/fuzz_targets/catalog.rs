//! See `checkout_fuzz::catalog`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checkout_fuzz::catalog::run(data));
