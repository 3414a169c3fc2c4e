//! The lines that the README tells people to paste, on a page that is not ours, and under the
//! policies that strict pages have.

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::browser::{Browser, Options};
use checkout_tests::in_repository;
use checkout_tests::pages::{Page, reserve};

use super::widget::{COUNTRY, EMAIL, PAY, card, open, paid};

/// The block of the README after the marker, with the helper's address of this test.
fn snippet(helper: &str) -> String {
    let readme = std::fs::read_to_string(in_repository("README.md")).unwrap();
    let marked = readme.split("<!-- test: embed -->").nth(1).expect("the marker is there");
    let block = marked.split("```").nth(1).unwrap().trim_start_matches("html");
    block.replace("https://pay.example.com", helper)
}

fn page(body: &str) -> String {
    format!("<!doctype html><html lang=\"en\"><title>Somebody else</title><main><h1>Hello</h1>{body}</main></html>")
}

/// A page with that body and policy, and a helper that allows it. `{helper}` and `{sandbox}` in the
/// policy are their origins.
async fn visit(policy: Option<&str>, body: impl Fn(&str) -> String) -> (TestApp, Browser) {
    let (origin, site) = reserve().await;
    let app = TestApp::start_for(vec![origin.clone()]).await;
    let mut page = Page::html("/", page(&body(&app.ready().helper)));
    if let Some(policy) = policy {
        let policy = policy.replace("{helper}", &app.ready().helper).replace("{sandbox}", &app.ready().sandbox);
        page = page.with_header("content-security-policy", &policy);
    }
    site.serve(vec![page]);
    let browser = Browser::open(Options { height: 1_400, still: true, ..Options::default() }).await;
    browser.go(&format!("{origin}/")).await;
    (app, browser)
}

#[tokio::test]
async fn what_the_readme_tells_to_paste_sells() {
    let (_app, browser) = visit(None, snippet).await;
    browser.find_saying(PAY, "Pay").await;
    browser.click("checkout-button").await;
    // Two checkouts are on this page: the one in the dialog is meant.
    let in_dialog = |css: &str| format!("dialog {css}");
    browser.choose(&in_dialog(COUNTRY), "DE").await;
    browser.fill(&in_dialog(EMAIL), "ada@example.com").await;
    browser.find_saying(&in_dialog(PAY), "€34.51").await;
    browser.click(&in_dialog(PAY)).await;
    browser.find("input[name=card]").await;
    card(&browser, GOOD_CARD).await;
    paid(&browser).await;
}

/// What `GET /csp` tells a strict page to write is enough.
#[tokio::test]
async fn a_strict_page_needs_what_we_say_and_no_more() {
    let policy = "default-src 'none'; script-src {helper} 'wasm-unsafe-eval'; connect-src {helper}; frame-src {helper} {sandbox}";
    let (_app, browser) = visit(Some(policy), |helper| {
        format!(
            "<script type=\"module\" src=\"{helper}/checkout.js\"></script>
            <checkout-button price-id=\"pro_monthly\">Upgrade</checkout-button>"
        )
    })
    .await;
    open(&browser, "pro_monthly").await;
    let errors = browser.console_errors().await;
    assert!(errors.is_empty(), "{errors:#?}");
}

/// A policy that names no host at all: what a trusted script brings is trusted.
#[tokio::test]
async fn a_page_with_a_nonce_hands_it_on() {
    for policy in
        ["script-src 'nonce-abc' 'strict-dynamic' 'wasm-unsafe-eval'", "script-src 'nonce-abc' 'wasm-unsafe-eval'"]
    {
        let (_app, browser) = visit(Some(policy), |helper| {
            format!(
                "<script type=\"module\" nonce=\"abc\" src=\"{helper}/checkout.js\"></script>
                <checkout-button price-id=\"pro_monthly\">Upgrade</checkout-button>"
            )
        })
        .await;
        open(&browser, "pro_monthly").await;
        let errors = browser.console_errors().await;
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// Trusted Types let no script name another one: the button leads to the helper's page.
#[tokio::test]
async fn under_trusted_types_the_button_still_sells() {
    let (app, browser) = visit(Some("require-trusted-types-for 'script'"), |helper| {
        format!(
            "<script type=\"module\" src=\"{helper}/checkout.js\"></script>
            <checkout-button price-id=\"pro_monthly\">Upgrade</checkout-button>"
        )
    })
    .await;
    browser.click("checkout-button").await;
    let page = format!("{}/pay/pro_monthly", app.ready().helper);
    browser.wait_for("the whole page", async || browser.address().await.starts_with(&page)).await;
}

/// The ladder: without WebAssembly, the helper's own page in a frame; without frames, that page.
#[tokio::test]
async fn where_wasm_is_refused_the_button_still_sells() {
    let button = |helper: &str| {
        format!(
            "<script type=\"module\" src=\"{helper}/checkout.js\"></script>
            <checkout-button price-id=\"pro_monthly\">Upgrade</checkout-button>"
        )
    };
    let no_wasm = "script-src {helper}; connect-src {helper}; frame-src {helper} {sandbox}";
    let (_app, browser) = visit(Some(no_wasm), button).await;
    browser.click("checkout-button").await;
    browser.enter_frame("dialog iframe").await;
    browser.find_saying("h1", "Fernway Pro").await;
    drop(browser);

    let no_frames = "script-src {helper}; connect-src {helper}; frame-src 'none'";
    let (app, browser) = visit(Some(no_frames), button).await;
    browser.click("checkout-button").await;
    browser
        .wait_for("the whole page", async || {
            browser.address().await.starts_with(&format!("{}/pay/pro_monthly", app.ready().helper))
        })
        .await;
}
