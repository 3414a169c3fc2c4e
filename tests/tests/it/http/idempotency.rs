//! One key, one order, one payment page, whatever happens on the way.

use checkout_tests::app::{TestApp, session_of};
use checkout_tests::http::assert_problem;
use futures_util::future::join_all;
use serde_json::{Value, json};

async fn body(app: &TestApp) -> Value {
    let quote = app.quote("pro_monthly", "DE").await;
    json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}})
}

#[tokio::test]
async fn the_same_key_gives_the_same_bytes_after_a_restart_too() {
    let app = TestApp::start().await;
    let body = body(&app).await;
    let first = app.ask_checkout("one-key", &body).await;
    assert!(!first.headers().contains_key("idempotent-replayed"));
    let first = first.bytes().await.unwrap();
    for _ in 0..2 {
        let again = app.ask_checkout("\"one-key\"", &body).await;
        assert_eq!(again.headers()["idempotent-replayed"], "true");
        assert_eq!(again.bytes().await.unwrap(), first);
    }
    assert_eq!(app.sessions(), 1);
    let app = app.restart().await;
    app.clock.advance(std::time::Duration::from_hours(1));
    let again = app.ask_checkout("one-key", &body).await;
    assert_eq!((again.status().as_u16(), again.bytes().await.unwrap()), (201, first));
    assert_eq!(app.sessions(), 0, "the new provider heard of nothing");
}

#[tokio::test]
async fn a_hundred_at_once_make_one_session() {
    let app = TestApp::start().await;
    app.scenario(json!({"latency_ms": 100})).await;
    let body = body(&app).await;
    let answers = join_all((0..100).map(|_| app.ask_checkout("a-hundred", &body))).await;
    let mut bodies = Vec::new();
    for answer in answers {
        assert_eq!(answer.status(), 201);
        bodies.push(answer.bytes().await.unwrap());
    }
    bodies.dedup();
    assert_eq!((bodies.len(), app.sessions()), (1, 1));
}

#[tokio::test]
async fn a_key_is_for_one_request_only() {
    let app = TestApp::start().await;
    let mut body = body(&app).await;
    assert_eq!(app.ask_checkout("mine", &body).await.status(), 201);
    body["customer"]["email"] = "eve@example.com".into();
    assert_problem(app.ask_checkout("mine", &body).await, 422, "idempotency_key_reused").await;
    assert_eq!(app.sessions(), 1);
}

#[tokio::test]
async fn keys_that_are_none_are_refused() {
    let app = TestApp::start().await;
    let body = body(&app).await;
    let missing = app.post("/v1/checkouts").json(&body).send().await.unwrap();
    assert_problem(missing, 400, "idempotency_key_missing").await;
    let long = "k".repeat(256);
    for key in ["", " ", "two words", "\"\"", "schlüssel", long.as_str()] {
        assert_problem(app.ask_checkout(key, &body).await, 400, "idempotency_key_invalid").await;
    }
    let twice = app.post("/v1/checkouts").header("idempotency-key", "a").header("idempotency-key", "b").json(&body);
    assert_problem(twice.send().await.unwrap(), 400, "idempotency_key_invalid").await;
}

#[tokio::test]
async fn a_refused_request_leaves_its_key_free() {
    let app = TestApp::start().await;
    let mut body = body(&app).await;
    body["customer"]["email"] = "not an address".into();
    assert_problem(app.ask_checkout("free", &body).await, 422, "email_invalid").await;
    body["customer"]["email"] = "ada@example.com".into();
    assert_eq!(app.ask_checkout("free", &body).await.status(), 201);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_key_and_one_page_is_revealed() {
    let app = TestApp::start().await;
    let body = body(&app).await;
    app.scenario(json!({"outage": "drop_reply", "outage_count": 1, "outage_route": "POST /checkouts"})).await;
    assert_problem(app.ask_checkout("lost", &body).await, 503, "provider_unknown").await;
    // The provider has made a page that nobody knows of. A restart in between changes nothing.
    let app = app.restart().await;
    let created = app.ask_checkout("lost", &body).await;
    assert_eq!(created.status(), 201);
    let created = created.json().await.unwrap();
    let again = app.ask_checkout("lost", &body).await.json().await.unwrap();
    assert_eq!(session_of(&created), session_of(&again));
}

#[tokio::test]
async fn an_order_whose_answers_are_always_lost_ends_after_three_sends() {
    let app = TestApp::start().await;
    let body = body(&app).await;
    app.scenario(json!({"outage": "drop_reply", "outage_count": 3, "outage_route": "POST /checkouts"})).await;
    for _ in 0..3 {
        assert_problem(app.ask_checkout("lost", &body).await, 503, "provider_unknown").await;
    }
    assert_problem(app.ask_checkout("lost", &body).await, 409, "order_closed").await;
    assert_eq!(app.sessions(), 3, "and no more");
    assert_eq!(app.ask_checkout("anew", &body).await.status(), 201);
}

#[tokio::test]
async fn an_order_that_never_left_costs_no_send() {
    let app = TestApp::start().await;
    let body = body(&app).await;
    app.scenario(json!({"outage": "drop_reply", "outage_count": 1, "outage_route": "POST /checkouts"})).await;
    assert_problem(app.ask_checkout("lost", &body).await, 503, "provider_unknown").await;
    for _ in 0..4 {
        app.scenario(json!({"rate_limit": 1})).await;
        let problem: Value = app.ask_checkout("lost", &body).await.json().await.unwrap();
        assert_eq!(problem["code"], "provider_unavailable");
    }
    app.scenario(json!({"rate_limit": null})).await;
    assert_eq!(app.ask_checkout("lost", &body).await.status(), 201);
}

#[tokio::test]
async fn a_price_that_changes_while_an_answer_is_lost_is_agreed_to_anew() {
    let app = TestApp::start().await;
    let body = body(&app).await;
    app.scenario(json!({"outage": "drop_reply", "outage_count": 1, "outage_route": "POST /checkouts"})).await;
    assert_problem(app.ask_checkout("lost", &body).await, 503, "provider_unknown").await;
    app.scenario(json!({"price_change": {"product_id": "pdt_0NqDemoProMonthly0001", "price": 3_100}})).await;
    assert_problem(app.ask_checkout("lost", &body).await, 409, "price_changed").await;
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_to_be_down() {
    let app = TestApp::start().await;
    app.scenario(json!({"outage": "error500"})).await;
    let body = json!({"items": [{"price_id": "pro_monthly"}], "customer": {"country": "DE"}});
    let answer = app.ask_quote(&body).await;
    assert!(answer.headers().contains_key("retry-after"));
    assert_problem(answer, 503, "provider_unavailable").await;
    app.scenario(json!({"outage": "none"})).await;
    assert_eq!(app.ask_quote(&body).await.status(), 200);
}
