//! See `checkout_fuzz::forwarded_addresses`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checkout_fuzz::forwarded_addresses::run(data));
