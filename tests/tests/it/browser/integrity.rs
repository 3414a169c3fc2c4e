//! Every byte that runs is a byte that was built: one changed anywhere on the way, and nothing of it
//! runs, while the button still sells (S9).

use checkout_tests::app::TestApp;
use checkout_tests::browser::{Browser, Options};
use checkout_tests::pages::{Page, reserve};
use checkout_tests::proxy::Proxy;
use serde_json::{Value, json};

use super::widget::PAY;

/// Says on the console, and to the page, whether the bytes ran.
const MARK: &str = "window.changed_code_ran = true;";

/// A page that pins the loader, and a helper whose file of that ending comes with `change` made to it.
async fn visit(ending: &'static str, change: fn(Vec<u8>) -> Vec<u8>) -> (String, Browser) {
    let (origin, site) = reserve().await;
    let app = TestApp::start_for(vec![origin.clone()]).await;
    let needs: Value = app.get("/csp").header("accept", "application/json").send().await.unwrap().json().await.unwrap();
    let helper = Proxy::to(&app.ready().helper)
        .after(move |path, body| if path.ends_with(ending) { change(body) } else { body })
        .serve()
        .await;
    let tag = needs["script_tag"].as_str().unwrap().replace(&app.ready().helper, &helper);
    assert!(tag.contains("integrity=\"sha384-") && tag.contains("crossorigin"), "{tag}");
    let body = format!(
        "<!doctype html><html lang=\"en\"><title>A shop</title><main><h1>Shop</h1>{tag}
        <checkout-button price-id=\"pro_monthly\"><a href=\"{helper}/pay/pro_monthly\">Upgrade</a></checkout-button>
        </main></html>"
    );
    site.serve(vec![Page::html("/", body)]);
    let browser = Browser::open(Options { still: true, ..Options::default() }).await;
    browser.go(&format!("{origin}/")).await;
    // The helper must outlive this function.
    std::mem::forget(app);
    (helper, browser)
}

/// One more statement: the change that an attacker would make.
fn with_code(mut body: Vec<u8>) -> Vec<u8> {
    body.extend_from_slice(MARK.as_bytes());
    body
}

/// The smallest change there is, in the last byte: a module with it may still be one that runs.
fn flipped(mut body: Vec<u8>) -> Vec<u8> {
    *body.last_mut().unwrap() ^= 1;
    body
}

async fn nothing_ran(browser: &Browser) {
    assert_eq!(browser.script::<Value>("return window.changed_code_ran ?? null", &[]).await, Value::Null);
}

#[tokio::test]
async fn what_is_not_changed_runs() {
    let (_, browser) = visit("nothing", |body| body).await;
    browser.click("checkout-button").await;
    browser.find_saying(PAY, "Pay").await;
    let errors = browser.console_errors().await;
    assert!(errors.is_empty(), "{errors:#?}");
    // `import` took the module that was checked, and asked for no other.
    let asked =
        "return performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('checkout-ui.js')).length";
    assert_eq!(browser.script::<Value>(asked, &[]).await, json!(1));
}

#[tokio::test]
async fn a_changed_loader_leaves_a_plain_link() {
    for change in [with_code, flipped] {
        let (helper, browser) = visit("checkout.js", change).await;
        nothing_ran(&browser).await;
        assert_eq!(browser.script::<Value>("return window.Checkout ?? null", &[]).await, Value::Null);
        browser.click("checkout-button a").await;
        leads_to_the_page(&browser, &helper).await;
    }
}

#[tokio::test]
async fn a_changed_glue_does_not_run_and_the_button_leads_to_the_page() {
    for change in [with_code, flipped] {
        let (helper, browser) = visit("checkout-ui.js", change).await;
        browser.click("checkout-button").await;
        leads_to_the_page(&browser, &helper).await;
        browser.back().await;
        nothing_ran(&browser).await;
        let refused = browser.console_errors().await;
        assert!(refused.iter().any(|error| error.contains("integrity")), "{refused:#?}");
        // Who asks why is told, although what would look into it did not come either.
        let found: Value = browser.script("return Checkout.diagnose()", &[]).await;
        assert_eq!((&found[0]["code"], &found[0]["ok"]), (&json!("csp_blocked"), &json!(false)), "{found}");
    }
}

#[tokio::test]
async fn a_changed_module_does_not_run_and_the_helpers_page_is_framed() {
    let (_, browser) = visit("checkout-ui_bg.wasm", flipped).await;
    let spy = "window.instances = 0;
        for (const name of ['instantiate', 'instantiateStreaming', 'compile', 'compileStreaming']) {
            const real = WebAssembly[name];
            WebAssembly[name] = (...all) => real(...all).then((made) => (window.instances++, made));
        }";
    browser.script::<()>(spy, &[]).await;
    browser.click("checkout-button").await;
    browser.enter_frame("dialog iframe").await;
    browser.find_saying("h1", "Fernway Pro").await;
    browser.leave_frames().await;
    assert_eq!(browser.script::<Value>("return window.instances", &[]).await, json!(0));
}

async fn leads_to_the_page(browser: &Browser, helper: &str) {
    let page = format!("{helper}/pay/pro_monthly");
    browser.wait_for("the whole page", async || browser.address().await.starts_with(&page)).await;
    browser.find_saying("h1", "Fernway Pro").await;
}
