//! Carts that nobody sells, to buyers who are nobody.

use checkout_tests::app::TestApp;
use checkout_tests::http::assert_problem;
use serde_json::{Value, json};

#[tokio::test]
async fn carts_that_nobody_sells() {
    let app = TestApp::start().await;
    let line = |line: Value| json!({"items": [line]});
    let pro = || json!({"price_id": "pro_monthly"});
    let many: Vec<Value> = (0..21).map(|number| json!({"price_id": format!("price_{number}")})).collect();
    for (body, top, code, pointer) in [
        (json!({"items": []}), "cart_empty", "cart_empty", "/items"),
        (json!({"items": many}), "too_many_items", "too_many_items", "/items"),
        (json!({"items": [pro(), pro()]}), "cart_invalid", "duplicate_item", "/items/1/price_id"),
        (line(json!({"price_id": "nothing"})), "cart_invalid", "unknown_product", "/items/0/price_id"),
        (
            line(json!({"price_id": "pdt_0NqDemoProMonthly0001"})),
            "cart_invalid",
            "unknown_product",
            "/items/0/price_id",
        ),
        (
            line(json!({"price_id": "desktop_license", "quantity": 0})),
            "cart_invalid",
            "out_of_range",
            "/items/0/quantity",
        ),
        (
            line(json!({"price_id": "desktop_license", "quantity": 26})),
            "cart_invalid",
            "out_of_range",
            "/items/0/quantity",
        ),
        (
            line(json!({"price_id": "desktop_license", "quantity": 1_000_000})),
            "cart_invalid",
            "out_of_range",
            "/items/0/quantity",
        ),
        (
            line(json!({"price_id": "pro_monthly", "addons": [{"addon_id": "priority_support"}]})),
            "cart_invalid",
            "unknown_addon",
            "/items/0/addons/0/addon_id",
        ),
        (
            line(
                json!({"price_id": "team_monthly", "quantity": 3, "addons": [{"addon_id": "priority_support", "quantity": 0}]}),
            ),
            "cart_invalid",
            "out_of_range",
            "/items/0/addons/0/quantity",
        ),
        (json!({"items": [pro(), {"price_id": "workshop_tokyo_seat"}]}), "mixed_currency", "mixed_currency", "/items"),
        (json!({"items": [pro()], "currency": "JPY"}), "unsupported_currency", "unsupported_currency", "/currency"),
        (json!({"items": [pro()], "currency": "usd"}), "unsupported_currency", "unsupported_currency", "/currency"),
        (json!({"items": [pro()], "currency": "US$"}), "unsupported_currency", "unsupported_currency", "/currency"),
        (json!({"items": [pro()], "currency": "XXX"}), "unsupported_currency", "unsupported_currency", "/currency"),
        (json!({"items": [pro()], "currency": ""}), "unsupported_currency", "unsupported_currency", "/currency"),
        (json!({"items": [pro()], "currency": "KWD"}), "unsupported_currency", "unsupported_currency", "/currency"),
        (json!({"items": [pro()], "discount_code": ["A", "A"]}), "type_mismatch", "type_mismatch", "/discount_code"),
        (json!({"items": [pro()], "discount_codes": ["A"]}), "unknown_field", "unknown_field", "/discount_codes"),
        (line(json!({"price_id": "pro_monthly", "amount": 1})), "unknown_field", "unknown_field", "/items/0/amount"),
        (line(json!({"price_id": "pro_monthly", "price": 1})), "unknown_field", "unknown_field", "/items/0/price"),
        (json!({"items": [pro()], "total": 1}), "unknown_field", "unknown_field", "/total"),
        (
            line(json!({"price_id": "desktop_license", "quantity": 9_007_199_254_740_992_u64})),
            "out_of_range",
            "out_of_range",
            "/items/0/quantity",
        ),
        (json!({"items": [pro()], "currency": "XTS"}), "unsupported_currency", "unsupported_currency", "/currency"),
        (
            json!({"items": [pro()], "customer": {"country": "XX"}}),
            "unsupported_country",
            "unsupported_country",
            "/customer/country",
        ),
        (
            json!({"items": [pro()], "customer": {"country": "de"}}),
            "unsupported_country",
            "unsupported_country",
            "/customer/country",
        ),
        (
            json!({"items": [pro()], "customer": {"country": "KP"}}),
            "unsupported_country",
            "unsupported_country",
            "/customer/country",
        ),
        (
            json!({"items": [pro()], "discount_code": "../../customers"}),
            "discount_invalid",
            "discount_invalid",
            "/discount_code",
        ),
    ] {
        let problem = assert_problem(app.ask_quote(&body).await, 422, top).await;
        assert_eq!(
            (problem["errors"][0]["code"].as_str(), problem["errors"][0]["pointer"].as_str()),
            (Some(code), Some(pointer))
        );
    }
}

