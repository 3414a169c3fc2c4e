//! A secret is changed at one side and then at the other, and nothing is ever refused (G25).

use std::time::Duration;

use checkout_server::announcement::Kind;
use checkout_tests::app::TestApp;
use checkout_tests::merchant::{Merchant, OK, secret};

#[tokio::test]
async fn a_consumer_may_switch_at_any_moment_while_both_secrets_are_in_force() {
    let (old, new) = (secret(), secret());
    let merchant = Merchant::start().await;
    merchant.believe(vec![old.clone()]);
    let app = TestApp::telling(vec![merchant.endpoint_signed("crm", &[], vec![new.clone(), old.clone()])]).await;
    let customers: Vec<String> = (0..10).map(|number| format!("user_{number}")).collect();
    let customers: Vec<&str> = customers.iter().map(String::as_str).collect();
    for turn in 0..50 {
        app.happens(Kind::PaymentSucceeded, &customers);
        tokio::time::sleep(Duration::from_millis(turn % 7 * 3)).await;
        let believed = if turn % 2 == 0 { new.clone() } else { old.clone() };
        merchant.believe(vec![believed]);
    }
    let received = merchant.wait_taken(500).await;
    let refused = received.iter().filter(|one| !one.verified).count();
    println!("{} deliveries, 50 switches, {refused} not verified", received.len());
    assert_eq!((received.len(), refused), (500, 0));
    assert!(received.iter().all(|one| one.signature.split(' ').count() == 2));
}

#[tokio::test]
async fn a_consumer_with_another_secret_believes_nothing_and_loses_nothing() {
    let merchant = Merchant::start().await;
    let app = TestApp::telling(vec![merchant.endpoint_signed("crm", &[], vec![secret()])]).await;
    app.happens(Kind::PaymentSucceeded, &["user_1"]);
    app.wait_outbox_for("crm", "refused", |one| one.status == Some(401)).await;
    // Its owner mends it.
    let app = app.restart_telling(vec![merchant.endpoint("crm", &[])]).await;
    merchant.plays(|_| OK);
    app.clock.advance(Duration::from_secs(10));
    assert_eq!(merchant.wait_taken(1).await[0].sequence, 1);
}
