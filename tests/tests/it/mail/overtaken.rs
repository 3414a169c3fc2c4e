//! Mails that are not sent any more, because what they tell is over (G28).

use std::time::Duration;

use checkout_tests::app::TestApp;
use checkout_tests::smtp::MailServer;
use serde_json::{Value, json};

const DAY: Duration = Duration::from_hours(24);

/// A subscription whose receipt has arrived, and a server that asks for patience from then on.
async fn subscribed(server: &mut MailServer, price: &str) -> (TestApp, Value) {
    let app = TestApp::mailing(server).await;
    app.bought(price).await;
    app.wait_mail("receipt", "delivered").await;
    let subscription = app.subscription().await;
    server.refuse("data", 451, "4.7.1 later", 1);
    (app, subscription)
}

/// What becomes of a mail that had to wait while things went on.
async fn later(app: &TestApp, template: &str) -> Option<String> {
    app.clock.advance(Duration::from_hours(1));
    app.wait_mail(template, "canceled").await.error
}

async fn refused(server: &MailServer) {
    while server.refusals() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_payment_that_was_made_good_is_not_complained_about() {
    let mut server = MailServer::start();
    let (app, subscription) = subscribed(&mut server, "pro_monthly").await;
    app.clock.advance(DAY * 31);
    app.tell("subscription.on_hold", &subscription, json!({"status": "on_hold"}), 1).await;
    refused(&server).await;
    app.wait_mail("payment_failed", "queued").await;
    app.clock.advance(Duration::from_secs(1));
    let paid =
        json!({"status": "active", "previous_billing_date": app.in_hours(0), "next_billing_date": app.in_hours(720)});
    app.tell("subscription.active", &subscription, paid, 1).await;
    assert_eq!(later(&app, "payment_failed").await.as_deref(), Some("the payment was made good"));
    assert_eq!(server.mails().len(), 1, "the receipt: {:?}", server.subjects());
}

#[tokio::test]
async fn a_trial_that_was_canceled_is_not_said_to_end() {
    let mut server = MailServer::start();
    let (app, subscription) = subscribed(&mut server, "team_monthly").await;
    let days = u32::try_from(subscription["trial_period_days"].as_u64().unwrap()).unwrap();
    app.clock.advance(DAY * (days - 2));
    refused(&server).await;
    app.wait_mail("trial_ending", "queued").await;
    app.tell("subscription.updated", &subscription, json!({"cancel_at_next_billing_date": true}), 1).await;
    assert_eq!(later(&app, "trial_ending").await.as_deref(), Some("the trial was canceled"));
}

#[tokio::test]
async fn a_cancellation_that_was_taken_back_is_not_confirmed() {
    let mut server = MailServer::start();
    let (app, subscription) = subscribed(&mut server, "pro_monthly").await;
    app.tell("subscription.updated", &subscription, json!({"cancel_at_next_billing_date": true}), 1).await;
    refused(&server).await;
    app.wait_mail("canceled", "queued").await;
    app.clock.advance(Duration::from_secs(1));
    app.tell("subscription.updated", &subscription, json!({"cancel_at_next_billing_date": false}), 1).await;
    assert_eq!(later(&app, "canceled").await.as_deref(), Some("the cancellation was taken back"));
}

#[tokio::test]
async fn access_that_is_back_is_not_said_to_have_ended() {
    let mut server = MailServer::start();
    let (app, subscription) = subscribed(&mut server, "pro_monthly").await;
    // Nothing was heard of a renewal: after the leeway access is suspended.
    app.clock.advance(DAY * 34);
    refused(&server).await;
    app.wait_mail("access_ended", "queued").await;
    let paid =
        json!({"status": "active", "previous_billing_date": app.in_hours(-1), "next_billing_date": app.in_hours(720)});
    app.tell("subscription.renewed", &subscription, paid, 1).await;
    assert_eq!(later(&app, "access_ended").await.as_deref(), Some("access is back"));
    let _: Value = subscription;
}
