//! Takes the pictures that the documents show (`make pictures`), by the way a buyer goes.

use checkout_tests::app::{DECLINED_CARD, GOOD_CARD, TestApp};
use checkout_tests::browser::{Browser, Options};
use checkout_tests::in_repository;

use super::widget::{EMAIL, PAY, again, card, fill, in_shop, open, paid};

async fn take(browser: &Browser, name: &str) {
    // The last transition has ended and the fonts are there.
    tokio::time::sleep(std::time::Duration::from_millis(400)).await;
    // A run of all tests leaves the working tree as it was; `make pictures` is for the documents.
    let folder = if std::env::var_os("CHECKOUT_PICTURES").is_some() { "docs/screenshots" } else { "target/pictures" };
    browser.screenshot(in_repository(format!("{folder}/{name}.png"))).await;
}

#[tokio::test]
async fn pictures_of_every_view() {
    let app = TestApp::start().await;
    let desktop = Options { width: 1_100, height: 760, still: true, ..Options::default() };
    let phone = Options { still: true, ..Options::phone() };
    for (suffix, options) in [("light", desktop), ("dark", Options { dark: true, ..desktop }), ("phone", phone)] {
        let browser = in_shop(&app, options, "/").await;
        take(&browser, &format!("shop-{suffix}")).await;
        open(&browser, "pro_monthly").await;
        fill(&browser, "€34.51").await;
        take(&browser, &format!("overlay-{suffix}")).await;
        browser.fill(EMAIL, "nobody").await;
        browser.click(PAY).await;
        browser
            .wait_for("an error", async || browser.attribute(EMAIL, "aria-invalid").await.as_deref() == Some("true"))
            .await;
        take(&browser, &format!("error-{suffix}")).await;
        fill(&browser, "€34.51").await;
        browser.click(PAY).await;
        browser.find("input[name=card]").await;
        take(&browser, &format!("provider-{suffix}")).await;
        card(&browser, DECLINED_CARD).await;
        browser.find_saying("[role=alert]", "declined").await;
        browser.go(&format!("{}/", app.ready().shop)).await;
        again(&browser).await;
        browser.find_saying("section.status", "Nothing was charged").await;
        take(&browser, &format!("declined-{suffix}")).await;
        browser.click("section.status button.primary").await;
        browser.find("input[name=card]").await;
        card(&browser, GOOD_CARD).await;
        paid(&browser).await;
        take(&browser, &format!("paid-{suffix}")).await;

        browser.go(&format!("{}/pay/pro_monthly", app.ready().helper)).await;
        take(&browser, &format!("no-script-{suffix}")).await;
        browser.go(&format!("{}/inline", app.ready().shop)).await;
        browser.find_saying(PAY, "Pay").await;
        take(&browser, &format!("inline-{suffix}")).await;
        browser.go(&format!("{}/app", app.ready().shop)).await;
        take(&browser, &format!("app-{suffix}")).await;
    }
}
