//! Texts, addresses and paths that somebody could read in another way than they were meant.

use checkout_tests::app::{TestApp, read};
use checkout_tests::http::assert_problem;
use checkout_types::checkout::CreatedCheckout;
use serde_json::{Value, json};

async fn order(app: &TestApp) -> Value {
    let quote = app.quote("pro_monthly", "DE").await;
    json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}})
}

#[tokio::test]
async fn texts_that_are_not_what_they_seem() {
    let app = TestApp::start().await;
    let body = order(&app).await;
    let stacked = format!("z{}", "\u{301}".repeat(10_000));
    for name in [
        "Ada\u{0}",
        "Ada\u{7}",
        "Ada\nBcc: x",
        "Ada\u{7f}",
        "Ada\u{85}",
        "\u{202e}adA",
        "\u{2066}Ada",
        "\u{200f}Ada",
        "Ada\u{2028}",
        "Ada\u{feff}",
        "Ada\u{e0041}",
        "\u{fffe}",
        &stacked,
        &"n".repeat(121),
    ] {
        let mut body = body.clone();
        body["customer"]["name"] = name.into();
        let problem = assert_problem(app.ask_checkout("text", &body).await, 422, "text_invalid").await;
        assert_eq!(problem["errors"][0]["pointer"], "/customer/name", "{name:?}");
    }
    let mut huge = body.clone();
    huge["custom_data"] = json!({"note": "n".repeat(4_097)});
    assert_problem(app.ask_checkout("text", &huge).await, 422, "text_invalid").await;
}

