//! Laws of quotes: totals come from the preview, carts from the catalog, and a token is only good
//! for what it was made for.

use checkout_types::Quote;
use proptest::prelude::*;
use secrecy::SecretString;
use serde_json::json;

use super::preview::{PreviewAddon, PreviewCharge};
use super::token::{self, TokenError};
use super::*;
use crate::keys::Keys;

fn catalog() -> Catalog {
    Catalog::parse(include_str!("../../../catalog.example.toml")).unwrap()
}

fn request(price: &str, quantity: u32) -> QuoteRequest {
    serde_json::from_value(json!({
        "items": [{"price_id": price, "quantity": quantity}],
        "customer": {"country": "DE"},
    }))
    .unwrap()
}

/// A preview that says what the catalog says, with that tax on top.
fn preview(cart: &Cart<'_>, tax: i64) -> Preview {
    let lines: Vec<PreviewLine> = cart
        .lines
        .iter()
        .map(|line| PreviewLine {
            product: line.price.provider_product.clone(),
            quantity: line.quantity,
            unit: line.price.money.amount,
            tax_inclusive: false,
            addons: line
                .addons
                .iter()
                .map(|(addon, quantity)| PreviewAddon {
                    addon: addon.provider_addon.clone(),
                    quantity: *quantity,
                    unit: addon.money.amount,
                })
                .collect(),
        })
        .collect();
    let subtotal = lines.iter().map(|line| line.unit * i64::from(line.quantity)).sum();
    let charge = |line: &Line<'_>| PreviewCharge {
        product: line.price.provider_product.clone(),
        amount: line.price.money.amount,
        next_at: None,
    };
    Preview {
        currency: cart.currency,
        subtotal,
        discount: 0,
        tax,
        total: subtotal + tax,
        recurring: cart.lines.iter().map(charge).collect(),
        lines,
    }
}

fn quoted(price: &str, quantity: u32, change: impl FnOnce(&mut Preview)) -> Result<Quote, Incoherent> {
    let catalog = catalog();
    let request = request(price, quantity);
    let cart = check(&catalog, &request).unwrap();
    let mut preview = preview(&cart, 551);
    change(&mut preview);
    assemble(&cart, &preview, "qt_1".to_owned(), Timestamp::UNIX_EPOCH)
}

#[test]
fn a_preview_that_contradicts_itself_or_the_cart_is_never_shown() {
    assert!(quoted("pro_monthly", 1, |_| {}).is_ok());
    let wrong: [fn(&mut Preview); 7] = [
        |preview| preview.currency = "USD".parse().unwrap(),
        |preview| preview.total -= 552,
        |preview| preview.total += 1,
        |preview| preview.total = -1,
        |preview| preview.lines.clear(),
        |preview| preview.lines[0].quantity = 2,
        |preview| preview.recurring.clear(),
    ];
    for (number, change) in wrong.into_iter().enumerate() {
        assert!(quoted("pro_monthly", 1, change).is_err(), "case {number}");
    }
}

#[test]
fn a_cart_beyond_what_can_be_charged_is_refused() {
    let price = |id: &str, amount: i64| {
        format!(
            "[[product]]\nid = \"{id}\"\nname = \"{id}\"\n[[product.price]]\nid = \"{id}\"\ndodo = \"pdt_{id}\"\n\
             amount = {amount}\ncurrency = \"EUR\"\nbilling = \"one_time\"\nquantity = {{ max = 1 }}\n"
        )
    };
    let catalog = Catalog::parse(&[price("a", MAX_AMOUNT), price("b", 1)].concat()).unwrap();
    let request = |ids: &[&str]| -> QuoteRequest {
        let items: Vec<_> = ids.iter().map(|id| json!({"price_id": id})).collect();
        serde_json::from_value(json!({"items": items})).unwrap()
    };
    assert!(check(&catalog, &request(&["a"])).is_ok());
    assert_eq!(check(&catalog, &request(&["a", "b"])).unwrap_err().code, Code::AmountTooLarge);
}

