//! Mails that are not sent any more, because what they tell is over (G28).

use std::time::Duration;

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::smtp::MailServer;
use serde_json::json;

/// In seconds.
const DAY: u64 = 86_400;

/// A subscription whose receipt has arrived, and a server that asks for patience from then on.
async fn subscribed(server: &mut MailServer, price: &str) -> (TestApp, String) {
    let app = TestApp::mailing(server).await;
    let created = app.bought(price, None).await;
    app.wait_mail("receipt", "delivered").await;
    let subscription = app.bought_subscription(&created);
    server.refuse("data", 451, "4.7.1 later", 1);
    (app, subscription)
}

/// The message of that template that the server has asked to bring later.
async fn waiting(app: &TestApp, server: &MailServer, template: &str) -> String {
    while server.refusals() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.wait_mail(template, "queued").await.id
}

/// Why a message is not sent any more.
async fn canceled(app: &TestApp, message: &str) -> String {
    app.provider_is_quiet().await;
    let row = app.mail_settled(message).await;
    assert_eq!(row.state, "canceled", "{row:?}");
    row.error.unwrap()
}

#[tokio::test]
async fn a_payment_that_was_made_good_is_not_complained_about() {
    let mut server = MailServer::start();
    let (app, subscription) = subscribed(&mut server, "pro_monthly").await;
    app.decline_next_renewals(&subscription, 3).await;
    app.advance(31 * DAY).await;
    let message = waiting(&app, &server, "payment_failed").await;
    app.mend(&subscription, GOOD_CARD).await;
    assert_eq!(canceled(&app, &message).await, "the payment was made good");
    assert!(!server.subjects().iter().any(|subject| subject.contains("did not go through")), "{:?}", server.subjects());
}

#[tokio::test]
async fn a_trial_that_was_canceled_is_not_said_to_end() {
    let mut server = MailServer::start();
    let (app, subscription) = subscribed(&mut server, "team_monthly").await;
    let days = app.provider_subscription(&subscription)["trial_period_days"].as_u64().unwrap();
    app.advance((days - 2) * DAY).await;
    let message = waiting(&app, &server, "trial_ending").await;
    app.cancel_at_period_end(&subscription).await;
    assert_eq!(canceled(&app, &message).await, "the trial was canceled");
}

#[tokio::test]
async fn a_cancellation_that_was_taken_back_is_not_confirmed() {
    let mut server = MailServer::start();
    let (app, subscription) = subscribed(&mut server, "pro_monthly").await;
    app.cancel_at_period_end(&subscription).await;
    let message = waiting(&app, &server, "canceled").await;
    app.patch_subscription(&subscription, &json!({"cancel_at_next_billing_date": false})).await;
    assert_eq!(canceled(&app, &message).await, "the cancellation was taken back");
}

#[tokio::test]
async fn access_that_is_back_is_not_said_to_have_ended() {
    let mut server = MailServer::start();
    let app = TestApp::mailing(&server).await;
    let created = app.bought("pro_monthly", None).await;
    let subscription = app.bought_subscription(&created);
    app.decline_next_renewals(&subscription, 20).await;
    app.advance(31 * DAY).await;
    app.wait_mail("payment_failed", "delivered").await;
    server.refuse("data", 451, "4.7.1 later", 1);
    app.advance(9 * DAY).await;
    let message = waiting(&app, &server, "access_ended").await;
    app.mend(&subscription, GOOD_CARD).await;
    assert_eq!(canceled(&app, &message).await, "access is back");
}

/// Goes to the last minutes of a subscription's period.
async fn nearly_over(app: &TestApp, subscription: &str) {
    let billed = app.provider_subscription(subscription)["next_billing_date"].as_str().unwrap().to_owned();
    let left = billed.parse::<jiff::Timestamp>().unwrap().duration_since(app.clock.now()).as_secs();
    app.advance(u64::try_from(left).unwrap() - 20 * 60).await;
}

#[tokio::test]
async fn the_end_of_access_is_told_where_the_mail_about_its_cancellation_was_refused() {
    let mut server = MailServer::start();
    let app = TestApp::mailing(&server).await;
    let created = app.bought("pro_monthly", None).await;
    app.wait_mail("receipt", "delivered").await;
    let subscription = app.bought_subscription(&created);
    nearly_over(&app, &subscription).await;
    server.refuse("data", 550, "5.7.1 not that one", 1);
    app.cancel(&subscription).await;
    app.wait_mail("canceled", "parked").await;
    app.advance(30 * 60).await;
    app.wait_mail("access_ended", "delivered").await;
    assert_eq!(server.subjects().len(), 2, "{:?}", server.subjects());
}

/// However long the mail server asks for patience: the buyer reads one of the two.
#[tokio::test]
async fn the_end_of_access_waits_for_the_mail_about_its_cancellation() {
    let mut server = MailServer::start();
    let app = TestApp::mailing(&server).await;
    let created = app.bought("pro_monthly", None).await;
    app.wait_mail("receipt", "delivered").await;
    let subscription = app.bought_subscription(&created);
    nearly_over(&app, &subscription).await;
    server.refuse("data", 451, "4.7.1 later", 2);
    app.cancel(&subscription).await;
    let first = waiting(&app, &server, "canceled").await;
    app.advance(30 * 60).await;
    let message = app.wait_mail("access_ended", "queued").await.id;
    while server.refusals() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(app.mail_settled(&first).await.state, "delivered");
    assert_eq!(canceled(&app, &message).await, "the mail about the cancellation says so");
    let subjects = server.subjects();
    assert!(subjects.len() == 2 && subjects[1].contains("Fernway Pro is canceled"), "{subjects:?}");
}
