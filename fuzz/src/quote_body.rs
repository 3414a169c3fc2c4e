//! A quote's body is refused discreetly, or is what it says: it reads the same again, and the cart
//! that is made of it holds only what the shop sells, in amounts that it sells.

use checkout_server::http::json::read;
use checkout_server::quote::{MOST_LINES, check};
use checkout_types::QuoteRequest;

use crate::{SHOP, assert_discreet};

/// The body as it came.
pub fn run(body: &[u8]) {
    let request: QuoteRequest = match read(body) {
        Ok(request) => request,
        Err(problem) => return assert_discreet(&problem, body),
    };
    let again = serde_json::to_vec(&request).expect("plain data");
    let twice: QuoteRequest = read(&again).unwrap_or_else(|problem| panic!("not taken twice: {:?}", problem.code));
    assert_eq!(serde_json::to_vec(&twice).expect("plain data"), again);
    match check(&SHOP, &request) {
        Err(problem) => assert_discreet(&problem, body),
        Ok(cart) => {
            assert!((1..=MOST_LINES).contains(&cart.lines.len()));
            for line in &cart.lines {
                assert!(line.quantity >= 1 && SHOP.price(&line.price.id).is_some());
                assert!(line.price.money.times(line.quantity).is_ok(), "a line beyond what can be counted");
            }
        }
    }
}
