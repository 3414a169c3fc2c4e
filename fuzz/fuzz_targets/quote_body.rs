//! See `checkout_fuzz::quote_body`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checkout_fuzz::quote_body::run(data));
