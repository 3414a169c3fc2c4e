//! Tried again until it has arrived, or visibly cannot (G22).

use std::time::Duration;

use checkout_server::announcement::Kind;
use checkout_server::clock::Clock;
use checkout_server::outbox::EndpointState;
use checkout_server::outbox::schedule::WAITS;
use checkout_tests::app::TestApp;
use checkout_tests::merchant::{Merchant, OK, Play};

/// What jitter adds at most, and a moment.
fn at_most(wait: Duration) -> Duration {
    wait * 12 / 10 + Duration::from_secs(1)
}

async fn state_of(app: &TestApp, endpoint: &str) -> EndpointState {
    app.demo.app.store.endpoints().await.unwrap().get(endpoint).copied().unwrap_or_default().state
}

#[tokio::test]
async fn what_fails_is_tried_ten_times_in_75_hours_and_then_given_up_where_it_is_seen() {
    let merchant = Merchant::playing(|_| Play::Answer(503)).await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    app.happens(Kind::PaymentSucceeded, &["user_1"]);
    for (tries, wait) in WAITS.iter().enumerate().skip(1) {
        let tries = u32::try_from(tries).unwrap();
        app.wait_outbox_for("crm", &format!("tried {tries} times"), |one| one.attempts == tries).await;
        assert_eq!(app.outbox("crm")[0].state, "queued");
        app.clock.advance(at_most(*wait));
    }
    let dead = app.wait_outbox("crm", "dead").await;
    assert_eq!((dead[0].attempts, dead[0].status), (10, Some(503)));
    assert_eq!(dead[0].error.as_deref(), Some("the endpoint failed"));
    let received = merchant.received();
    assert_eq!(received.len(), 10);
    assert!(received.iter().all(|one| one.verified && one.id == dead[0].id && one.body == received[0].body));
    let now = Clock::wall().as_second();
    for one in &received {
        let signed: i64 = one.timestamp.parse().unwrap();
        assert!((now - signed).abs() < 120, "each try is signed when it is made, by the time outside");
    }
    assert_eq!(state_of(&app, "crm").await, EndpointState::Failing);

    // The line goes on with the next.
    merchant.plays(|_| OK);
    app.happens(Kind::PaymentFailed, &["user_1"]);
    assert_eq!(merchant.wait_taken(1).await[0].sequence, 2);
}

#[tokio::test]
async fn no_try_is_made_before_its_time() {
    let merchant = Merchant::playing(|_| Play::Answer(500)).await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    app.happens(Kind::PaymentSucceeded, &["user_1"]);
    app.wait_outbox_for("crm", "tried once", |one| one.attempts == 1).await;
    app.clock.advance(Duration::from_secs(7));
    app.wait_outbox_for("crm", "tried twice", |one| one.attempts == 2).await;
    app.clock.advance(Duration::from_secs(230));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(merchant.received().len(), 2, "four of five minutes less a fifth");
    app.clock.advance(Duration::from_secs(135));
    merchant.wait_for(3).await;
}

#[tokio::test]
async fn an_endpoint_that_asks_to_wait_is_heeded() {
    let merchant = Merchant::playing(|_| Play::Later(429, "600")).await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    app.happens(Kind::PaymentSucceeded, &["user_1"]);
    app.wait_outbox_for("crm", "tried once", |one| one.attempts == 1).await;
    app.clock.advance(Duration::from_secs(580));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(merchant.received().len(), 1);
    app.clock.advance(Duration::from_secs(21));
    merchant.wait_for(2).await;
}

#[tokio::test]
async fn resets_redirects_and_silence_are_tried_again_and_told_in_our_own_words() {
    let merchant = Merchant::playing(|told| match &*told.customer {
        "resets" => Play::Reset,
        "redirects" => Play::Answer(302),
        _ => Play::Slow(Duration::from_mins(1)),
    })
    .await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    app.happens(Kind::PaymentSucceeded, &["resets", "redirects", "silent"]);
    // The last one takes the whole fifteen seconds.
    tokio::time::sleep(Duration::from_secs(14)).await;
    let stored = app.wait_outbox_for("crm", "tried", |one| one.attempts >= 1 && one.state == "queued").await;
    let told: Vec<_> = stored.iter().map(|one| (one.status, one.error.clone().unwrap_or_default())).collect();
    assert!(told[0].1 == "the connection broke" || told[0].1 == "no connection", "{told:?}");
    assert_eq!(told[1], (Some(302), "the endpoint redirects, which is not followed".to_owned()));
    assert_eq!(told[2], (None, "no answer in time".to_owned()));
}

#[tokio::test]
async fn an_endpoint_that_fails_for_five_days_is_disabled_and_what_waits_is_sent_when_it_is_enabled() {
    let merchant = Merchant::playing(|_| Play::Answer(500)).await;
    let app = TestApp::telling(vec![merchant.endpoint("five_days", &[])]).await;
    app.happens(Kind::SubscriptionStarted, &["user_1", "user_2"]);
    app.wait_outbox_for("five_days", "tried once", |one| one.attempts == 1).await;
    app.clock.advance(Duration::from_hours(5 * 24));
    app.wait_outbox_for("five_days", "tried twice", |one| one.attempts == 2).await;
    assert_eq!(state_of(&app, "five_days").await, EndpointState::Disabled);
    app.happens(Kind::SubscriptionRenewed, &["user_1"]);
    app.clock.advance(Duration::from_hours(24));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(merchant.received().len(), 4, "nothing is sent to it");

    merchant.plays(|_| OK);
    let store = &app.demo.app.store;
    assert_eq!(store.enable_endpoint("five_days", app.clock.now()).await.unwrap(), 3);
    let taken = merchant.wait_taken(3).await;
    let first: Vec<_> = taken.iter().filter(|one| one.customer == "user_1").map(|one| one.sequence).collect();
    assert_eq!(first, [1, 2]);
    assert_eq!(state_of(&app, "five_days").await, EndpointState::Enabled);
}
