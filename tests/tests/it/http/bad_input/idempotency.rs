//! Keys of every wrong kind, and keys that come back after a week.

use std::time::Duration;

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::http::assert_problem;
use checkout_types::CheckoutStatus;
use checkout_types::checkout::CreatedCheckout;
use reqwest::header::HeaderValue;
use serde_json::{Value, json};

const A_WEEK_AND_A_DAY: Duration = Duration::from_hours(8 * 24);

async fn order(app: &TestApp) -> Value {
    let quote = app.quote("pro_monthly", "DE").await;
    json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}})
}

#[tokio::test]
async fn what_is_no_key() {
    let app = TestApp::start().await;
    let body = order(&app).await;
    let long = "k".repeat(256);
    for key in ["", " ", "\t", "two words", "a, b", "\"", "\"\"", "\"a b\"", "\"a", "sch\u{fc}ssel", "a\tb", &long] {
        let answer =
            app.post("/v1/checkouts").header("idempotency-key", HeaderValue::from_bytes(key.as_bytes()).unwrap());
        let answer = answer.json(&body).send().await.unwrap();
        if key == "\"a" || key == "\"" {
            // Odd, but one visible text: the caller's own business.
            assert_eq!(answer.status(), 201, "{key}");
        } else {
            assert_problem(answer, 400, "idempotency_key_invalid").await;
        }
    }
    for two in [["a", "b"], ["a", "a"], ["", ""]] {
        let twice = app.post("/v1/checkouts").header("idempotency-key", two[0]).header("idempotency-key", two[1]);
        assert_problem(twice.json(&body).send().await.unwrap(), 400, "idempotency_key_invalid").await;
    }
    let missing = app.post("/v1/checkouts").json(&body).send().await.unwrap();
    let link = missing.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
    assert_eq!(link.as_deref(), Some("</problems/idempotency-key-missing>; rel=\"help\""));
    assert_problem(missing, 400, "idempotency_key_missing").await;
}

#[tokio::test]
async fn a_comma_in_a_key_is_a_part_of_it() {
    let app = TestApp::start().await;
    let body = order(&app).await;
    let first: CreatedCheckout = app.ask_checkout("a,b", &body).await.json().await.unwrap();
    let other: CreatedCheckout = app.ask_checkout("a", &body).await.json().await.unwrap();
    assert_ne!(first.id, other.id, "it is not read as a list");
}

#[tokio::test]
async fn a_key_that_comes_back_after_a_week_is_replayed_while_its_order_lives() {
    let app = TestApp::start().await;
    let body = order(&app).await;
    let first = app.ask_checkout("kept", &body).await.bytes().await.unwrap();
    let created: CreatedCheckout = serde_json::from_slice(&first).unwrap();
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    app.clock.advance(A_WEEK_AND_A_DAY);
    let again = app.ask_checkout("kept", &body).await;
    assert_eq!((again.status().as_u16(), again.bytes().await.unwrap()), (201, first), "what was paid stays paid");
}

#[tokio::test]
async fn a_key_whose_order_has_closed_says_so_after_a_week() {
    let app = TestApp::start().await;
    let body = order(&app).await;
    let first = app.ask_checkout("closed", &body).await.bytes().await.unwrap();
    // For a week the same bytes come back, whatever has become of the order (G3).
    app.clock.advance(Duration::from_hours(6 * 24));
    assert_eq!(app.ask_checkout("closed", &body).await.bytes().await.unwrap(), first);
    app.clock.advance(Duration::from_hours(2 * 24));
    assert_problem(app.ask_checkout("closed", &body).await, 409, "order_closed").await;
    assert_eq!(app.sessions(), 1);
}
