//! Reloads, second tabs and lost pages: one order, one payment page.

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::browser::Options;
use serde_json::json;

use super::widget::{EMAIL, PAY, STANDING, again, card, fill, in_shop, open, order, paid, paid_but_untold};

#[tokio::test]
async fn a_reload_before_ordering_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    open(&browser, "pro_monthly").await;
    fill(&browser, "€34.51").await;
    browser.reload().await;
    again(&browser).await;
    browser.find_saying(PAY, "€34.51").await;
    assert_eq!(browser.value(EMAIL).await, "ada@example.com");
}

#[tokio::test]
async fn coming_back_from_the_payment_page_resumes_the_same_order() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    order(&browser, "pro_monthly", "€34.51").await;
    let page = browser.address().await;
    browser.go(&format!("{}/", app.ready().shop)).await;
    again(&browser).await;
    browser.click("section.status button.primary").await;
    browser.find("input[name=card]").await;
    assert_eq!(browser.address().await, page, "the same page of the same order");
    card(&browser, GOOD_CARD).await;
    paid(&browser).await;
    assert_eq!(app.sessions(), 1);
}

#[tokio::test]
async fn a_reload_while_waiting_for_the_bank_goes_on_waiting() {
    let app = TestApp::start().await;
    let browser = paid_but_untold(&app).await;
    assert!(!browser.sees("section.status[data-tone=good]").await, "the browser's word is not enough");
    assert!(!browser.text(STANDING).await.contains("Your payment went through"), "nor is it said");
    browser.reload().await;
    again(&browser).await;
    browser.find(STANDING).await;
    app.control("POST", "clock/advance", &json!({"seconds": 3_601})).await;
    paid(&browser).await;
    assert_eq!(app.sessions(), 1);
}

#[tokio::test]
async fn an_impatient_click_orders_once() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    open(&browser, "pro_monthly").await;
    fill(&browser, "€34.51").await;
    app.scenario(json!({"latency_ms": 400})).await;
    let button = browser.find(PAY).await;
    for _ in 0..3 {
        let _ = button.click().await;
    }
    browser.find("input[name=card]").await;
    assert_eq!(app.sessions(), 1);
}
