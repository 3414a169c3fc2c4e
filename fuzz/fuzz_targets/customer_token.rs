//! See `checkout_fuzz::customer_token`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checkout_fuzz::customer_token::run(data));
