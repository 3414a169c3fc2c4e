//! A guest's purchase becomes a customer's while its mails are on their way, or after they have arrived.

use std::time::Duration;

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::smtp::MailServer;
use reqwest::header::ORIGIN;

/// In seconds.
const DAY: u64 = 86_400;

/// Waits until the server has asked to bring a mail of that template later; its id.
async fn waiting(app: &TestApp, server: &MailServer, template: &str) -> String {
    while server.refusals() == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.wait_mail(template, "queued").await.id
}

#[tokio::test]
async fn a_receipt_that_waits_arrives_after_its_purchase_was_claimed_and_nobody_hears_of_the_claim() {
    let mut server = MailServer::start();
    server.refuse("data", 451, "4.7.1 later", 1);
    let app = TestApp::mailing(&server).await;
    let created = app.bought("pro_monthly", None).await;
    let receipt = waiting(&app, &server, "receipt").await;
    assert_eq!(app.claim("user_1", "ada@example.com").await, std::slice::from_ref(&created.id));
    assert_eq!(app.state_of("user_1", "pro").await, "active subscription");
    let row = app.mail_settled(&receipt).await;
    assert_eq!((row.state.as_str(), row.error.as_deref()), ("delivered", None), "{row:?}");
    let mail = server.wait_for(1).await.remove(0);
    assert_eq!(mail["envelope"]["to"][0], "ada@example.com");
    assert!(mail["text"].as_str().unwrap().contains("Fernway Pro"), "{mail}");
    // The guest's key has lost its access to the customer: that ends nothing for the buyer.
    let templates: Vec<String> = app.mail_rows().into_iter().map(|row| row.template).collect();
    assert_eq!(templates, ["receipt"]);
}

#[tokio::test]
async fn the_link_that_a_guest_was_mailed_works_after_the_claim() {
    let server = MailServer::start();
    let app = TestApp::mailing(&server).await;
    let created = app.bought("pro_monthly", None).await;
    let subscription = app.bought_subscription(&created);
    app.decline_next_renewals(&subscription, 20).await;
    app.advance(31 * DAY).await;
    app.wait_mail("payment_failed", "delivered").await;
    let path = app.mend_link(server.mails().last().unwrap());
    app.canaries().add(path.trim_start_matches("/mend/"));
    app.claim("user_1", "ada@example.com").await;

    let url = format!("{}{path}", app.ready().helper);
    let open = async || app.http.get(&url).send().await.unwrap().text().await.unwrap();
    let page = open().await;
    assert!(page.contains("Your payment did not go through") && page.contains("Fernway Pro"), "{page}");
    let press = app.http.post(&url).header(ORIGIN, &app.ready().helper);
    let press = press.header("content-type", "application/x-www-form-urlencoded").body("").send().await.unwrap();
    assert_eq!(press.status(), 303);
    app.enter_card(press.headers()["location"].to_str().unwrap(), GOOD_CARD).await;
    app.provider_is_quiet().await;
    let page = open().await;
    assert!(page.contains("All is well") && !page.contains("<button"), "{page}");
}

/// What is told of the recovery names the customer and no guest any more.
#[tokio::test]
async fn a_guests_failed_payment_is_not_complained_about_once_the_customer_has_made_it_good() {
    let mut server = MailServer::start();
    let app = TestApp::mailing(&server).await;
    let created = app.bought("pro_monthly", None).await;
    app.wait_mail("receipt", "delivered").await;
    let subscription = app.bought_subscription(&created);
    server.refuse("data", 451, "4.7.1 later", 1);
    app.decline_next_renewals(&subscription, 1).await;
    app.advance(31 * DAY).await;
    let message = waiting(&app, &server, "payment_failed").await;
    app.claim("user_1", "ada@example.com").await;
    app.mend(&subscription, GOOD_CARD).await;
    app.provider_is_quiet().await;
    // It has failed once more since: only what was told tells that the first was made good.
    app.meddle(
        "UPDATE customers SET standing = json_replace(standing, '$.subscriptions.' || \
         (SELECT id FROM subscriptions) || '.state', 'past_due') WHERE customer = 'ref:user_1'",
    );
    let row = app.mail_settled(&message).await;
    assert_eq!((row.state.as_str(), row.error.as_deref()), ("canceled", Some("the payment was made good")), "{row:?}");
}
