//! Sent again, with the ids they had (G24); and what a stop, a kill and other settings leave behind (G22).

use std::time::Duration;

use checkout_server::announcement::Kind;
use checkout_server::store::Replay;
use checkout_tests::app::TestApp;
use checkout_tests::merchant::{Merchant, OK, Play};
use jiff::Timestamp;

async fn replayed(app: &TestApp, what: Replay) -> usize {
    let endpoints = app.demo.app.endpoints.iter().map(|endpoint| endpoint.id.clone()).collect();
    app.demo.app.store.replay(what, endpoints, app.clock.now()).await.unwrap()
}

#[tokio::test]
async fn a_message_an_event_and_a_range_are_sent_again_with_their_ids_and_in_order() {
    let (crm, mirror) = (Merchant::start().await, Merchant::start().await);
    let app = TestApp::telling(vec![crm.endpoint("crm", &[]), mirror.endpoint("mirror", &[])]).await;
    for kind in [Kind::SubscriptionStarted, Kind::SubscriptionRenewed, Kind::SubscriptionEnded] {
        app.happens(kind, &["user_1"]);
    }
    let first = crm.wait_taken(3).await;
    mirror.wait_taken(3).await;
    app.wait_outbox("crm", "delivered").await;
    app.wait_outbox("mirror", "delivered").await;

    assert_eq!(replayed(&app, Replay::Message(first[1].id.clone())).await, 1);
    let again = crm.wait_taken(4).await;
    assert_eq!((&again[3].id, &again[3].body, again[3].sequence), (&first[1].id, &first[1].body, 2));
    assert_eq!(replayed(&app, Replay::Message("msg_nobodys".to_owned())).await, 0);

    let event: serde_json::Value = serde_json::from_slice(&first[0].body).unwrap();
    let all = Replay::Event(event["id"].as_str().unwrap().to_owned());
    assert_eq!(replayed(&app, all).await, 3, "to both, and to the shop");
    assert_eq!(crm.wait_taken(5).await[4].id, first[0].id);
    mirror.wait_taken(4).await;

    app.wait_outbox("crm", "delivered").await;
    let (from, until) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
    let range = Replay::Range { endpoint: Some("crm".to_owned()), from, until, states: vec!["delivered"] };
    assert_eq!(replayed(&app, range).await, 3);
    let again: Vec<_> = crm.wait_taken(8).await[5..].iter().map(|one| one.id.clone()).collect();
    assert_eq!(again, first.iter().map(|one| one.id.clone()).collect::<Vec<_>>());
    assert_eq!(mirror.taken().len(), 4);
}

#[tokio::test]
async fn what_somebody_held_who_was_killed_is_sent_when_the_lease_is_over() {
    let merchant = Merchant::start().await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    app.write_events(Kind::PaymentSucceeded, &["user_1", "user_1", "user_2"]);
    let until = app.clock.now().as_microsecond() + 30_000_000;
    app.meddle(&format!("UPDATE messages SET state = 'leased', leased_until = {until}, due_at = {until} WHERE target = 'crm' AND sequence = 1"));
    let app = app.restart().await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(merchant.received().len(), 0, "they may still be under way");
    app.clock.advance(Duration::from_secs(31));
    let taken = merchant.wait_taken(3).await;
    let first: Vec<_> = taken.iter().filter(|one| one.customer == "user_1").map(|one| one.sequence).collect();
    assert_eq!(first, [1, 2]);
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way_and_the_next_start_goes_on() {
    let merchant = Merchant::playing(|_| Play::Slow(Duration::from_millis(700))).await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    let customers: Vec<String> = (0..30).map(|number| format!("user_{number}")).collect();
    app.happens(Kind::PaymentSucceeded, &customers.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::time::sleep(Duration::from_millis(350)).await;
    merchant.plays(|_| OK);
    let app = app.restart().await;
    merchant.wait_taken(30).await;
    app.wait_outbox("crm", "delivered").await;
    let mut ids: Vec<_> = merchant.received().into_iter().map(|one| one.id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), merchant.received().len()), (30, 30), "each exactly once");
}

#[tokio::test]
async fn messages_of_an_endpoint_that_is_configured_no_longer_are_parked_and_can_be_sent_later() {
    let merchant = Merchant::playing(|_| Play::Answer(500)).await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    app.happens(Kind::SubscriptionStarted, &["user_1", "user_1"]);
    app.wait_outbox_for("crm", "tried", |one| one.sequence == 2 || one.attempts == 1).await;
    let app = app.restart_telling(Vec::new()).await;
    let parked = app.wait_outbox("crm", "parked").await;
    assert_eq!(parked[0].error.as_deref(), Some("no endpoint of that name is in the settings"));
    assert_eq!(replayed(&app, Replay::Message(parked[0].id.clone())).await, 0, "there is nobody to send it to");

    merchant.plays(|_| OK);
    let app = app.restart_telling(vec![merchant.endpoint("crm", &[])]).await;
    let (from, until) = (Timestamp::UNIX_EPOCH, Timestamp::MAX);
    assert_eq!(replayed(&app, Replay::Range { endpoint: None, from, until, states: vec!["parked"] }).await, 2);
    let taken = merchant.wait_taken(2).await;
    assert!(taken.iter().map(|one| &one.id).eq(parked.iter().map(|one| &one.id)));
}
