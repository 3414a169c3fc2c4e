//! The pages that need no script, in a browser that has none.

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::axe::assert_accessible;
use checkout_tests::browser::{Browser, Options};

use super::widget::{card, in_shop};

#[tokio::test]
async fn without_any_script_it_still_sells() {
    let app = TestApp::start().await;
    let browser = Browser::open(Options { no_js: true, ..Options::phone() }).await;
    browser.go(&format!("{}/pay/pro_monthly", app.ready().helper)).await;
    type_in(&browser, "email", "ada@example.com").await;
    type_in(&browser, "country", "DE").await;
    press(&browser, "review").await;
    shows(&browser, "34.51 EUR").await;
    press(&browser, "pay").await;
    shows(&browser, "name=\"card\"").await;
    for (name, text) in [("card", GOOD_CARD), ("expiry", "06/32"), ("cvc", "123")] {
        type_in(&browser, name, text).await;
    }
    browser.driver().find(thirtyfour_by("button.primary")).await.unwrap().click().await.unwrap();
    shows(&browser, "Paid. Thank you!").await;
}

/// Waits for a text. A page without script has nothing else to wait by.
async fn shows(browser: &Browser, text: &str) {
    for _ in 0..100 {
        if source(browser).await.contains(text) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("no {text} in {}", source(browser).await);
}

fn thirtyfour_by(css: &str) -> thirtyfour::By {
    thirtyfour::By::Css(css)
}

async fn type_in(browser: &Browser, name: &str, text: &str) {
    let field = browser.driver().find(thirtyfour_by(&format!("input[name={name}]"))).await.unwrap();
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

async fn press(browser: &Browser, step: &str) {
    browser.driver().find(thirtyfour_by(&format!("button[value={step}]"))).await.unwrap().click().await.unwrap();
}

async fn source(browser: &Browser) -> String {
    browser.driver().source().await.unwrap()
}

#[tokio::test]
async fn the_served_pages_are_accessible_on_a_phone_and_in_the_dark() {
    let app = TestApp::start().await;
    for options in [Options::phone(), Options { dark: true, ..Options::default() }] {
        let browser = Browser::open(options).await;
        browser.go(&format!("{}/pay/team_monthly", app.ready().helper)).await;
        assert_accessible(&browser, "pay").await;
        assert!(!browser.scrolls_sideways().await);
        browser.fill("input[name=email]", "ada@example.com").await;
        browser.fill("input[name=country]", "DE").await;
        browser.click("button[value=review]").await;
        browser.find("button[value=pay]").await;
        assert_accessible(&browser, "review").await;
        assert!(!browser.scrolls_sideways().await);
        browser.click("button[value=pay]").await;
        browser.find("input[name=card]").await;
        assert_accessible(&browser, "the provider's page").await;
        card(&browser, GOOD_CARD).await;
        browser.find_saying("h1", "Paid").await;
        assert_accessible(&browser, "status").await;
        assert!(!browser.scrolls_sideways().await);
    }
}

#[tokio::test]
async fn a_page_with_its_scripts_blocked_links_to_a_page_that_sells() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options { no_js: true, ..Options::default() }, "/").await;
    let links = browser.driver().find_all(thirtyfour_by("a[href*='/pay/']")).await.unwrap();
    assert!(!links.is_empty(), "the shop gives its buttons a link inside");
}
