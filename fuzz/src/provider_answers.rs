//! What the provider says is read or left, whatever it is; a price is believed only if it adds up, and
//! a payment page only on the provider's own origin.

use checkout_server::event::Seen;
use checkout_server::http::json::read;
use checkout_server::provider::dodo::{read_answer, read_notice, read_preview, read_session};
use checkout_server::quote::{assemble, check};
use checkout_types::QuoteRequest;
use jiff::Timestamp;
use serde_json::Value;

use crate::SHOP;

const ORIGIN: &str = "https://checkout.example.com";
const CART: &[u8] = br#"{"items":[{"price_id":"pro_monthly"}],"customer":{"country":"DE"}}"#;

/// The answer's body, whatever was asked for.
pub fn run(body: &[u8]) {
    if let Some(notice) = read_notice(body) {
        // It is the text that decides, and nothing else.
        assert_eq!(read_notice(body), Some(notice));
    }
    let Ok(answer) = serde_json::from_slice::<Value>(body) else { return };
    for kind in ["payment", "subscription", "refund", "dispute"] {
        let Some(notice) = read_answer(kind, body) else { continue };
        let shown = match &notice.seen {
            Seen::Payment(_) => "payment",
            Seen::Subscription(_) => "subscription",
            Seen::Refund(_) => "refund",
            Seen::Dispute(_) => "dispute",
            Seen::Dunning(_) | Seen::Hint { .. } | Seen::Other => "nothing that was asked for",
        };
        assert_eq!(shown, kind);
    }
    if let Ok(session) = read_session(answer.clone(), ORIGIN) {
        assert!(session.url.starts_with("https://checkout.example.com/"), "a page of somebody else");
    }
    price(answer);
}

fn price(answer: Value) {
    let request: QuoteRequest = read(CART).expect("a cart of ours");
    let cart = check(&SHOP, &request).expect("a cart of the example");
    let Ok(preview) = read_preview(answer, &cart) else { return };
    let Ok(quote) = assemble(&cart, &preview, "qt_1".to_owned(), Timestamp::UNIX_EPOCH) else { return };
    let added = if quote.tax_inclusive { 0 } else { quote.tax.map_or(0, |tax| i128::from(tax.amount)) };
    let due = i128::from(quote.subtotal.amount) - i128::from(quote.discount.amount) + added;
    assert_eq!(i128::from(quote.total.amount), due, "a total that does not add up");
    assert!(quote.total.amount >= 0 && quote.total.currency == cart.currency);
    assert_eq!((quote.lines.len(), quote.lines[0].quantity), (1, 1));
}
