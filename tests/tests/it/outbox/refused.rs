//! What an endpoint will never take is put aside where it is seen (G24).

use std::time::Duration;

use checkout_server::announcement::Kind;
use checkout_server::outbox::{Endpoint, EndpointState, Filter};
use checkout_server::outgoing::Reach;
use checkout_tests::app::TestApp;
use checkout_tests::merchant::{Merchant, OK, Play, secret};

#[tokio::test]
async fn what_is_refused_is_parked_after_three_tries_and_its_line_goes_on() {
    let merchant = Merchant::playing(|told| if told.sequence == 1 { Play::Answer(422) } else { OK }).await;
    let app = TestApp::telling(vec![merchant.endpoint("crm", &[])]).await;
    app.happens(Kind::SubscriptionStarted, &["user_1"]);
    app.happens(Kind::SubscriptionRenewed, &["user_1"]);
    for tries in 1..3 {
        app.wait_outbox_for("crm", "tried", |one| one.sequence == 2 || one.attempts == tries).await;
        app.clock.advance(Duration::from_mins(7));
    }
    merchant.wait_taken(1).await;
    let stored = app.wait_outbox_for("crm", "done", |one| one.state == "parked" || one.state == "delivered").await;
    assert_eq!((&*stored[0].state, stored[0].attempts, stored[0].status), ("parked", 3, Some(422)));
    assert_eq!((&*stored[1].state, stored[1].status), ("delivered", Some(200)));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_at_once_and_its_messages_wait() {
    let merchant = Merchant::playing(|_| Play::Answer(410)).await;
    let app = TestApp::telling(vec![merchant.endpoint("gone", &[])]).await;
    app.happens(Kind::SubscriptionStarted, &["user_1"]);
    merchant.wait_for(1).await;
    app.wait_outbox_for("gone", "tried", |one| one.attempts == 1).await;
    app.happens(Kind::SubscriptionRenewed, &["user_1", "user_2"]);
    app.clock.advance(Duration::from_hours(1));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(merchant.received().len(), 1);
    let waiting = app.outbox("gone");
    assert!(waiting.len() == 3 && waiting.iter().all(|one| one.state == "queued"), "{waiting:?}");
    assert_eq!(app.demo.app.store.endpoints().await.unwrap()["gone"].state, EndpointState::Disabled);

    // Also after a restart.
    let app = app.restart().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(merchant.received().len(), 1);
    merchant.plays(|_| OK);
    app.demo.app.store.enable_endpoint("gone", app.clock.now()).await.unwrap();
    let ids: Vec<_> = waiting.iter().map(|one| one.id.clone()).collect();
    let mut came: Vec<_> = merchant.wait_taken(3).await.into_iter().map(|one| one.id).collect();
    let place = |id: &String| came.iter().position(|one| one == id);
    assert!(place(&ids[0]) < place(&ids[1]), "in order");
    came.sort();
    let mut ids = ids;
    ids.sort();
    assert_eq!(came, ids);
}

#[test]
fn an_address_that_is_not_public_is_no_endpoint() {
    for url in [
        "http://hooks.example.com/",
        "https://127.0.0.1/",
        "https://127.1:8443/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://10.0.0.7/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fd00::1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://localhost/",
        "https://db.internal/",
        "https://hooks.example.com:5432/",
        "https://user:password@hooks.example.com/",
        "file:///etc/passwd",
    ] {
        let endpoint = Endpoint::new("crm", url, Reach::Public, vec![secret()], Filter::default());
        assert!(endpoint.is_err(), "{url}");
    }
    assert!(
        Endpoint::new("crm", "https://hooks.example.com/", Reach::Public, vec![secret()], Filter::default()).is_ok()
    );
}
