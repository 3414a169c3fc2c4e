//! Where the fold is in doubt, the provider is asked, once and gently.

use std::time::Duration;

use checkout_server::entitlement::State;
use checkout_tests::app::TestApp;
use checkout_types::CheckoutStatus;
use checkout_types::checkout::CreatedCheckout;
use serde_json::{Value, json};

/// A subscription that is paid and heard of, and the provider's object of it.
async fn subscribed(app: &TestApp) -> (CreatedCheckout, Value) {
    let (created, _) = app.buy("pro_monthly").await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    app.settled().await;
    let id = app.subscription_of(&created).await;
    let state = app.control("GET", "state", &Value::Null).await;
    let subscriptions = state["subscriptions"].as_array().unwrap();
    let object = subscriptions.iter().find(|row| row["subscription_id"] == id.as_str()).unwrap().clone();
    (created, object)
}

fn asked(app: &TestApp) -> u64 {
    app.demo.sandbox.request_count("GET /subscriptions/{id}")
}

async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    for _ in 0..80 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what}");
}

#[tokio::test]
async fn a_state_that_nobody_knows_is_asked_about_and_takes_nothing_away() {
    let app = TestApp::start().await;
    let (created, mut object) = subscribed(&app).await;
    let before = asked(&app);
    object["payload_type"] = "Subscription".into();
    object["status"] = "teleported".into();
    let now = app.clock.now().to_string();
    // Ten of them, as a provider that has gone wild would send.
    for number in 0..10 {
        object["quantity"] = (2 + number).into();
        let body = json!({"type": "subscription.updated", "timestamp": now, "data": object});
        assert_eq!(app.deliver(&format!("msg_{number}"), &body).await.status(), 200);
    }
    until("the provider is asked", async || asked(&app) > before).await;
    app.settled().await;
    assert_eq!(asked(&app), before + 1, "once, not ten times");
    assert_eq!(app.differences().await, Vec::<String>::new());
    assert_eq!(app.access_of(&created, "pro").await, State::Active);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_asked_again_later() {
    let app = TestApp::start().await;
    let (_, mut object) = subscribed(&app).await;
    object["payload_type"] = "Subscription".into();
    object["status"] = "teleported".into();
    app.scenario(json!({"outage": "error500", "outage_route": "GET /subscriptions/{id}"})).await;
    let body = json!({"type": "subscription.updated", "timestamp": app.clock.now().to_string(), "data": object});
    assert_eq!(app.deliver("msg_odd", &body).await.status(), 200);
    let waits = || {
        let database = rusqlite::Connection::open(app.database()).unwrap();
        let attempts = "SELECT attempts FROM refetches WHERE reason <> 'renewal_due'";
        database.query_row(attempts, [], |row| row.get::<_, u32>(0)).unwrap_or(0)
    };
    until("it is put off", async || waits() == 1).await;
    let struck = asked(&app);
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(asked(&app), struck, "not before its time");
    app.scenario(json!({"outage": "none"})).await;
    app.clock.advance(Duration::from_secs(11));
    until("it is asked again", async || asked(&app) > struck).await;
    until("the answer is known", async || app.differences().await.is_empty()).await;
}

#[tokio::test]
async fn a_renewal_that_nobody_told_of_is_asked_about_when_it_was_due() {
    let app = TestApp::start().await;
    let (created, _) = subscribed(&app).await;
    app.demo.app.healing.rest();
    app.scenario(json!({"webhooks": {"mode": "never"}})).await;
    app.clock.advance(Duration::from_hours(31 * 24 + 1));
    until("the provider has renewed it", async || !app.differences().await.is_empty()).await;
    app.demo.app.healing.wake();
    until("the helper has asked", async || {
        let payments = "payment";
        app.differences().await.iter().all(|difference| difference.starts_with(&payments[..3]))
    })
    .await;
    assert_eq!(app.access_of(&created, "pro").await, State::Active);
}

#[tokio::test]
async fn what_the_provider_does_not_have_is_dropped() {
    let app = TestApp::start().await;
    let (created, _) = app.buy("pro_monthly").await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    let database = rusqlite::Connection::open(app.database()).unwrap();
    database
        .execute(
            "INSERT INTO refetches (object_id, kind, reason, due_at) VALUES ('sub_0NGone', 'subscription', 'contested', 0)",
            [],
        )
        .unwrap();
    until("it is dropped", async || {
        let left = "SELECT COUNT(*) FROM refetches WHERE object_id = 'sub_0NGone'";
        database.query_row(left, [], |row| row.get::<_, u32>(0)).unwrap() == 0
    })
    .await;
}

#[tokio::test]
async fn a_renewal_after_the_end_opens_nothing_until_the_provider_says_so_itself() {
    let app = TestApp::start().await;
    let (created, mut object) = subscribed(&app).await;
    object["payload_type"] = "Subscription".into();
    // It ended at the provider, and then a delivery says that it goes on.
    app.demo.app.healing.rest();
    app.clock.advance(Duration::from_secs(30));
    object["status"] = "expired".into();
    let body = json!({"type": "subscription.expired", "timestamp": app.clock.now().to_string(), "data": object});
    assert_eq!(app.deliver("msg_ended", &body).await.status(), 200);
    assert_eq!(app.access_of(&created, "pro").await, State::Ended);
    object["status"] = "active".into();
    let body = json!({"type": "subscription.renewed", "timestamp": app.clock.now().to_string(), "data": object});
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    assert_eq!(app.deliver("msg_late", &body).await.status(), 200);
    assert_eq!(app.access_of(&created, "pro").await, State::Ended, "a delivery alone opens nothing");
    assert_eq!(app.differences().await.len(), 1, "the provider sees it running");
    let before = asked(&app);
    app.demo.app.healing.wake();
    until("the provider is asked", async || asked(&app) > before).await;
    until("its answer opens it", async || app.access_of(&created, "pro").await == State::Active).await;
    assert_eq!(app.differences().await, Vec::<String>::new());
}
