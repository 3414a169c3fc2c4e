//! What operators see of the outbox, and how they mend it.

use std::time::Duration;

use checkout_server::announcement::Kind;
use checkout_tests::app::{TestApp, read};
use checkout_tests::http::assert_problem;
use checkout_tests::merchant::{Merchant, OK, Play};
use serde_json::{Value, json};

async fn operate(app: &TestApp, method: &str, path: &str, key: &str) -> reqwest::Response {
    let url = format!("{}{path}", app.ready().operations);
    app.http.request(method.parse().unwrap(), url).bearer_auth(key).send().await.unwrap()
}

#[tokio::test]
async fn an_operator_sees_how_endpoints_fare_and_enables_one_again() {
    let merchant = Merchant::playing(|_| Play::Answer(410)).await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    let key = app.ready().operator_key.clone();
    app.happens(Kind::SubscriptionStarted, &["user_1"]);
    app.wait_outbox_for("crm", "tried", |one| one.attempts == 1).await;
    let shown: Value = read(operate(&app, "GET", "/endpoints", &key).await, 200).await;
    assert_eq!((&shown["endpoints"][0]["name"], &shown["endpoints"][0]["state"]), (&json!("crm"), &json!("disabled")));
    assert_eq!(shown["endpoints"][0]["failures"], 1);

    let wrong = operate(&app, "POST", "/endpoints/crm/enable", &app.ready().secret_key).await;
    assert_problem(wrong, 401, "unauthorized").await;
    assert_problem(operate(&app, "POST", "/endpoints/nobodys/enable", &key).await, 404, "not_found").await;
    merchant.plays(|_| OK);
    let enabled: Value = read(operate(&app, "POST", "/endpoints/crm/enable", &key).await, 200).await;
    assert_eq!(enabled, json!({"waiting": 1}));
    merchant.wait_taken(1).await;
}

#[tokio::test]
async fn the_metrics_tell_what_waits_how_old_it_is_and_how_endpoints_fare() {
    let merchant = Merchant::playing(|_| Play::Answer(500)).await;
    let app = TestApp::telling(vec![merchant.endpoint("metered", &[])]).await;
    app.happens(Kind::SubscriptionStarted, &["user_1", "user_2", "user_3", "user_4"]);
    app.wait_outbox_for("metered", "tried", |one| one.attempts == 1).await;
    for _ in 0..100 {
        let metrics = app.http.get(format!("{}/metrics", app.ready().operations)).send().await.unwrap();
        let metrics = metrics.text().await.unwrap();
        let has = |line: &str| metrics.lines().any(|one| one.starts_with(line));
        if has("checkout_endpoint_state{endpoint=\"metered\",state=\"failing\"} 1") {
            assert!(has("checkout_deliveries_total{target=\"metered\",outcome=\"retry\"} 4"), "{metrics}");
            assert!(
                has("checkout_outbox_messages{state=\"queued\"}") && has("checkout_outbox_oldest_seconds"),
                "{metrics}"
            );
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody was told that it fails");
}
