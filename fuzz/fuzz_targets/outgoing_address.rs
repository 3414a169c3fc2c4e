//! See `checkout_fuzz::outgoing_address`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| checkout_fuzz::outgoing_address::run(data));
