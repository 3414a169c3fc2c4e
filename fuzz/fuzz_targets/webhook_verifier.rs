//! See `checkout_fuzz::webhook_verifier`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checkout_fuzz::webhook_verifier::run(data));
