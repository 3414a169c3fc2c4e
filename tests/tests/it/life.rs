//! The life of a subscription in the demo, with nothing but what the demo brings: a renewal is declined,
//! the mail comes, grace runs, access is suspended, another card mends it. Seen at each door.

use std::time::Duration;

use checkout_tests::app::{GOOD_CARD, TestApp};
use reqwest::Method;
use serde_json::Value;

const DAY: u64 = 86_400;

/// What the demo's mailbox shows.
async fn mailbox(app: &TestApp) -> String {
    app.http.get(&app.ready().mailbox).send().await.unwrap().text().await.unwrap()
}

/// What the demo's own merchant endpoint has taken, by type.
async fn taken(app: &TestApp, kind: &str) -> usize {
    let list = app.list(&format!("/v1/deliveries?state=delivered&type={kind}")).await;
    list["items"].as_array().unwrap().iter().filter(|item| item["channel"] == "webhook").count()
}

/// The operators' page about that customer.
async fn operators_page(app: &TestApp, reference: &str) -> String {
    let found = app.operator_page(Method::GET, &format!("/customers/ref:{reference}")).send().await.unwrap();
    assert_eq!(found.status(), 200);
    found.text().await.unwrap()
}

/// Waits until something is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not in time: {what}");
}

#[tokio::test]
async fn a_declined_renewal_is_told_graced_suspended_and_mended() {
    let app = TestApp::start().await;
    let created = app.bought("pro_monthly", Some("user_7")).await;
    let subscription = app.bought_subscription(&created);
    assert_eq!(app.state_of("user_7", "pro").await, "active subscription");
    until("the receipt", async || mailbox(&app).await.contains("Your receipt")).await;

    app.decline_next_renewal(&subscription).await;
    app.advance(31 * DAY + 3_600).await;
    until("grace", async || app.state_of("user_7", "pro").await == "grace payment_failed").await;
    app.wait_mail("payment_failed", "delivered").await;
    until("the endpoint hears", async || taken(&app, "subscription.past_due").await == 1).await;
    assert!(operators_page(&app, "user_7").await.contains("grace"), "operators see the grace");

    app.advance(8 * DAY).await;
    until("suspended", async || app.state_of("user_7", "pro").await == "suspended payment_failed").await;
    app.wait_mail("access_ended", "delivered").await;
    assert!(operators_page(&app, "user_7").await.contains("suspended"), "operators see the suspension");

    app.mend(&subscription, GOOD_CARD).await;
    until("recovered", async || app.state_of("user_7", "pro").await == "active subscription").await;
    until("the endpoint hears", async || taken(&app, "subscription.recovered").await == 1).await;
    let changes = taken(&app, "entitlements.changed").await;
    assert!(changes >= 4, "given, grace, suspended, given again: {changes}");
    let mails = app.mail_rows();
    let sent =
        |template: &str| mails.iter().filter(|mail| mail.template == template && mail.state == "delivered").count();
    assert_eq!((sent("payment_failed"), sent("access_ended")), (1, 1), "each once: {mails:?}");
    let sequences: Vec<Value> = {
        let list = app.list("/v1/deliveries?reference=user_7&limit=100").await;
        let items = list["items"].as_array().unwrap().iter().rev();
        items.filter(|item| item["channel"] == "webhook").map(|item| item["sequence"].clone()).collect()
    };
    let expected: Vec<Value> = (1..=sequences.len()).map(Value::from).collect();
    assert_eq!(sequences, expected, "no gap, in order");
}
