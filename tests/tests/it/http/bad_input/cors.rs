//! Which pages may ask, and which may read (S6): forty origins, every browser route, asked simply
//! and by preflight, and the answer to each written down.

use std::collections::BTreeSet;

use checkout_server::http::openapi;
use checkout_tests::app::TestApp;
use checkout_tests::http::assert_problem;
use reqwest::header::{HeaderValue, ORIGIN};
use reqwest::{Method, Response};
use serde_json::{Value, json};

const LISTED: &str = "https://shop.example";

/// The routes that pages use, with the status of a bare request from a listed page.
const ROUTES: [(&str, &str, u16); 6] = [
    ("GET", "/v1/catalog", 200),
    ("POST", "/v1/quotes", 415),
    ("POST", "/v1/checkouts", 400),
    ("GET", "/v1/checkouts/co_1", 404),
    ("GET", "/v1/checkouts/co_1/events", 404),
    ("GET", "/v1/customer", 401),
];

/// Forty of them; those that are listed first.
fn origins(app: &TestApp) -> Vec<(String, bool)> {
    let shop = app.ready().shop.clone();
    let helper = app.ready().helper.clone();
    let listed = [LISTED.to_owned(), "https://xn--bcher-kva.example:8443".to_owned(), shop.clone(), helper.clone()];
    let foreign = [
        "null",
        "*",
        "",
        " ",
        "https://shop.example.evil.com",
        "https://evilshop.example",
        "https://evil-shop.example",
        "http://shop.example",
        "https://shop.example:443",
        "https://shop.example:8443",
        "https://shop.example.",
        "HTTPS://SHOP.EXAMPLE",
        "https://Shop.example",
        "https://shop.example/",
        "https://shop.example/path",
        "https://shop.example?x",
        "https://shop.example#x",
        "https://user@shop.example",
        "https://shop.example@evil.com",
        "https://shop.example, https://shop.example",
        "https://shop.example https://evil.com",
        "//shop.example",
        "shop.example",
        "https:shop.example",
        "https:/shop.example",
        "https://sub.shop.example",
        "https://shop.example:0",
        "https://xn--bcher-kva.example",
        "https://evil.example",
        "chrome-extension://abcdefghijklmnop",
        "file://",
        "https://localhost",
        "https://[::1]",
        "data:text/html,x",
        "https://shop%2eexample",
        "https://shop_example",
    ];
    let listed = listed.map(|origin| (origin, true));
    listed.into_iter().chain(foreign.map(|origin| (origin.to_owned(), false))).collect()
}

async fn start() -> TestApp {
    TestApp::start_for(vec![LISTED.to_owned(), "https://xn--bcher-kva.example:8443".to_owned()]).await
}

fn allowed(answer: &Response) -> Option<&str> {
    answer.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap())
}

/// No answer of any kind says these.
fn assert_frugal(answer: &Response) {
    assert!(!answer.headers().contains_key("access-control-allow-credentials"));
    assert!(!answer.headers().contains_key("set-cookie"));
    assert_ne!(allowed(answer), Some("*"));
    let varies = answer.headers().get_all("vary").iter().any(|vary| vary.to_str().unwrap().contains("Origin"));
    assert!(varies, "a cache keeps pages apart");
}

#[tokio::test]
async fn forty_origins_on_every_browser_route() {
    let app = start().await;
    let origins = origins(&app);
    assert_eq!(origins.len(), 40);
    let (mut simple, mut preflights) = (0, 0);
    for (method, path, status) in ROUTES {
        for (origin, listed) in &origins {
            let url = format!("{}{path}", app.ready().helper);
            let request = app.http.request(method.parse::<Method>().unwrap(), &url).header(ORIGIN, origin);
            let answer = request.send().await.unwrap();
            assert_frugal(&answer);
            assert_eq!(allowed(&answer), listed.then_some(origin.as_str()), "{path} {origin}");
            if *listed {
                assert_eq!(answer.status(), status, "{path} {origin}");
            } else {
                assert_problem(answer, 403, "origin_not_allowed").await;
            }
            simple += 1;

            let preflight = app.http.request(Method::OPTIONS, &url).header(ORIGIN, origin);
            let preflight = preflight.header("access-control-request-method", method);
            let answer = preflight.header("access-control-request-headers", "content-type").send().await.unwrap();
            assert_frugal(&answer);
            assert_eq!(allowed(&answer), listed.then_some(origin.as_str()), "{path} {origin}");
            if *listed {
                assert_eq!(answer.status(), 204);
                assert_eq!(answer.headers()["access-control-max-age"], "7200");
                assert_eq!(answer.headers()["access-control-allow-methods"], "GET, POST");
            } else {
                assert_problem(answer, 403, "origin_not_allowed").await;
            }
            preflights += 1;
        }
    }
    println!("{simple} simple requests and {preflights} preflights from {} origins", origins.len());
}

