//! Inline, with the provider's page in a frame.

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::browser::Options;

use super::widget::{PAY, card, fill, in_shop, nothing_went_wrong, paid};

#[tokio::test]
async fn an_inline_checkout_is_paid_without_leaving_the_page() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options { height: 1_400, ..Options::default() }, "/inline").await;
    browser.find_saying(PAY, "Pay").await;
    let price = browser.attribute("checkout-inline", "price-id").await.expect("it names a price");
    let total = match price.as_str() {
        "pro_monthly" => "€34.51",
        "handbook_ebook" => "€24.00",
        "desktop_license" => "€177.31",
        other => panic!("what does {other} cost in Germany?"),
    };
    fill(&browser, total).await;
    browser.click(PAY).await;
    assert!(browser.attribute("iframe", "title").await.is_none_or(|title| !title.is_empty()));
    browser.enter_frame("iframe").await;
    card(&browser, GOOD_CARD).await;
    browser.leave_frames().await;
    paid(&browser).await;
    assert!(browser.address().await.ends_with("/inline"));
    nothing_went_wrong(&browser).await;
}
