//! The overlay is a dialog as the ARIA Authoring Practices want it: measured, not believed.

use checkout_tests::app::TestApp;
use checkout_tests::browser::{Key, Options};

use super::widget::{in_shop, open};

#[tokio::test]
async fn the_keyboard_goes_in_stays_in_and_comes_back() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    let button = "checkout-button[price-id=pro_monthly]";
    open(&browser, "pro_monthly").await;
    assert!(browser.focus_is_in("dialog").await, "it goes in");
    for _ in 0..30 {
        browser.press(Key::Tab).await;
        // Between its last and its first stop the browser's own bars may have it.
        let focus = browser.focus().await;
        assert!(focus.tag == "body" || focus.tag.is_empty() || browser.focus_is_in("dialog").await, "{focus:?}");
    }
    for _ in 0..10 {
        browser.press_shift_tab().await;
        let focus = browser.focus().await;
        assert!(focus.tag == "body" || focus.tag.is_empty() || browser.focus_is_in("dialog").await, "{focus:?}");
    }
    browser.press(Key::Escape).await;
    browser.wait_gone("dialog").await;
    assert!(browser.focus_is_in(button).await, "it comes back");
}

#[tokio::test]
async fn back_closes_the_overlay_instead_of_leaving() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    open(&browser, "pro_monthly").await;
    browser.back().await;
    browser.wait_gone("dialog").await;
    assert_eq!(browser.address().await, format!("{}/", app.ready().shop));
}

#[tokio::test]
async fn the_page_behind_is_as_it_was() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    let before: (String, String) = browser
        .script("document.documentElement.style.overflow = 'clip'; return [document.documentElement.style.cssText, document.body.style.cssText];", &[])
        .await;
    open(&browser, "pro_monthly").await;
    browser.press(Key::Escape).await;
    browser.wait_gone("dialog").await;
    let after: (String, String) =
        browser.script("return [document.documentElement.style.cssText, document.body.style.cssText];", &[]).await;
    assert_eq!(after, before);
}

#[tokio::test]
async fn two_clicks_open_one_overlay_and_what_was_typed_stays() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options::default(), "/").await;
    browser
        .script::<()>("for (let i = 0; i < 3; i++) document.querySelector('checkout-button[price-id=pro_monthly]').click(); window.Checkout.open({ items: [{ priceId: 'pro_monthly' }] }); return null;", &[])
        .await;
    browser.find_saying(super::widget::PAY, "Pay").await;
    assert_eq!(browser.all("dialog[open]").await.len(), 1);
    browser.fill(super::widget::EMAIL, "ada@example.com").await;
    browser.press(Key::Escape).await;
    browser.wait_gone("dialog").await;
    open(&browser, "pro_monthly").await;
    assert_eq!(browser.value(super::widget::EMAIL).await, "ada@example.com");
}

#[tokio::test]
async fn the_dialog_is_as_dark_as_the_page_and_has_no_idle_scroll_bar() {
    let app = TestApp::start().await;
    let browser = in_shop(&app, Options { dark: true, ..Options::default() }, "/").await;
    let look = "const dialog = [...document.body.children].find((e) => e.shadowRoot?.querySelector('dialog'))
            .shadowRoot.querySelector('dialog');
        const dark = getComputedStyle(dialog).backgroundColor.match(/\\d+/g).slice(0, 3).every((part) => part < 100);
        return [dark, dialog.scrollHeight > dialog.clientHeight];";
    open(&browser, "pro_monthly").await;
    super::widget::fill(&browser, "€34.51").await;
    assert_eq!(browser.script::<(bool, bool)>(look, &[]).await, (true, false), "the order");
    browser.click(super::widget::PAY).await;
    browser.find("input[name=card]").await;
    super::widget::card(&browser, checkout_tests::app::GOOD_CARD).await;
    super::widget::paid(&browser).await;
    assert_eq!(browser.script::<(bool, bool)>(look, &[]).await, (true, false), "after coming back");
}
