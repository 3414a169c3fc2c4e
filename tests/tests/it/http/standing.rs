//! What the provider's notices make of a customer: the rows that everything else reads.

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_types::CheckoutStatus;
use serde_json::Value;

/// The kinds of what was told, oldest first.
fn told(app: &TestApp) -> Vec<String> {
    let database = rusqlite::Connection::open(app.database()).expect("the database is there");
    let mut rows = database.prepare("SELECT kind FROM events ORDER BY seq").expect("a table of events");
    let kinds = rows.query_map([], |row| row.get(0)).expect("kinds");
    kinds.map(|kind| kind.expect("a text")).collect()
}

/// The standing of the only customer.
fn standing(app: &TestApp) -> Value {
    let database = rusqlite::Connection::open(app.database()).expect("the database is there");
    let text: String =
        database.query_row("SELECT standing FROM customers", [], |row| row.get(0)).expect("one customer");
    serde_json::from_str(&text).expect("JSON")
}

#[tokio::test]
async fn a_subscription_that_was_paid_gives_what_the_catalog_says() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    for _ in 0..50 {
        if told(&app).len() >= 4 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut kinds = told(&app);
    kinds.sort();
    let expected = ["checkout.paid", "entitlements.changed", "payment.succeeded", "subscription.started"];
    assert_eq!(kinds.iter().filter(|kind| *kind != "entitlements.changed").count(), 3, "{kinds:?}");
    assert!(expected.iter().all(|kind| kinds.iter().any(|told| told == kind)), "{kinds:?}");
    let standing = standing(&app);
    let pro = &standing["entitlements"]["pro"];
    assert_eq!(pro["access"]["state"], "active", "{standing}");
    assert_eq!(pro["access"]["reason"], "subscription", "{standing}");
}
