//! See `checkout_fuzz::checkout_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checkout_fuzz::checkout_body::run(data));
