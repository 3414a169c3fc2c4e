//! The table of bad inputs, for the bodies that the helper takes. Each answer has a stable code
//! and points at the field; none repeats what was sent.

use checkout_tests::app::TestApp;
use checkout_tests::http::assert_problem;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde_json::{Value, json};

/// Body, status, code, pointer ("" where it is about the whole).
type Row<'a> = (&'a str, u16, &'a str, Option<&'a str>);

#[tokio::test]
async fn json_that_is_not_what_it_should_be() {
    let app = TestApp::start().await;
    let deep = format!(r#"{{"items":{}1{}}}"#, "[".repeat(200), "]".repeat(200));
    let rows: Vec<Row<'_>> = vec![
        ("", 400, "json_invalid", None),
        ("{", 400, "json_invalid", None),
        (r#"{"items":[],}"#, 400, "json_invalid", None),
        ("{'items':[]}", 400, "json_invalid", None),
        ("{} x", 400, "json_invalid", None),
        ("{}\0", 400, "json_invalid", None),
        ("\u{feff}{}", 400, "json_invalid", None),
        (r#"{"items":"\ud800"}"#, 400, "json_invalid", None),
        (r#"{"items":NaN}"#, 400, "json_invalid", None),
        (r#"{"items":[{"price_id":"pro_monthly","quantity":01}]}"#, 400, "json_invalid", None),
        (&deep, 400, "json_too_deep", None),
        (r#"{"items":[],"items":[]}"#, 400, "json_duplicate_key", None),
        (r#"{"items":[{"price_id":"a","price_id":"b"}]}"#, 400, "json_duplicate_key", None),
        ("[]", 422, "object_expected", Some("")),
        ("7", 422, "object_expected", Some("")),
        ("null", 422, "object_expected", Some("")),
        (r#"{"items":[["pro_monthly",1]]}"#, 422, "object_expected", Some("/items/0")),
        (r#"{"items":[{"price_id":"pro_monthly"}],"customer":["DE"]}"#, 422, "object_expected", Some("/customer")),
        (r#"{"items":[{"price_id":"pro_monthly","price":1}]}"#, 422, "unknown_field", Some("/items/0/price")),
        (r#"{"items":[],"total":1}"#, 422, "unknown_field", Some("/total")),
        ("{}", 422, "required", Some("/items")),
        (r#"{"items":null}"#, 422, "required", Some("/items")),
        (r#"{"items":[{"price_id":"pro_monthly","quantity":"1"}]}"#, 422, "type_mismatch", Some("/items/0/quantity")),
        (r#"{"items":[{"price_id":"pro_monthly","quantity":1.0}]}"#, 422, "type_mismatch", Some("/items/0/quantity")),
        (r#"{"items":[{"price_id":"pro_monthly","quantity":1e2}]}"#, 422, "type_mismatch", Some("/items/0/quantity")),
        (r#"{"items":[{"price_id":7}]}"#, 422, "type_mismatch", Some("/items/0/price_id")),
        (
            r#"{"items":[{"price_id":"pro_monthly","quantity":9223372036854775808}]}"#,
            422,
            "out_of_range",
            Some("/items/0/quantity"),
        ),
        (r#"{"items":[{"price_id":"pro_monthly","quantity":-1}]}"#, 422, "out_of_range", Some("/items/0/quantity")),
        (r#"{"items":[{"price_id":"pro_monthly","quantity":1e400}]}"#, 422, "out_of_range", None),
        (r#"{"items":[{"price_id":"pro\u0000monthly"}]}"#, 422, "text_invalid", Some("/items/0/price_id")),
        (r#"{"items":[{"price_id":"\u202Epro"}]}"#, 422, "text_invalid", Some("/items/0/price_id")),
        (r#"{"items":[{"price_id":"4242 4242 4242 4242"}]}"#, 422, "card_data_refused", Some("/items/0/price_id")),
        (
            r#"{"items":[{"price_id":"pro_monthly","quantity":4242424242424242}]}"#,
            422,
            "card_data_refused",
            Some("/items/0/quantity"),
        ),
    ];
    for (body, status, code, pointer) in rows {
        let request = app.post("/v1/quotes").header(CONTENT_TYPE, "application/json").body(body.to_owned());
        let problem = assert_problem(request.send().await.unwrap(), status, code).await;
        if let Some(pointer) = pointer {
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
        }
        assert!(!problem.to_string().contains("4242"), "nothing is repeated");
    }
    let request = app.post("/v1/quotes").header(CONTENT_TYPE, "application/json").body(vec![b'{', 0xff, b'}']);
    assert_problem(request.send().await.unwrap(), 400, "json_invalid").await;
}

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
async fn answers_stay_small_however_much_is_wrong() {
    let app = TestApp::start().await;
    let name = "n".repeat(50_000);
    let answer = app.ask_quote(&json!({"items": [], name: 1})).await;
    assert_problem(answer, 422, "unknown_field").await;
    let addons: Vec<Value> = (0..3_000).map(|_| json!({"addon_id": "x"})).collect();
    let answer = app.ask_quote(&json!({"items": [{"price_id": "pro_monthly", "addons": addons}]})).await;
    assert_problem(answer, 422, "cart_invalid").await;
}

#[tokio::test]
async fn bodies_that_are_not_read() {
    let app = TestApp::start().await;
    for kind in
        ["text/plain", "application/json; charset=utf-16", "application/x-www-form-urlencoded", "application/jsonp"]
    {
        let answer = app.post("/v1/quotes").header(CONTENT_TYPE, kind).body("{}").send().await.unwrap();
        assert_problem(answer, 415, "unsupported_media_type").await;
    }
    let without = app.post("/v1/quotes").body("{}").send().await.unwrap();
    assert_problem(without, 415, "unsupported_media_type").await;
    let packed =
        app.post("/v1/quotes").header(CONTENT_TYPE, "application/json").header(CONTENT_ENCODING, "gzip").body("x");
    assert_problem(packed.send().await.unwrap(), 415, "unsupported_encoding").await;
    let large = format!(r#"{{"items":"{}"}}"#, "a".repeat(70_000));
    let answer = app.post("/v1/quotes").header(CONTENT_TYPE, "application/json").body(large).send().await;
    assert_problem(answer.unwrap(), 413, "body_too_large").await;
    let charset = app.post("/v1/quotes").header(CONTENT_TYPE, "application/json; charset=\"UTF-8\"");
    let body = r#"{"items":[{"price_id":"pro_monthly"}]}"#;
    assert_eq!(charset.body(body).send().await.unwrap().status(), 200);
}
