//! The pages that we serve, under their own policy: Chromium finds nothing to object to, and only
//! the shop's pages may frame them.

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::browser::{Browser, Options};
use checkout_tests::pages::{Page, reserve, serve};

use super::widget::card;

/// What the browser objected to, the favicon that it asks for by itself left out.
async fn objections(browser: &Browser) -> Vec<String> {
    let errors = browser.console_errors().await;
    errors
        .into_iter()
        .filter(|error| error.contains("Content Security Policy") || error.contains("Refused to"))
        .collect()
}

#[tokio::test]
async fn no_page_violates_its_own_policy() {
    let app = TestApp::start().await;
    let browser = Browser::open(Options { still: true, ..Options::default() }).await;
    let helper = &app.ready().helper;
    let mut objected = Vec::new();
    for path in
        ["/pay/pro_monthly", "/pay/team_monthly?quantity=5", "/pay/nothing", "/problems/price-changed", "/c/co_1?t=x"]
    {
        browser.go(&format!("{helper}{path}")).await;
        browser.find("h1").await;
        let sheet: u32 = browser.script("return document.styleSheets[0].cssRules.length", &[]).await;
        assert!(sheet > 5, "{path} has its style sheet");
        objected.extend(objections(&browser).await);
    }
    // A refusal, the review, the way to the payment page and back.
    browser.go(&format!("{helper}/pay/pro_monthly?email=ada@example.com&country=XX")).await;
    browser.click("button[value=review]").await;
    browser.find("[role=alert]").await;
    objected.extend(objections(&browser).await);
    browser.fill("input[name=country]", "DE").await;
    browser.click("button[value=review]").await;
    browser.find("button[value=pay]").await;
    objected.extend(objections(&browser).await);
    browser.click("button[value=pay]").await;
    browser.find("input[name=card]").await;
    objected.extend(objections(&browser).await);
    card(&browser, GOOD_CARD).await;
    browser.find_saying("h1", "Paid").await;
    objected.extend(objections(&browser).await);
    assert!(objected.is_empty(), "{objected:#?}");
    // The check can see: what is not allowed is objected to.
    browser
        .script::<()>(
            "document.body.append(Object.assign(document.createElement('img'), { src: 'http://127.0.0.1:1/x.png' }))",
            &[],
        )
        .await;
    browser.wait_for("an objection", async || !objections(&browser).await.is_empty()).await;
}

#[tokio::test]
async fn only_the_shops_pages_may_frame_the_pay_page() {
    let (shop, site) = reserve().await;
    let app = TestApp::start_for(vec![shop.clone()]).await;
    let frame = format!(
        "<!doctype html><html lang=\"en\"><title>A page</title><h1>A page</h1>
        <iframe title=\"Checkout\" src=\"{}/pay/pro_monthly?embed=1\"></iframe></html>",
        app.ready().helper
    );
    let stranger = serve(vec![Page::html("/", frame.clone())]).await;
    site.serve(vec![Page::html("/", frame)]);
    let browser = Browser::open(Options::default()).await;

    browser.go(&format!("{shop}/")).await;
    browser.enter_frame("iframe").await;
    browser.find_saying("h1", "Fernway Pro").await;
    browser.leave_frames().await;
    assert!(objections(&browser).await.is_empty());

    browser.go(&format!("{stranger}/")).await;
    browser
        .wait_for("a refusal", async || objections(&browser).await.iter().any(|text| text.contains("frame-ancestors")))
        .await;
    browser.enter_frame("iframe").await;
    assert!(!browser.sees("form").await, "nothing of the page is in the frame");
}
