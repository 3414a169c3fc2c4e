//! What a buyer sees of the widget, named once: a page object for the stories.

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::browser::{Browser, Options};
use serde_json::json;

/// The field for the address, the choice of country, and the button that orders.
pub(super) const EMAIL: &str = "input[type=email]";
pub(super) const COUNTRY: &str = "form select";
pub(super) const PAY: &str = "form button[type=submit]";
/// What the widget says of the order.
pub(super) const STANDING: &str = "#standing";

/// A browser in the shop. Motion is off: a click does not wait for a page that still glides.
pub(super) async fn in_shop(app: &TestApp, options: Options, path: &str) -> Browser {
    let browser = Browser::open(Options { still: true, ..options }).await;
    browser.go(&format!("{}{path}", app.ready().shop)).await;
    browser
}

/// Presses a buy button and waits for the total.
pub(super) async fn open(browser: &Browser, price: &str) {
    browser.click(&format!("checkout-button[price-id={price}]")).await;
    browser.find_saying(PAY, "Pay").await;
}

/// Says who buys, from where; waits for the total with that country's tax.
pub(super) async fn fill(browser: &Browser, total: &str) {
    browser.choose(COUNTRY, "DE").await;
    browser.fill(EMAIL, "ada@example.com").await;
    browser.find_saying(PAY, total).await;
}

/// Enters a card on the provider's page and pays.
pub(super) async fn card(browser: &Browser, number: &str) {
    browser.fill("input[name=card]", number).await;
    browser.fill("input[name=expiry]", "06/32").await;
    browser.fill("input[name=cvc]", "123").await;
    browser.click("button.primary").await;
}

/// From the shop to the provider's page.
pub(super) async fn order(browser: &Browser, price: &str, total: &str) {
    open(browser, price).await;
    fill(browser, total).await;
    browser.click(PAY).await;
    browser.find("input[name=card]").await;
}

/// No exception, no failed load, no violation of the shop's strict policy.
pub(super) async fn nothing_went_wrong(browser: &Browser) {
    let errors = browser.console_errors().await;
    assert!(errors.is_empty(), "{errors:#?}");
}

/// Waits until the widget says that it is paid.
pub(super) async fn paid(browser: &Browser) {
    browser.find("section.status[data-tone=good]").await;
    browser.find_saying(STANDING, "Your payment went through").await;
}

/// In the shop again: the widget comes back by itself, or the buyer presses the button again.
pub(super) async fn again(browser: &Browser) {
    if !browser.sees("dialog[open]").await {
        browser.click("checkout-button[price-id=pro_monthly]").await;
    }
}

/// A buyer who has paid and is back in the shop, while the webhook that says so is an hour away.
pub(super) async fn paid_but_untold(app: &TestApp) -> Browser {
    app.scenario(json!({"webhooks": {"mode": "slow", "delay_seconds": 3_600}})).await;
    let browser = in_shop(app, Options::default(), "/").await;
    order(&browser, "pro_monthly", "€34.51").await;
    card(&browser, GOOD_CARD).await;
    browser.find(STANDING).await;
    browser
}
