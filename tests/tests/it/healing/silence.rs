//! The provider tells nothing for thirty days; one sweep, and both know the same (G18).

use std::time::Duration;

use checkout_server::entitlement::State;
use checkout_tests::app::{TestApp, read};
use checkout_tests::http::assert_problem;
use checkout_types::CheckoutStatus;
use reqwest::Method;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_hours(24);

#[tokio::test]
async fn thirty_silent_days_are_healed_by_one_sweep() {
    let app = TestApp::start().await;
    let healing = &app.demo.app.healing;
    // Nothing is asked by itself either: what is mended, one sweep has mended.
    healing.rest();

    // Before: bought and heard of.
    let (renewing, _) = app.buy("pro_monthly").await;
    let (on_hold_long, _) = app.buy("pro_monthly").await;
    let (on_hold_lately, _) = app.buy("pro_monthly").await;
    let (canceled, _) = app.buy("pro_monthly").await;
    let (ending, _) = app.buy("pro_yearly").await;
    let (refunded, refunded_payment) = app.buy("desktop_license").await;
    let (disputed, disputed_payment) = app.buy("desktop_license").await;
    for known in [&renewing, &on_hold_long, &on_hold_lately, &canceled, &ending, &refunded, &disputed] {
        app.wait_for(known, CheckoutStatus::Paid).await;
    }
    app.settled().await;
    assert_eq!(app.differences().await, Vec::<String>::new());

    // Then it tells nothing any more.
    app.scenario(json!({"webhooks": {"mode": "never"}})).await;
    let (bought_then, _) = app.buy("handbook_ebook").await;
    let (subscribed_then, _) = app.buy("pro_monthly").await;
    let to_be_declined = app.subscription_of(&on_hold_long).await;
    app.control("POST", &format!("subscriptions/{to_be_declined}/decline-next"), &json!({"count": 9})).await;
    app.control("POST", &format!("subscriptions/{to_be_declined}/renew"), &json!({})).await;
    app.clock.advance(10 * DAY);
    app.at_provider(Method::POST, "/refunds", &json!({"payment_id": refunded_payment})).await;
    let id = app.subscription_of(&canceled).await;
    app.at_provider(Method::PATCH, &format!("/subscriptions/{id}"), &json!({"status": "cancelled"})).await;
    let id = app.subscription_of(&ending).await;
    app.at_provider(Method::PATCH, &format!("/subscriptions/{id}"), &json!({"cancel_at_next_billing_date": true}))
        .await;
    let dispute = app.control("POST", &format!("payments/{disputed_payment}/dispute"), &json!({})).await;
    let dispute = dispute["dispute_id"].as_str().unwrap();
    app.clock.advance(10 * DAY);
    app.control("POST", &format!("disputes/{dispute}/move"), &json!({"to": "lost"})).await;
    app.clock.advance(9 * DAY);
    let id = app.subscription_of(&on_hold_lately).await;
    app.control("POST", &format!("subscriptions/{id}/decline-next"), &json!({"count": 9})).await;
    app.control("POST", &format!("subscriptions/{id}/renew"), &json!({})).await;
    app.clock.advance(DAY);
    let id = app.subscription_of(&renewing).await;
    app.control("POST", &format!("subscriptions/{id}/renew"), &json!({})).await;
    let before = app.differences().await;
    assert!(before.len() >= 10, "the story has to differ to show anything: {before:#?}");

    let report = app.reconcile("recent").await;

    assert_eq!(app.differences().await, Vec::<String>::new(), "{report}");
    assert_eq!((report["still_open"].as_u64(), report["open"].as_array().map(Vec::len)), (Some(0), Some(0)));
    assert!(report["mended"].as_u64() >= Some(before.len() as u64), "{report}");
    for (created, entitlement, state) in [
        (&renewing, "pro", State::Active),
        // Its time of grace begins when it is heard of, and so does the mail that asks for another card.
        (&on_hold_long, "pro", State::Grace),
        (&on_hold_lately, "pro", State::Grace),
        (&ending, "pro", State::Active),
        (&refunded, "desktop", State::Ended),
        (&disputed, "desktop", State::Ended),
        (&bought_then, "handbook", State::Active),
        (&subscribed_then, "pro", State::Active),
    ] {
        assert_eq!(app.access_of(created, entitlement).await, state, "{}", created.id);
    }
    assert_eq!(app.state(&bought_then).await.status, CheckoutStatus::Paid, "its page hears of it too");

    let again = app.reconcile("full").await;
    assert_eq!(again["differing"], 0, "{again}");
    println!(
        "{} differences before, {} mended by one sweep of {} rows",
        before.len(),
        report["mended"],
        report["looked_at"]
    );
}

#[tokio::test]
async fn a_sweep_that_was_interrupted_goes_on_when_the_provider_is_back() {
    let app = TestApp::start().await;
    app.demo.app.healing.rest();
    app.scenario(json!({"webhooks": {"mode": "never"}})).await;
    let (bought, payment) = app.buy("desktop_license").await;
    app.at_provider(Method::POST, "/refunds", &json!({"payment_id": payment})).await;
    app.scenario(json!({"outage": "error500", "outage_route": "GET /refunds"})).await;
    let begun: Value = read(app.operate(Method::POST, "/reconcile", &json!({})).await, 200).await;
    assert_eq!((&begun["state"], &begun["interrupted"]), (&json!("running"), &json!("the provider does not answer")));
    assert_eq!(app.state(&bought).await.status, CheckoutStatus::Paid, "what it saw is known already");
    assert_eq!(app.differences().await.len(), 1, "the refund");
    let payments = app.demo.sandbox.request_count("GET /payments");

    app.scenario(json!({"outage": "none"})).await;
    for _ in 0..100 {
        app.clock.advance(Duration::from_secs(11));
        tokio::time::sleep(Duration::from_millis(200)).await;
        if app.differences().await.is_empty() {
            break;
        }
    }
    assert_eq!(app.differences().await, Vec::<String>::new());
    assert_eq!(app.demo.sandbox.request_count("GET /payments"), payments, "not from the beginning");
    assert_eq!(app.access_of(&bought, "desktop").await, State::Ended);
}

#[tokio::test]
async fn only_an_operator_reconciles() {
    let app = TestApp::start().await;
    let url = format!("{}/reconcile", app.ready().operations);
    let nobody = app.http.post(&url).json(&json!({})).send().await.unwrap();
    assert_problem(nobody, 401, "unauthorized").await;
    let merchant = app.http.get(&url).bearer_auth(&app.ready().secret_key).send().await.unwrap();
    assert_problem(merchant, 401, "unauthorized").await;
    let odd = app.operate(Method::POST, "/reconcile", &json!({"scope": "some"})).await;
    assert_eq!(odd.status(), 422);
    let never: Value = read(app.operate(Method::GET, "/reconcile", &Value::Null).await, 200).await;
    assert_eq!(never["state"], "never");
}
