//! A checkout's body is refused discreetly, or reads the same again; and no token of anybody's making
//! opens.

use checkout_server::http::json::read;
use checkout_server::keys::Keys;
use checkout_server::ordering;
use checkout_server::quote::token::open;
use checkout_types::checkout::CheckoutRequest;
use jiff::Timestamp;

use crate::assert_discreet;

/// The body as it came.
pub fn run(body: &[u8]) {
    let request: CheckoutRequest = match read(body) {
        Ok(request) => request,
        Err(problem) => return assert_discreet(&problem, body),
    };
    let again = serde_json::to_vec(&request).expect("plain data");
    let twice: CheckoutRequest = read(&again).unwrap_or_else(|problem| panic!("not taken twice: {:?}", problem.code));
    assert_eq!(serde_json::to_vec(&twice).expect("plain data"), again);
    if ordering::check_email(&request.customer.email).is_ok() {
        assert!(
            !request.customer.email.trim().contains(['\r', '\n', ' ', ',', ';', '<']),
            "a second address or header"
        );
    }
    let keys = Keys::new("a key of at least 32 characters, for this target".to_owned().into());
    assert!(open(&keys.quotes, &request.quote_token, Timestamp::UNIX_EPOCH).is_err(), "a forged quote was taken");
}
