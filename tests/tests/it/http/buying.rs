//! A buyer pays, or does not, and the helper knows because a signed webhook said so.

use checkout_tests::app::{DECLINED_CARD, GOOD_CARD, TestApp};
use checkout_types::CheckoutStatus;
use futures_util::StreamExt as _;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde_json::json;

#[tokio::test]
async fn a_good_card_pays_the_order() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    assert_eq!(created.status, CheckoutStatus::Open);
    assert_eq!(app.state(&created).await.status, CheckoutStatus::Open);
    app.pay(&created, GOOD_CARD).await;
    let paid = app.wait_for(&created, CheckoutStatus::Paid).await;
    assert_eq!((paid.url, paid.failure), (None, None), "what is paid is not offered again");
}

#[tokio::test]
async fn a_declined_card_says_why_and_the_second_try_works() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("desktop_license", "SE").await).await;
    app.pay(&created, DECLINED_CARD).await;
    let failed = app.wait_for(&created, CheckoutStatus::Failed).await;
    let failure = failed.failure.expect("a reason");
    assert_eq!(failure.code, "card_declined");
    assert!(failure.message.contains("Nothing was charged"), "{}", failure.message);
    assert_eq!(failed.url.as_ref(), Some(&created.url), "the same page can be paid again");
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
}

#[tokio::test]
async fn the_stream_tells_each_change_and_ends_with_the_last() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let request = app
        .get(&format!("/v1/checkouts/{}/events", created.id))
        .header(ACCEPT, "text/event-stream")
        .header(AUTHORIZATION, format!("Bearer {}", created.client_secret));
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut chunks = response.bytes_stream();
    let first = chunks.next().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains(r#""status":"open""#));
    app.pay(&created, GOOD_CARD).await;
    let mut rest = String::new();
    while let Some(chunk) = chunks.next().await {
        rest.push_str(&String::from_utf8_lossy(&chunk.unwrap()));
    }
    assert!(rest.contains("event: checkout\ndata: {") && rest.contains(r#""status":"paid""#), "{rest}");
}

#[tokio::test]
async fn what_nobody_pays_expires_and_can_be_renewed() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    app.clock.advance(std::time::Duration::from_hours(26));
    let expired = app.state(&created).await;
    assert_eq!((expired.status, expired.url), (CheckoutStatus::Expired, None));

    let quote = app.quote("pro_monthly", "DE").await;
    let body =
        json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}, "renews": created.id});
    let renewed = app.ask_checkout("renewal-of-an-expired-one", &body).await;
    assert_eq!(renewed.status(), 201);
}

#[tokio::test]
async fn a_webhook_that_comes_late_twice_or_after_a_restart_gives_the_same_result() {
    let app = TestApp::start().await;
    app.scenario(json!({"webhooks": {"mode": "twice"}})).await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    let app = app.restart().await;
    assert_eq!(app.state(&created).await.status, CheckoutStatus::Paid, "it is on the disk");
}

#[tokio::test]
async fn a_renewed_price_page_never_grants_by_the_browsers_word() {
    let app = TestApp::start().await;
    app.scenario(json!({"webhooks": {"mode": "never"}})).await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    app.pay(&created, GOOD_CARD).await;
    // The browser comes back with what the provider wrote into the address; it is not signed.
    let back = app.get(&format!("/c/{}?t=forged&status=succeeded&payment_id=pay_1", created.id)).send().await.unwrap();
    assert_eq!(back.status(), 404);
    assert_eq!(app.state(&created).await.status, CheckoutStatus::Open);
}
