//! What must not leave does not (S1, S2). Every story is watched by `checkout_tests::canary`; here is
//! that the watch can see, one buyer with every kind of data, and what is shipped.

use std::fs;

use checkout_tests::app::{GOOD_CARD, TestApp, read};
use checkout_tests::canary::{self, proof};
use checkout_tests::http::assert_problem;
use checkout_tests::in_repository;
use checkout_types::checkout::CreatedCheckout;
use checkout_types::{CheckoutStatus, Quote};
use serde_json::json;

#[tokio::test]
async fn what_is_planted_is_found_and_what_is_harmless_is_not() {
    assert_eq!(proof::missed().await, Vec::<&str>::new());
    assert_eq!(proof::false_alarms().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_is_planted_in_a_database_is_found() {
    let app = TestApp::start().await;
    app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let copy = tempfile::tempdir().unwrap();
    app.snapshot(&copy.path().join("checkout.db"));
    let leaks = |secrets: &[String]| canary::leaks(copy.path(), secrets);
    assert_eq!(leaks(&["key-of-".to_owned()]), Vec::<String>::new());
    let planted = rusqlite::Connection::open(copy.path().join("checkout.db")).unwrap();
    planted.execute("UPDATE checkouts SET error_code = 'for ada@example.com', url = 'key-of-somebody'", ()).unwrap();
    planted.close().unwrap();
    let found = leaks(&["key-of-".to_owned()]);
    assert!(found.iter().any(|found| found.contains("checkouts.error_code")), "{found:?}");
    assert!(found.iter().any(|found| found.contains("key-of-")), "{found:?}");
}

/// Everything a buyer can give away, in one order: right, wrong and paid.
#[tokio::test]
async fn a_buyers_data_goes_to_the_provider_and_nowhere_else() {
    let app = TestApp::start().await;
    let cart = json!({
        "items": [{"price_id": "pro_monthly"}],
        "customer": {"country": "GB", "postal_code": "SW1A 2CN"},
        "discount_code": "CANARYCODE",
    });
    assert_problem(app.ask_quote(&cart).await, 422, "discount_invalid").await;
    let cart = json!({
        "items": [{"price_id": "pro_monthly"}],
        "customer": {"country": "GB", "postal_code": "SW1A 2CN"},
    });
    let request = app.post("/v1/quotes").header("x-forwarded-for", "203.0.113.77, 198.51.100.23").json(&cart);
    let quote: Quote = read(request.send().await.unwrap(), 200).await;
    for (customer, code) in [
        (json!({"email": "ada@example.com", "name": "4242 4242 4242 4242"}), "card_data_refused"),
        (json!({"email": "ada@example.com\n", "name": "Ada Canary"}), "text_invalid"),
        (json!({"email": "ada@example.com", "name": "Ada Canary", "address": "SW1A 2CN"}), "unknown_field"),
    ] {
        let order = json!({"quote_token": quote.quote_token, "customer": customer});
        assert_problem(app.ask_checkout("canary-key-of-a-refusal", &order).await, 422, code).await;
    }
    let order = json!({
        "quote_token": quote.quote_token,
        "customer": {"email": "ada@example.com", "name": "Ada Canary"},
        "custom_data": {"note": "canary-custom-data"},
        "success_url": format!("{}/thanks?for=canary-custom-data", app.ready().shop),
    });
    let created: CreatedCheckout = read(app.ask_checkout("canary-key-of-an-order", &order).await, 201).await;
    for secret in ["canary-key-of-a-refusal", "canary-key-of-an-order", &created.client_secret, &quote.quote_token] {
        app.canaries().add(secret);
    }
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    // The watch was shown the log and the answers of this story, or its silence would mean nothing.
    let (lines, answers) = canary::seen();
    assert!(lines >= 5 && answers >= 5, "{lines} lines, {answers} answers");
    // The provider was told: the search is for what was really there.
    let told = app.demo.sandbox.checkout_bodies()[0].to_string();
    for data in ["ada@example.com", "Ada Canary", "SW1A 2CN", "canary-custom-data"] {
        assert!(told.contains(data), "{data}: {told}");
    }
}

#[test]
fn what_is_shipped_to_browsers_holds_no_key_no_name_and_no_path_of_a_machine() {
    let folder = in_repository("dist/widget");
    let mut seen = Vec::new();
    for entry in fs::read_dir(&folder).unwrap().chain(fs::read_dir(folder.join("locales")).unwrap()) {
        let path = entry.unwrap().path();
        let Ok(bytes) = fs::read(&path) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // What a field shows as an example is nobody's address.
        let text = text.replace("ada@example.com", "");
        assert_eq!(canary::personal_in(&text), None, "{name}");
        for never in
            ["sk_demo_", "whsec_", "DODO_PAYMENTS", "CHECKOUT_SECRET_KEY", ".cargo/registry", "/home/", "/root/"]
        {
            assert!(!text.contains(never), "{name} holds {never}");
        }
        seen.push(name);
    }
    for name in ["checkout-ui_bg.wasm", "checkout-ui.js", "checkout.js"] {
        assert!(seen.iter().any(|seen| seen == name), "{name} is not built: make widget");
    }
}
