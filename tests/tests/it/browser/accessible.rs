//! axe-core (WCAG 2.2 AA and best practice) finds nothing on any view of the widget or the shop.

use checkout_tests::app::{DECLINED_CARD, GOOD_CARD, TestApp};
use checkout_tests::axe::assert_accessible;
use checkout_tests::browser::Options;

use super::widget::{EMAIL, PAY, again, card, fill, in_shop, open, order, paid};

#[tokio::test]
async fn every_view_of_the_overlay() {
    let app = TestApp::start().await;
    for options in [Options::default(), Options { dark: true, ..Options::default() }, Options::phone()] {
        let browser = in_shop(&app, options, "/").await;
        assert_accessible(&browser, "the shop").await;
        open(&browser, "pro_monthly").await;
        assert_accessible(&browser, "the order").await;
        browser.fill(EMAIL, "nobody").await;
        browser.click(PAY).await;
        browser
            .wait_for("an error", async || browser.attribute(EMAIL, "aria-invalid").await.as_deref() == Some("true"))
            .await;
        assert_accessible(&browser, "an error").await;
        fill(&browser, "€34.51").await;
        browser.click(PAY).await;
        browser.find("input[name=card]").await;
        card(&browser, DECLINED_CARD).await;
        browser.find_saying("[role=alert]", "declined").await;
        browser.go(&format!("{}/", app.ready().shop)).await;
        again(&browser).await;
        browser.find_saying("section.status", "Nothing was charged").await;
        assert_accessible(&browser, "a decline").await;
        browser.click("section.status button.primary").await;
        browser.find("input[name=card]").await;
        card(&browser, GOOD_CARD).await;
        paid(&browser).await;
        assert_accessible(&browser, "paid").await;
    }
}

#[tokio::test]
async fn the_inline_widget_and_the_app_page() {
    let app = TestApp::start().await;
    for path in ["/inline", "/app"] {
        let browser = in_shop(&app, Options::default(), path).await;
        if path == "/inline" {
            browser.find_saying(PAY, "Pay").await;
        }
        assert_accessible(&browser, path).await;
    }
}

#[tokio::test]
async fn nothing_is_cut_off_on_the_smallest_phone() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::phone(), "/").await;
    open(&browser, "pro_monthly").await;
    fill(&browser, "€34.51").await;
    assert!(!browser.scrolls_sideways().await);
    let wide: bool = browser
        .script(
            "const host = [...document.body.children].find((e) => e.shadowRoot?.querySelector('dialog'));
            const dialog = host.shadowRoot.querySelector('dialog');
            return dialog.scrollWidth > dialog.clientWidth;",
            &[],
        )
        .await;
    assert!(!wide, "the dialog has no sideways scroll bar");
    let small = Options { dark: true, ..Options::phone() };
    drop(browser);
    let browser = in_shop(&app, small, "/").await;
    order(&browser, "desktop_license", "€177.31").await;
    assert!(!browser.scrolls_sideways().await);
}
