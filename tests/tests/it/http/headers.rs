//! The headers of every route, as a table: what a browser may do with the answer (S8), and no cookie
//! among them (S7).

use checkout_tests::app::TestApp;
use reqwest::{Method, Response};
use serde_json::json;

/// What a browser obeys. `content-type` says which kind of answer it is.
const TOLD: [&str; 11] = [
    "content-type",
    "content-security-policy",
    "x-content-type-options",
    "referrer-policy",
    "permissions-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "strict-transport-security",
    "cache-control",
];

/// `GET /path` and its headers, with the origins of this run by their names.
async fn told(app: &TestApp, method: Method, path: &str) -> String {
    let answer = ask(app, method.clone(), path).await;
    assert!(!answer.headers().contains_key("set-cookie"), "{path} sets a cookie");
    assert!(!answer.headers().contains_key("server"), "{path} says what it runs on");
    let mut text = format!("{method} {path}\n");
    for name in TOLD {
        for value in answer.headers().get_all(name) {
            text.extend(["  ", name, ": ", value.to_str().unwrap(), "\n"]);
        }
    }
    let ready = app.ready();
    let local = ready.shop.replace("127.0.0.1", "localhost");
    let mut text = text.replace(&ready.shop, "SHOP").replace(&local, "LOCAL").replace(&ready.sandbox, "PAYMENT");
    if let Some(at) = text.find("/assets/") {
        text.replace_range(at + 8..at + 16, "HASH");
    }
    text
}

async fn ask(app: &TestApp, method: Method, path: &str) -> Response {
    let request = app.http.request(method, format!("{}{path}", app.ready().helper));
    request.header("origin", &app.ready().shop).send().await.unwrap()
}

/// The folder of the widget's files in this build.
async fn assets(app: &TestApp) -> String {
    let needs = ask(app, Method::GET, "/csp").await.text().await.unwrap();
    let at = needs.find("/assets/").expect("the widget is built");
    needs[at..at + 16].to_owned()
}

#[tokio::test]
async fn pages_say_exactly_what_may_be_done_with_them() {
    let app = TestApp::start().await;
    let pay = told(&app, Method::GET, "/pay/pro_monthly").await;
    insta::assert_snapshot!("pages", pay);
    // The others differ in the form, which they have not.
    let rest = pay.split_once('\n').unwrap().1.replace("form-action 'self' PAYMENT", "form-action 'none'");
    for path in ["/problems/price-changed", "/c/co_1?t=x", "/mend/x", "/pay/nothing"] {
        let other = told(&app, Method::GET, path).await;
        assert_eq!(other.split_once('\n').unwrap().1, rest, "{path}");
    }
    let quote = app.quote("pro_monthly", "DE").await;
    let created = app.checkout(&quote).await;
    let back = app.demo.sandbox.checkout_bodies()[0]["return_url"].as_str().unwrap().to_owned();
    let status = back.strip_prefix(&app.ready().helper).unwrap_or_else(|| panic!("{back} of {}", created.id));
    assert_eq!(told(&app, Method::GET, status).await.split_once('\n').unwrap().1, rest, "{status}");
}

#[tokio::test]
async fn everything_else_is_data_that_runs_nowhere() {
    let app = TestApp::start().await;
    let assets = assets(&app).await;
    let (module, loader) = (format!("{assets}/checkout-ui_bg.wasm"), format!("{assets}/checkout.js"));
    let mut table = String::new();
    for (method, path) in [
        (Method::GET, "/v1/catalog"),
        (Method::POST, "/v1/quotes"),
        (Method::POST, "/v1/checkouts"),
        (Method::GET, "/v1/checkouts/co_1"),
        (Method::OPTIONS, "/v1/quotes"),
        (Method::POST, "/webhooks/dodo"),
        (Method::GET, "/pages.css"),
        (Method::GET, "/checkout.js"),
        (Method::GET, &loader),
        (Method::GET, &module),
        (Method::GET, "/assets/00000000/checkout-ui_bg.wasm"),
        (Method::GET, "/csp"),
        (Method::GET, "/nothing"),
        (Method::DELETE, "/pay/pro_monthly"),
    ] {
        table.push_str(&told(&app, method, path).await);
    }
    insta::assert_snapshot!("data", table);
}

/// A page whose links were guessed, a body that is not JSON, an unknown host: refusals have them too.
#[tokio::test]
async fn refusals_before_any_route_have_them_too() {
    let app = TestApp::start().await;
    let refused =
        app.http.get(format!("{}/csp", app.ready().helper)).header("host", "evil.example").send().await.unwrap();
    assert_eq!(refused.status(), 421);
    assert_eq!(refused.headers()["x-content-type-options"], "nosniff");
    assert_eq!(refused.headers()["content-security-policy"], "default-src 'none'; frame-ancestors 'none'");
    let metrics = app.http.get(format!("{}/metrics", app.ready().operations)).send().await.unwrap();
    assert_eq!(metrics.headers()["x-content-type-options"], "nosniff");
    let quote = app.ask_quote(&json!({"items": [{"price_id": "pro_monthly"}]})).await;
    assert_eq!(quote.status(), 200);
    assert_eq!(quote.headers()["cross-origin-resource-policy"], "same-origin");
    assert!(!quote.headers().contains_key("set-cookie"));
}
