//! The shop's own app, with a customer who is signed in: what she buys is hers, and what is locked is opened
//! by the webhook alone.

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::browser::{Browser, Options};
use serde_json::{Value, json};

use super::widget::{COUNTRY, EMAIL, PAY, STANDING, card, in_shop, nothing_went_wrong};

const PLAN: &str = "#plan-chip";

/// From a locked feature to the provider's page.
async fn upgrade(browser: &Browser) {
    browser.find_saying(PLAN, "Free plan").await;
    browser.click("button[data-upgrade=Calendar]").await;
    browser.click("#continue").await;
    browser.find_saying(PAY, "Pay").await;
    assert_eq!(browser.value(EMAIL).await, "mira@fernway.example", "the token says who she is");
    browser.choose(COUNTRY, "DE").await;
    browser.find_saying(PAY, "€34.51").await;
    browser.click(PAY).await;
    browser.find("input[name=card]").await;
}

#[tokio::test]
async fn an_upgrade_is_hers_and_the_webhook_unlocks_it() {
    let app = TestApp::start().await;
    // The buyer is back in the shop long before the provider has told the helper.
    app.scenario(json!({"webhooks": {"mode": "slow", "delay_seconds": 3_600}})).await;
    let browser = in_shop(&app, Options::default(), "/app").await;
    upgrade(&browser).await;
    card(&browser, GOOD_CARD).await;
    browser.find(STANDING).await;
    browser.go(&format!("{}/app", app.ready().shop)).await;
    browser.find_saying(PLAN, "Free plan").await;
    assert!(browser.sees("button[data-upgrade=Calendar]").await, "nothing is unlocked by coming back");
    assert_eq!(app.state_of("user_mira", "pro").await, "none not_bought");

    app.control("POST", "clock/advance", &json!({"seconds": 3_601})).await;
    // The page looks again by itself.
    browser.find_saying(PLAN, "Pro plan").await;
    browser.find_saying("#unlocked", "You are on the Pro plan").await;
    assert!(browser.sees("button[data-use=Calendar]").await && !browser.sees(".locked").await);
    assert_eq!(app.state_of("user_mira", "pro").await, "active subscription");
    nothing_went_wrong(&browser).await;

    // And it is locked again, by a webhook as well.
    let grants = json!({
        "reference": "user_mira", "entitlement": "pro", "action": "block", "who": "grace", "why": "a story",
    });
    let blocked = app.operate(reqwest::Method::POST, "/access", &grants).await;
    let _: Value = checkout_tests::app::read(blocked, 200).await;
    browser.find_saying(PLAN, "Free plan").await;
    assert!(browser.sees("button[data-upgrade=Calendar]").await);
}
