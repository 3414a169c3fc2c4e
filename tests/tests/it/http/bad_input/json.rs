//! Bodies that are not JSON, or not ours.

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
        (r#"{"items":[{"price_id":"pro_monthly","quantity":0x1}]}"#, 400, "json_invalid", None),
        (r#"{"items":[{"price_id":"pro_monthly","quantity":+1}]}"#, 400, "json_invalid", None),
        (r#"{"items":[{"price_id":"pro_monthly","quantity":1.}]}"#, 400, "json_invalid", None),
        (r#"{"items":Infinity}"#, 400, "json_invalid", None),
        ("{}/* a comment */", 400, "json_invalid", None),
        ("{// a comment\n}", 400, "json_invalid", None),
        ("{\"items\":\"a\nb\"}", 400, "json_invalid", None),
        ("{items:[]}", 400, "json_invalid", None),
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
        (r#"{"items":[{"price_id":"pro_monthly","quantity":-0}]}"#, 422, "type_mismatch", Some("/items/0/quantity")),
        (r#"{"items":[{"price_id":"pro_monthly","quantity":true}]}"#, 422, "type_mismatch", Some("/items/0/quantity")),
        (r#"{"items":[{"price_id":"pro_monthly","quantity":null}]}"#, 422, "required", Some("/items/0/quantity")),
        (
            r#"{"items":[{"price_id":"pro_monthly","quantity":10000000000000000000000}]}"#,
            422,
            "out_of_range",
            Some("/items/0/quantity"),
        ),
        (
            r#"{"items":[{"price_id":"pro_monthly","quantity":9007199254740992}]}"#,
            422,
            "out_of_range",
            Some("/items/0/quantity"),
        ),
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
        let mut problem = assert_problem(request.send().await.unwrap(), status, code).await;
        if let Some(pointer) = pointer {
            assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}: {problem}");
        }
        problem["request_id"] = Value::Null;
        assert!(!problem.to_string().contains("4242"), "nothing is repeated");
    }
    let request = app.post("/v1/quotes").header(CONTENT_TYPE, "application/json").body(vec![b'{', 0xff, b'}']);
    assert_problem(request.send().await.unwrap(), 400, "json_invalid").await;
}

#[tokio::test]
async fn json_that_is_meant_to_exhaust_somebody() {
    let app = TestApp::start().await;
    let keys = (0..100_000).map(|number| format!("\"{number}\":1")).collect::<Vec<_>>().join(",");
    let few_keys = (0..6_000).map(|number| format!("\"{number}\":1")).collect::<Vec<_>>().join(",");
    let digits = format!("{{\"items\":{}}}", "9".repeat(10_000));
    let decimals = format!("{{\"items\":0.{}}}", "9".repeat(10_000));
    let exponent = format!("{{\"items\":1e{}}}", "9".repeat(10_000));
    let quantity = format!(r#"{{"items":[{{"price_id":"pro_monthly","quantity":{}}}]}}"#, "9".repeat(10_000));
    for (body, status, code) in [
        (format!("{{{keys}}}"), 413, "body_too_large"),
        (format!("{{{few_keys}}}"), 422, "unknown_field"),
        (" ".repeat(5 << 20), 413, "body_too_large"),
        (" ".repeat(65_000), 400, "json_invalid"),
        (digits, 422, "out_of_range"),
        (decimals, 422, "type_mismatch"),
        (exponent, 422, "out_of_range"),
        (quantity, 422, "out_of_range"),
        ("[".repeat(65_000), 400, "json_too_deep"),
        ("{\"a\":".repeat(10_000), 400, "json_too_deep"),
    ] {
        let began = std::time::Instant::now();
        let request = app.post("/v1/quotes").header(CONTENT_TYPE, "application/json").body(body);
        // Where the connection was closed on a body that is too large, the answer may be lost.
        match request.send().await {
            Ok(answer) => drop(assert_problem(answer, status, code).await),
            Err(error) => assert_eq!(status, 413, "{error}"),
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(2), "{code} took {:?}", began.elapsed());
    }
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