#[test]
fn another_price_is_noticed_and_another_moment_is_not() {
    let seen = quoted("pro_monthly", 1, |_| {}).unwrap();
    let later = quoted("pro_monthly", 1, |preview| preview.recurring[0].next_at = Some("later".into())).unwrap();
    assert!(same_price(&seen, &later));
    let changes: [fn(&mut Preview); 3] = [
        |preview| {
            preview.tax += 1;
            preview.total += 1;
        },
        |preview| preview.recurring[0].amount += 1,
        |preview| preview.lines[0].unit += 1,
    ];
    for change in changes {
        assert!(!same_price(&seen, &quoted("pro_monthly", 1, change).unwrap()));
    }
}

fn keys_of(secret: &str) -> Keys {
    Keys::new(SecretString::from(secret.to_owned()))
}

#[test]
fn a_token_is_good_for_its_maker_and_its_time() {
    let keys = keys_of("one secret key of at least 32 characters");
    let quote = token::seal(&keys.quotes, &request("pro_monthly", 1), quoted("pro_monthly", 1, |_| {}).unwrap());
    let early = Timestamp::UNIX_EPOCH;
    let late = early + LIFETIME;
    assert!(token::open(&keys.quotes, &quote.quote_token, early).is_ok_and(|sealed| sealed.quote.total == quote.total));
    assert!(matches!(token::open(&keys.quotes, &quote.quote_token, late), Err(TokenError::Expired(_))));
    let other = keys_of("another secret key of 32 characters, too");
    assert!(matches!(token::open(&other.quotes, &quote.quote_token, early), Err(TokenError::Forged)));
}

proptest! {
    #[test]
    fn any_other_text_is_forged(position in any::<prop::sample::Index>(), byte in 0_u8..128) {
        let keys = keys_of("one secret key of at least 32 characters");
        let quote = token::seal(&keys.quotes, &request("pro_monthly", 1), quoted("pro_monthly", 1, |_| {}).unwrap());
        let mut text = quote.quote_token.into_bytes();
        let index = position.index(text.len());
        prop_assume!(text[index] != byte);
        text[index] = byte;
        let text = String::from_utf8(text).unwrap();
        prop_assert!(matches!(token::open(&keys.quotes, &text, Timestamp::UNIX_EPOCH), Err(TokenError::Forged)));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let keys = keys_of("one secret key of at least 32 characters");
        prop_assert!(token::open(&keys.quotes, &text, Timestamp::UNIX_EPOCH).is_err());
    }

    #[test]
    fn a_quote_is_the_catalogs_price_times_the_quantity(quantity in 1_u32..=25, tax in 0_i64..1_000_000) {
        let catalog = catalog();
        let request = request("desktop_license", quantity);
        let cart = check(&catalog, &request).unwrap();
        let quote = assemble(&cart, &preview(&cart, tax), "qt_1".to_owned(), Timestamp::UNIX_EPOCH);
        let quote = quote.unwrap();
        prop_assert_eq!(quote.lines[0].total.amount, 14_900 * i64::from(quantity));
        prop_assert_eq!(quote.subtotal.amount + quote.tax.unwrap().amount, quote.total.amount);
    }

    /// G8: whatever a browser sends, only a cart of the catalog comes out of the check.
    #[test]
    fn only_what_is_in_the_catalog_can_be_bought(
        price in prop::sample::select(vec!["pro_monthly", "desktop_license", "team_monthly", "nothing", ""]),
        quantity in any::<u32>(),
        addon in prop::option::of(prop::sample::select(vec!["priority_support", "nothing"])),
        many in any::<u32>(),
    ) {
        let catalog = catalog();
        let addons: Vec<_> = addon.iter().map(|id| json!({"addon_id": id, "quantity": many})).collect();
        let request: QuoteRequest =
            serde_json::from_value(json!({"items": [{"price_id": price, "quantity": quantity, "addons": addons}]})).unwrap();
        if let Ok(cart) = check(&catalog, &request) {
            let (_, known) = catalog.price(price).unwrap();
            prop_assert!(known.quantity.allows(quantity));
            prop_assert_eq!(&cart.lines[0].price.money, &known.money);
            prop_assert!(cart.lines[0].addons.iter().all(|(addon, _)| known.addons.contains(&addon.id)));
        }
    }
}
