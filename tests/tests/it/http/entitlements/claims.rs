//! Guests, and how what they bought becomes a customer's: by the word of the merchant's server alone.

use checkout_tests::app::TestApp;
use checkout_tests::http::assert_problem;
use reqwest::Method;
use reqwest::header::ORIGIN;
use serde_json::json;

const DESKTOP: &str = "desktop_license";

#[tokio::test]
async fn a_verified_address_gives_a_guests_purchases_to_a_customer() {
    let app = TestApp::start().await;
    let item = |price: &str| json!({"price_id": price});
    let licence = app.order(None, "Canary@Example.com", item(DESKTOP)).await;
    let monthly = app.order(None, "canary@example.com", item("pro_monthly")).await;
    let other = app.order(None, "eve@example.com", item("handbook_ebook")).await;
    let named = app.order(Some("user_2"), "canary@example.com", item("handbook_ebook")).await;
    for bought in [&licence, &monthly, &other, &named] {
        bought.paid().await;
    }
    assert_eq!(app.state_of("user_1", "desktop").await, "none not_bought");

    let ids = [licence.created.id.clone(), monthly.created.id.clone()];
    assert_eq!(app.claim("user_1", " CANARY@example.COM ").await, ids);
    assert_eq!(app.state_of("user_1", "desktop").await, "active purchase");
    assert_eq!(app.state_of("user_1", "pro").await, "active subscription");
    assert_eq!(app.state_of("user_1", "handbook").await, "none not_bought", "neither another's, nor a named one");
    assert_eq!(app.state_of("user_2", "handbook").await, "active purchase", "it never moves");

    // Again is the same; somebody else who says so gets nothing.
    let version = app.access("user_1").await["version"].clone();
    assert_eq!(app.claim("user_1", "canary@example.com").await, ids);
    assert_eq!(app.access("user_1").await["version"], version);
    assert!(app.claim("user_3", "canary@example.com").await.is_empty());
    assert_eq!(app.state_of("user_3", "desktop").await, "none not_bought");

    // What comes afterwards is the customer's.
    monthly.hear("subscription.on_hold", json!({})).await;
    assert_eq!(app.state_of("user_1", "pro").await, "grace payment_failed");
    // A purchase by the same guest later is claimed by asking again.
    let later = app.order(None, "canary@example.com", item("handbook_ebook")).await;
    later.paid().await;
    assert_eq!(app.claim("user_1", "canary@example.com").await.len(), 3);
    assert_eq!(app.state_of("user_1", "handbook").await, "active purchase");
    let app = app.restart().await;
    assert_eq!(app.state_of("user_1", "desktop").await, "active purchase");
}

#[tokio::test]
async fn nobody_blocks_a_customer_by_buying_in_their_name() {
    let app = TestApp::start().await;
    let own = app.order_as("user_1", DESKTOP).await;
    let planted = app.order(None, "ada@example.com", json!({"price_id": DESKTOP})).await;
    own.paid().await;
    planted.paid().await;
    assert_eq!(app.claim("user_1", "ada@example.com").await, std::slice::from_ref(&planted.created.id));
    planted.hear("dispute.lost", json!({})).await;
    assert_eq!(app.state_of("user_1", "desktop").await, "active purchase");
    own.hear("dispute.lost", json!({})).await;
    assert_eq!(app.state_of("user_1", "desktop").await, "ended dispute_lost");
}

#[tokio::test]
async fn a_browser_alone_never_attaches_a_purchase_to_a_customer() {
    let app = TestApp::start().await;
    let bought = app.order(None, "ada@example.com", json!({"price_id": DESKTOP})).await;
    bought.paid().await;
    let url = format!("{}/v1/customers/user_1/claims", app.ready().helper);
    let body = json!({"email": "ada@example.com"});
    let page = || app.http.post(&url).header(ORIGIN, &app.ready().shop).json(&body);
    assert_problem(page().send().await.unwrap(), 401, "unauthorized").await;
    let token = app.token("user_1").await;
    for credential in [token.as_str(), bought.created.client_secret.as_str()] {
        assert_problem(page().bearer_auth(credential).send().await.unwrap(), 401, "unauthorized").await;
    }
    let with_key = page().bearer_auth(&app.ready().secret_key).send().await.unwrap();
    assert_problem(with_key, 403, "secret_key_in_browser").await;
    assert_eq!(app.state_of("user_1", "desktop").await, "none not_bought");
    for (body, code, pointer) in [
        (json!({"email": "ada"}), "email_invalid", "/email"),
        (json!({}), "required", "/email"),
        (json!({"email": "ada@example.com", "checkout": "co_1"}), "unknown_field", "/checkout"),
    ] {
        let answer = app.ask_customer(Method::POST, "user_1", "claims", Some(&body)).await;
        assert_eq!(assert_problem(answer, 422, code).await["errors"][0]["pointer"], pointer);
    }
}