#[tokio::test]
async fn texts_that_are_only_text_are_kept_as_they_are() {
    let app = TestApp::start().await;
    for (number, (typed, kept)) in [
        ("{{7*7}} ${7*7} <%= 7*7 %>", "{{7*7}} ${7*7} <%= 7*7 %>"),
        ("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"),
        ("=cmd()|' /C calc'!A0", "=cmd()|' /C calc'!A0"),
        ("Robert'); DROP TABLE checkouts;--", "Robert'); DROP TABLE checkouts;--"),
        ("A\u{30a}sa", "\u{c5}sa"),
        ("\u{1112}\u{1161}\u{11ab}", "\u{d55c}"),
        ("👩‍👩‍👧 Ада", "👩‍👩‍👧 Ада"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = order(&app).await;
        body["customer"]["name"] = typed.into();
        let _: CreatedCheckout = read(app.ask_checkout(&format!("kept-{number}"), &body).await, 201).await;
        assert_eq!(app.demo.sandbox.checkout_bodies()[number]["customer"]["name"], kept);
    }
}

#[tokio::test]
async fn e_mail_addresses() {
    let app = TestApp::start().await;
    let body = order(&app).await;
    let long = format!("{}@example.com", "a".repeat(243));
    for (email, code) in [
        ("ada", "email_invalid"),
        ("\"ada\"@example.com", "email_invalid"),
        ("ada@example", "email_invalid"),
        ("ada@127.0.0.1", "email_invalid"),
        ("аdа@example.com", "email_invalid"),
        ("ada@example.com,eve@example.com", "email_invalid"),
        ("ada@example.com\r\nBcc: eve@example.com", "text_invalid"),
        (long.as_str(), "email_invalid"),
    ] {
        let mut body = body.clone();
        body["customer"]["email"] = email.into();
        let problem = assert_problem(app.ask_checkout("email", &body).await, 422, code).await;
        assert_eq!(problem["errors"][0]["pointer"], "/customer/email", "{email}");
    }
    let mut idn = body.clone();
    idn["customer"]["email"] = "ada@bücher.example".into();
    let _: CreatedCheckout = read(app.ask_checkout("idn", &idn).await, 201).await;
    assert_eq!(app.demo.sandbox.checkout_bodies()[0]["customer"]["email"], "ada@xn--bcher-kva.example");
}

#[tokio::test]
async fn addresses_to_return_to() {
    let app = TestApp::start_for(vec!["https://shop.example".to_owned()]).await;
    let body = order(&app).await;
    let long = format!("https://shop.example/{}", "a".repeat(2_028));
    for url in [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://evil.example/",
        "https://good@evil.example/",
        "https://shop.example@evil.example/",
        "https://user:pass@shop.example/",
        "//evil.example",
        "//shop.example/",
        "\\\\evil.example",
        "https:\\\\shop.example",
        "https://shop.example\\@evil.example/",
        "https://shop.example:8443/",
        "http://shop.example/",
        "https://shop.example.evil.com/",
        "https://xn--shp-qla.example/",
        "https://shöp.example/",
        "/thanks",
        "https://shop.example\t.evil.com/",
        "https:shop.example/",
        "https:///shop.example/",
        "blob:https://shop.example/x",
        "https://shop.example%2eevil.com/",
        "https://shop%2eexample/",
        &long,
    ] {
        let mut body = body.clone();
        body["success_url"] = url.into();
        let answer = app.ask_checkout("return", &body).await;
        let code = if url.contains('\t') { "text_invalid" } else { "return_url_not_allowed" };
        let problem = assert_problem(answer, 422, code).await;
        assert_eq!(problem["errors"][0]["pointer"], "/success_url", "{url}");
    }
    let mut fine = body;
    fine["success_url"] = "https://shop.example/thanks?order=1#top".into();
    assert_eq!(app.ask_checkout("return", &fine).await.status(), 201);
}

#[tokio::test]
async fn notes_that_are_more_than_notes() {
    let app = TestApp::start().await;
    let body = order(&app).await;
    let many: serde_json::Map<String, Value> = (0..21).map(|number| (format!("k{number}"), json!("v"))).collect();
    for (notes, code) in [
        (Value::Object(many), "metadata_invalid"),
        (json!({"k".repeat(41): "v"}), "metadata_invalid"),
        (json!({"": "v"}), "metadata_invalid"),
        (json!({"k": "v".repeat(501)}), "metadata_invalid"),
        (json!({"order_id": "co_1"}), "metadata_invalid"),
        (json!({"checkout_id": "co_1"}), "metadata_invalid"),
        (json!({"customer_reference": "somebody"}), "metadata_invalid"),
        (json!({"k": {"nested": 1}}), "type_mismatch"),
        (json!({"k": 1}), "type_mismatch"),
        (json!({"k": null}), "required"),
        (json!([["k", "v"]]), "type_mismatch"),
        (json!({"k\u{0}": "v"}), "text_invalid"),
    ] {
        let mut body = body.clone();
        body["custom_data"] = notes;
        assert_problem(app.ask_checkout("notes", &body).await, 422, code).await;
    }
}

#[tokio::test]
async fn ids_that_only_look_like_ids() {
    let app = TestApp::start().await;
    for id in [
        "PRO_MONTHLY",
        "pro_monthly ",
        " pro_monthly",
        "pro_monthly\u{200b}",
        "рro_monthly",
        "pro_month\u{200d}ly",
        "ｐro_monthly",
        "../pro_monthly",
        "pro_monthly'--",
        "pro_monthly%00",
        "pro_monthly/",
        "",
        "__proto__",
        "constructor",
    ] {
        let body = json!({"items": [{"price_id": id}]});
        let problem = assert_problem(app.ask_quote(&body).await, 422, "cart_invalid").await;
        assert_eq!(problem["errors"][0]["code"], "unknown_product", "{id:?}");
    }
    let long = json!({"items": [{"price_id": "p".repeat(10_000)}]});
    assert_problem(app.ask_quote(&long).await, 422, "text_invalid").await;
}

#[tokio::test]
async fn paths_and_queries() {
    let app = TestApp::start().await;
    let ask = async |target: &str| {
        app.raw(format!(
            "GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {}\r\nConnection: close\r\n\r\n",
            app.ready().shop
        ))
        .await
    };
    let long = "a".repeat(10_000);
    let longest = format!("/pay/pro_monthly?quantity={}", "1".repeat(65_536));
    for (target, expected) in [
        ("/v1/checkouts/%ff", "400"),
        ("/v1/checkouts/%zz", "400"),
        ("/v1/checkouts/%", "400"),
        ("/v1/checkouts/%4", "400"),
        ("/v1/checkouts/%c0%af", "400"),
        ("/v1/checkouts/%ed%a0%80", "400"),
        ("/assets/%ff/x", "400"),
        ("/problems/%ff", "400"),
        ("/nothing/%ff", "400"),
        ("/pay/%ff", "400"),
        ("/pay/%zz", "400"),
        ("/c/%ff", "400"),
        ("/c/%", "400"),
        ("/v1/checkouts/%00", "404"),
        ("/pay/%00", "404"),
        ("/c/%00", "404"),
        ("/v1/checkouts/co_1%2fevents", "404"),
        ("/v1%2fcatalog", "404"),
        ("/v1/../v1/catalog", "404"),
        ("/%2e%2e/etc/passwd", "404"),
        ("/..", "404"),
        ("//v1/catalog", "404"),
        ("/v1/catalog/", "404"),
        ("/pay/..%2f..%2fetc", "404"),
        ("/assets/x/..%2f..%2fetc%2fpasswd", "404"),
        ("/V1/catalog", "404"),
        (format!("/v1/checkouts/{long}").as_str(), "404"),
        (format!("/pay/{long}").as_str(), "404"),
        (format!("/c/{long}?t={long}").as_str(), "431"),
        (longest.as_str(), "431"),
        ("/pay/pro_monthly?quantity=1&quantity=2", "200"),
        ("/pay/pro_monthly?quantity=%ff", "200"),
        ("/pay/pro_monthly?%", "200"),
        ("/pay/pro_monthly?quantity=99999999999999999999&x[]=1", "200"),
        ("/v1/catalog?a=1&a=2", "200"),
    ] {
        let answer = ask(target).await;
        let head = answer.lines().next().unwrap_or_default();
        let shown = &target[..target.len().min(60)];
        assert!(head.starts_with(&format!("HTTP/1.1 {expected} ")), "{shown}: {head}");
        if expected == "400" {
            assert!(answer.contains("path_invalid"), "{shown}: {answer}");
            let is_page = target.starts_with("/pay/") || target.starts_with("/c/");
            let kind = if is_page { "text/html" } else { "application/problem+json" };
            assert!(answer.contains(kind) && (!is_page || answer.contains("default-src 'none'")), "{shown}: {answer}");
        }
    }
}

#[tokio::test]
async fn nobody_gets_a_page_where_a_program_asks_and_no_cookie_ever() {
    let app = TestApp::start().await;
    for path in ["/v1/nothing", "/v1/checkouts/co_1", "/v1/customer"] {
        let answer = app.get(path).header("accept", "text/html").send().await.unwrap();
        assert!(!answer.headers().contains_key("set-cookie"));
        assert_eq!(answer.headers()["content-type"], "application/problem+json");
    }
}

#[tokio::test]
async fn authorization_that_two_readers_could_read_differently() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let ask = |values: &[&str]| {
        let request = app.get(&format!("/v1/checkouts/{}", created.id));
        values.iter().fold(request, |request, value| request.header("authorization", *value)).send()
    };
    let secret = created.client_secret.as_str();
    for (values, status) in [
        (vec![format!("Bearer {secret}")], 200),
        (vec![format!("bearer {secret}")], 200),
        (vec![format!("Bearer {secret}"), format!("Bearer {secret}")], 404),
        (vec![format!("Bearer {secret}"), "Bearer x".to_owned()], 404),
        (vec![format!("Bearer {secret}, Bearer x")], 404),
        (vec![format!("Basic {secret}")], 404),
        (vec![secret.to_owned()], 404),
        (vec![format!("Bearer{secret}")], 404),
        (vec![String::new()], 404),
    ] {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        assert_eq!(ask(&values).await.unwrap().status(), status, "{values:?}");
    }
}