#[tokio::test]
async fn the_routes_of_that_table_are_those_of_the_document() {
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let names = operation["responses"]["403"]["description"].as_str().unwrap_or_default();
            let is_page = path.starts_with("/v1/") && names.contains("origin_not_allowed");
            routes.extend(is_page.then(|| (method.to_uppercase(), path.replace("{id}", "co_1"))));
        }
    }
    let table = ROUTES.map(|(method, path, _)| (method.to_owned(), path.to_owned()));
    assert_eq!(routes, BTreeSet::from(table));
}

#[tokio::test]
async fn a_preflight_for_what_no_route_takes_is_refused() {
    let app = start().await;
    let url = format!("{}/v1/checkouts", app.ready().helper);
    let ask = |name: &'static str, value: &str| {
        let preflight = app.http.request(Method::OPTIONS, &url).header(ORIGIN, LISTED);
        let with_method = if name == "access-control-request-method" {
            preflight
        } else {
            preflight.header("access-control-request-method", "POST")
        };
        with_method.header(name, value).send()
    };
    for (name, value) in [
        ("access-control-request-method", "DELETE"),
        ("access-control-request-method", "PUT"),
        ("access-control-request-method", "post"),
        ("access-control-request-method", ""),
        ("access-control-request-headers", "x-evil"),
        ("access-control-request-headers", "content-type, x-evil"),
        ("access-control-request-headers", "cookie"),
        ("access-control-request-private-network", "true"),
        ("access-control-request-local-network", "true"),
    ] {
        let answer = ask(name, value).await.unwrap();
        assert_frugal(&answer);
        assert_eq!(allowed(&answer), None, "{name}: {value}");
        assert_problem(answer, 403, "origin_not_allowed").await;
    }
    for headers in ["", "authorization,checkout-proof,content-type,idempotency-key,last-event-id", "Content-Type"] {
        let answer = ask("access-control-request-headers", headers).await.unwrap();
        assert_eq!(answer.status(), 204, "{headers}");
    }
    let bare = app.http.request(Method::OPTIONS, &url).send().await.unwrap();
    assert_problem(bare, 405, "method_not_allowed").await;
}

#[tokio::test]
async fn without_an_origin_or_with_two_nobody_is_a_page() {
    let app = start().await;
    for (method, path, _) in ROUTES {
        let url = format!("{}{path}", app.ready().helper);
        let request = || app.http.request(method.parse::<Method>().unwrap(), &url);
        assert_problem(request().send().await.unwrap(), 403, "origin_not_allowed").await;
        let twice = request().header(ORIGIN, LISTED).header(ORIGIN, LISTED);
        assert_problem(twice.send().await.unwrap(), 403, "origin_not_allowed").await;
        let bytes = HeaderValue::from_bytes("https://bücher.example:8443".as_bytes()).unwrap();
        assert_problem(request().header(ORIGIN, bytes).send().await.unwrap(), 403, "origin_not_allowed").await;
        let cross = request().header("sec-fetch-site", "cross-site");
        assert_problem(cross.send().await.unwrap(), 403, "origin_not_allowed").await;
    }
}

#[tokio::test]
async fn a_form_cannot_be_made_to_look_like_a_page_of_ours() {
    let app = start().await;
    // A simple request, which browsers send without asking: the body is not even read.
    let cart = json!({"items": [{"price_id": "pro_monthly"}]}).to_string();
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let simple = app.post("/v1/quotes").header("content-type", kind).body(cart.clone());
        assert_problem(simple.send().await.unwrap(), 415, "unsupported_media_type").await;
    }
    let form = app.http.post(format!("{}/pay/pro_monthly", app.ready().helper)).header(ORIGIN, "https://evil.example");
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("quantity=1");
    assert_eq!(form.send().await.unwrap().status(), 403);
}
