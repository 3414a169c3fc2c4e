//! Click, pay, "paid": through the widget, the helper, the provider's page and a signed webhook.

use checkout_tests::app::{DECLINED_CARD, GOOD_CARD, TestApp};
use checkout_tests::browser::Options;
use checkout_types::CheckoutStatus;
use serde_json::json;

use super::widget::{PAY, again, card, fill, in_shop, nothing_went_wrong, open, order, paid, paid_but_untold};

#[tokio::test]
async fn a_click_a_card_and_it_is_paid() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    order(&browser, "pro_monthly", "€34.51").await;
    card(&browser, GOOD_CARD).await;
    paid(&browser).await;
    assert_eq!(browser.address().await, format!("{}/", app.ready().shop), "the address is tidy again");
    nothing_went_wrong(&browser).await;
}

#[tokio::test]
async fn a_declined_card_is_explained_and_the_second_try_works() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    order(&browser, "desktop_license", "€177.31").await;
    card(&browser, DECLINED_CARD).await;
    browser.find_saying("[role=alert]", "declined").await;
    card(&browser, GOOD_CARD).await;
    paid(&browser).await;
}

#[tokio::test]
async fn a_decline_is_told_in_the_widget_too_with_a_way_on() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    order(&browser, "pro_monthly", "€34.51").await;
    card(&browser, DECLINED_CARD).await;
    browser.find_saying("[role=alert]", "declined").await;
    // The buyer goes back to the shop instead.
    browser.go(&format!("{}/", app.ready().shop)).await;
    again(&browser).await;
    browser.find_saying("section.status", "Nothing was charged").await;
    browser.click("section.status button.primary").await;
    browser.find("input[name=card]").await;
    card(&browser, GOOD_CARD).await;
    paid(&browser).await;
}

#[tokio::test]
async fn a_tab_that_is_closed_after_paying_changes_nothing() {
    let app = TestApp::start().await;
    let browser = paid_but_untold(&app).await;
    drop(browser);
    let status = || async { app.demo.app.store.recent_checkouts(1).await.unwrap()[0].status };
    assert_eq!(status().await, CheckoutStatus::Open, "nobody has told the helper yet");
    app.control("POST", "clock/advance", &json!({"seconds": 3_601})).await;
    for _ in 0..200 {
        if status().await == CheckoutStatus::Paid {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("the webhook came, and the order is not paid");
}

#[tokio::test]
async fn a_price_that_changes_is_shown_before_it_is_paid() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    open(&browser, "pro_monthly").await;
    fill(&browser, "€34.51").await;
    app.scenario(json!({"price_change": {"product_id": "pdt_0NqDemoProMonthly0001", "price": 3_100}})).await;
    browser.click(PAY).await;
    browser.find_saying("[role=alert]", "€36.89").await;
    assert_eq!(app.sessions(), 0, "nothing is made at a price that nobody saw");
    browser.find_saying(PAY, "€36.89").await;
    browser.click(PAY).await;
    browser.find_saying("h1", "36.89").await;
}

#[tokio::test]
async fn a_wrong_address_is_said_beside_the_field() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    open(&browser, "pro_monthly").await;
    browser.fill(super::widget::EMAIL, "ada@nowhere").await;
    browser.click(PAY).await;
    browser
        .wait_for("the field to be marked", async || {
            browser.attribute(super::widget::EMAIL, "aria-invalid").await.as_deref() == Some("true")
        })
        .await;
    browser.wait_for("the buyer to be taken to it", async || browser.focus_is_in(super::widget::EMAIL).await).await;
    assert_eq!(app.sessions(), 0);
}

#[tokio::test]
async fn a_postal_code_that_tax_depends_on_is_asked_for_beside_its_field() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    open(&browser, "pro_monthly").await;
    browser.choose(super::widget::COUNTRY, "US").await;
    browser.fill(super::widget::EMAIL, "ada@example.com").await;
    browser.click(PAY).await;
    browser
        .wait_for("the field to be marked", async || {
            browser.attribute("#postal", "aria-invalid").await.as_deref() == Some("true")
        })
        .await;
    assert_eq!(app.sessions(), 0);
    browser.fill("#postal", "94103").await;
    browser.press(checkout_tests::browser::Key::Tab).await;
    browser.find_saying(PAY, "€31.").await;
    browser.click(PAY).await;
    browser.find("input[name=card]").await;
}

#[tokio::test]
async fn what_the_widget_shows_is_what_is_paid_in_every_kind_of_currency() {
    let app = TestApp::start().await;
    // Price, country, and the total in the page's own notation: no, two and three decimals.
    for (price, country, shown, minor) in [
        ("workshop_tokyo_seat", "JP", "¥5,280", 5_280),
        ("desktop_license", "SE", "€186.25", 18_625),
        ("workshop_kuwait_seat", "KW", "12.500", 12_500),
    ] {
        let browser = in_shop(&app, Options::default(), "/").await;
        let script = "window.Checkout.open({ items: [{ priceId: arguments[0] }] }); return null;";
        browser.wait_for("the loader", async || browser.script("return !!window.Checkout;", &[]).await).await;
        browser.script::<()>(script, &[json!(price)]).await;
        browser.choose(super::widget::COUNTRY, country).await;
        browser.fill(super::widget::EMAIL, "ada@example.com").await;
        browser.find_saying(PAY, shown).await;
        browser.click(PAY).await;
        browser.find("input[name=card]").await;
        browser.find_saying("h1", shown).await;
        card(&browser, GOOD_CARD).await;
        paid(&browser).await;
        browser.find_saying("section.status", shown).await;
        let order = &app.demo.app.store.recent_checkouts(1).await.unwrap()[0].order;
        let session = app.demo.sandbox.state_json();
        assert_eq!(order.total.amount, minor, "{price}");
        let totals: Vec<&serde_json::Value> =
            session["payments"].as_array().into_iter().flatten().map(|payment| &payment["total_amount"]).collect();
        assert!(totals.contains(&&json!(minor)), "{price}: {totals:?}");
    }
}
