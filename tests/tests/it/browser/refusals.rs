//! What a buyer reads when the helper refuses for a reason that is not theirs, and what happens then.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use checkout_tests::app::TestApp;
use checkout_tests::browser::{Browser, Options};
use checkout_tests::in_repository;
use checkout_tests::pages::{Page, reserve};
use checkout_tests::proxy::{Asked, Proxy};
use serde_json::{Value, json};

use super::widget::{COUNTRY, EMAIL, PAY};

fn problem(status: u16, code: &str, retry_after: Option<u32>) -> Response {
    let body = json!({
        "type": "about:blank", "title": "Refused.", "status": status, "code": code,
        "retryable": status != 401, "request_id": "req_1",
    });
    let mut response =
        (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, "application/problem+json")], body.to_string())
            .into_response();
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

/// A page with a button, whose helper is behind what `before` does.
async fn visit(
    options: Options,
    button: &str,
    before: impl Fn(&mut Asked) -> Option<Response> + Send + Sync + 'static,
) -> (TestApp, Browser) {
    let (origin, site) = reserve().await;
    let app = TestApp::start_for(vec![origin.clone()]).await;
    let before = move |asked: &mut Asked| match asked.method {
        Method::OPTIONS => Some(StatusCode::NO_CONTENT.into_response()),
        _ => before(asked),
    };
    let helper = Proxy::to(&app.ready().helper).before(before).serve().await;
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
        <meta name=\"color-scheme\" content=\"light dark\"><title>A shop</title><main><h1>Shop</h1>
        <script type=\"module\" src=\"{helper}/checkout.js\"></script>
        <script>window.heard = []; document.addEventListener('checkout:error', (event) => heard.push(event.detail.code))</script>
        <checkout-button price-id=\"pro_monthly\" {button}>Upgrade</checkout-button></main></html>"
    );
    site.serve(vec![Page::html("/", body)]);
    let browser = Browser::open(Options { still: true, ..options }).await;
    browser.go(&format!("{origin}/")).await;
    (app, browser)
}

/// Status, code and a part of what the buyer reads.
const REFUSALS: [(u16, &str, &str); 4] = [
    (429, "rate_limited", "Too many attempts"),
    (503, "selling_stopped", "Nothing can be bought here at the moment"),
    (503, "overloaded", "a lot going on"),
    (429, "challenge_required", "could not check"),
];

#[tokio::test]
async fn each_refusal_has_words_and_fits_a_phone() {
    for (status, code, words) in REFUSALS {
        for (look, dark) in [("light", false), ("dark", true)] {
            let refuse = move |asked: &mut Asked| (asked.path == "/v1/quotes").then(|| problem(status, code, None));
            let (_app, browser) = visit(Options { dark, ..Options::phone() }, "", refuse).await;
            browser.click("checkout-button").await;
            browser.find_saying("section.status", words).await;
            browser.find_saying("section.status button", "Try again").await;
            assert!(!browser.scrolls_sideways().await, "{code}");
            let heard: Value = browser.script("return window.heard", &[]).await;
            assert_eq!(heard, json!([code]));
            browser.screenshot(in_repository(format!("target/pictures/{code}-{look}.png"))).await;
        }
    }
}

#[tokio::test]
async fn another_try_waits_as_long_as_the_helper_asked() {
    let quotes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&quotes);
    let first = move |asked: &mut Asked| {
        let is_first = asked.path == "/v1/quotes" && counted.fetch_add(1, Ordering::SeqCst) == 0;
        is_first.then(|| problem(429, "rate_limited", Some(3)))
    };
    let (_app, browser) = visit(Options::default(), "", first).await;
    browser.click("checkout-button").await;
    browser.find_saying("section.status", "Too many attempts").await;
    let pressed = Instant::now();
    browser.click_saying("section.status button", "Try again").await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(quotes.load(Ordering::SeqCst), 1, "pressed at once, sent later");
    browser.find_saying(PAY, "Pay").await;
    assert!(pressed.elapsed() > Duration::from_millis(1_500), "{:?}", pressed.elapsed());
}

/// `{"ref":"cus_1","email":"grace@example.com","exp":1}` in base64url: the widget reads it and checks nothing.
const TOKEN: &str = "ct_eyJyZWYiOiJjdXNfMSIsImVtYWlsIjoiZ3JhY2VAZXhhbXBsZS5jb20iLCJleHAiOjF9.c2VhbA";

#[tokio::test]
async fn who_is_signed_in_is_sent_with_the_order_and_kept_nowhere() {
    let button = format!("customer-token=\"{TOKEN}\"");
    let refuse = |asked: &mut Asked| {
        let body: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let sent = asked.path == "/v1/checkouts" && body["customer_token"] == TOKEN;
        sent.then(|| problem(401, "customer_token_invalid", None))
    };
    let (_app, browser) = visit(Options::phone(), &button, refuse).await;
    browser.click("checkout-button").await;
    browser.find_saying(PAY, "Pay").await;
    assert_eq!(browser.value(EMAIL).await, "grace@example.com");
    browser.choose(COUNTRY, "DE").await;
    browser.find_saying(PAY, "€34.51").await;
    browser.click(PAY).await;
    browser.find_saying(".trouble", "Please sign in again").await;
    assert_eq!(browser.script::<Value>("return window.heard", &[]).await, json!(["customer_token_invalid"]));
    let kept: String = browser
        .script("return JSON.stringify([{...sessionStorage}, {...localStorage}, history.state, location.href])", &[])
        .await;
    assert!(kept.contains("grace@example.com"), "the draft is there to be looked at: {kept}");
    assert!(!kept.contains("ct_"), "{kept}");
    browser.screenshot(in_repository("target/pictures/customer_token_invalid-light.png")).await;
}
