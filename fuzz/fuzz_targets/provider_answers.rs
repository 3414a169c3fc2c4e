//! See `checkout_fuzz::provider_answers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checkout_fuzz::provider_answers::run(data));