#[tokio::test]
async fn an_unknown_code_and_an_expired_one_are_answered_alike() {
    let app = TestApp::start().await;
    let mut bodies = Vec::new();
    for code in ["NOSUCHCODE", "EXPIRED10", "USEDUP"] {
        let body = json!({"items": [{"price_id": "pro_monthly"}], "discount_code": code});
        let mut problem = assert_problem(app.ask_quote(&body).await, 422, "discount_invalid").await;
        problem["request_id"] = json!(null);
        bodies.push(problem);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
}

#[tokio::test]
async fn buyers_who_are_nobody() {
    let app = TestApp::start().await;
    let token = app.quote("pro_monthly", "DE").await.quote_token;
    let long = format!("{}@example.com", "a".repeat(250));
    for email in ["", "ada", "ada@localhost", "a@b@c", "\"a b\"@example.com", long.as_str(), "ada@example.com "] {
        let body = json!({"quote_token": token, "customer": {"email": email}});
        let answer = app.ask_checkout("nobody", &body).await;
        if email.ends_with(' ') {
            assert_eq!(answer.status(), 201, "white space around an address is not the buyer's fault");
        } else {
            let problem = assert_problem(answer, 422, "email_invalid").await;
            assert_eq!(problem["errors"][0]["pointer"], "/customer/email");
        }
    }
    for (field, value, code) in [
        ("customer", json!({"email": "ada@example.com\r\nBcc: eve@example.com"}), "text_invalid"),
        ("customer", json!({"email": "ada@example.com", "name": "n".repeat(121)}), "text_invalid"),
        ("customer", json!({"email": "ada@example.com", "name": format!("z{}", "\u{301}".repeat(40))}), "text_invalid"),
        ("customer", json!({"email": "ada@example.com", "name": "4242 4242 4242 4242"}), "card_data_refused"),
        ("custom_data", json!({"order_id": "co_mine"}), "metadata_invalid"),
        ("custom_data", json!({"k".repeat(41): "v"}), "metadata_invalid"),
        ("custom_data", json!({"k": "v".repeat(501)}), "metadata_invalid"),
        ("custom_data", json!({"k": {"nested": 1}}), "type_mismatch"),
        ("renews", json!("co_00000000000000000000000000000000"), "unknown_checkout"),
    ] {
        let mut body = json!({"quote_token": token, "customer": {"email": "ada@example.com"}});
        body[field] = value;
        assert_problem(app.ask_checkout("nobody-again", &body).await, 422, code).await;
    }
    let elsewhere =
        app.ask_quote(&json!({"items": [{"price_id": "pro_monthly"}]})).await.json::<Value>().await.unwrap();
    let body = json!({"quote_token": elsewhere["quote_token"], "customer": {"email": "ada@example.com"}});
    assert_problem(app.ask_checkout("no-country", &body).await, 422, "country_required").await;
}

#[tokio::test]
async fn a_quote_of_another_shop_is_none_here() {
    let (here, elsewhere) = (TestApp::start().await, TestApp::start().await);
    let token = elsewhere.quote("pro_monthly", "DE").await.quote_token;
    let body = json!({"quote_token": token, "customer": {"email": "ada@example.com"}});
    assert_problem(here.ask_checkout("elsewhere", &body).await, 422, "quote_invalid").await;
    assert_eq!(here.sessions(), 0);
}
