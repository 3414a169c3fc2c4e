//! The widget in a real browser, with a helper that answers from here.
#![cfg(target_family = "wasm")]
#![expect(clippy::unwrap_used, reason = "that is how a test fails")]

use checkout_ui::{Mounted, mount};
use js_sys::{Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{Element, HtmlElement, HtmlInputElement, ShadowRoot, ShadowRootInit, ShadowRootMode, window};

wasm_bindgen_test_configure!(run_in_browser);

/// The helper: quotes 29 euros for each, refuses more than five, and has one paid checkout.
const HELPER: &str = r#"
    const json = (status, body) => Promise.resolve(new Response(JSON.stringify(body), { status }));
    const money = (amount) => ({ amount, currency: "EUR" });
    const path = new URL(url).pathname;
    if (path === "/v1/quotes") {
        const [{ price_id, quantity }] = JSON.parse(init.body).items;
        if (price_id === "gone") {
            const errors = [{ pointer: "/items/0/price_id", code: "unknown_product" }];
            return json(422, { title: "This is not for sale.", code: "cart_invalid", status: 422, errors });
        }
        const billing = { type: "recurring", interval: "month", interval_count: 1, trial_days: 0 };
        const total = money(2900 * quantity);
        const rule = { min: 1, max: 5, step: 1 };
        const line = { price_id, name: "Pro", quantity, quantity_rule: rule, billing, unit: money(2900), total, addons: [] };
        return json(200, {
            id: "qt_1", lines: [line], subtotal: total, discount: money(0), tax: null, tax_inclusive: false, total,
            recurring: [{ price_id, amount: total, billing }], quote_token: "token",
            expires_at: new Date(Date.now() + 9e5).toISOString(),
        });
    }
    if (path.endsWith("/events")) {
        const checkout = { id: "co_1", status: "paid", total: money(2900), expires_at: "later", items: [] };
        return Promise.resolve(new Response("event: checkout\ndata: " + JSON.stringify(checkout) + "\n\n"));
    }
    return json(404, { code: "not_found", title: "No.", status: 404 });
"#;

/// A page with one inline widget, gone when dropped.
struct Page {
    host: Element,
    root: ShadowRoot,
    mounted: Option<Mounted>,
}

impl Page {
    fn new(options: &str) -> Self {
        let window = window().unwrap();
        window.session_storage().unwrap().unwrap().remove_item("checkout.draft").unwrap();
        let fetch = Function::new_with_args("url, init", HELPER);
        Reflect::set(&window, &"fetch".into(), &fetch).unwrap();
        let document = window.document().unwrap();
        let host = document.create_element("div").unwrap();
        document.body().unwrap().append_child(&host).unwrap();
        let root = host.attach_shadow(&ShadowRootInit::new(ShadowRootMode::Open)).unwrap();
        let inside: HtmlElement = document.create_element("div").unwrap().unchecked_into();
        root.append_child(&inside).unwrap();
        let options: Object = JSON::parse(options).unwrap().unchecked_into();
        let base = JSON::parse(r#"{"config":{"helper":"https://helper.example"},"inline":true}"#).unwrap();
        let options = Object::assign(&options, base.unchecked_ref());
        Reflect::set(&options, &"target".into(), &host).unwrap();
        Reflect::set(&options, &"end".into(), &Function::new_no_args("")).unwrap();
        let mounted = mount(inside, options.into()).ok();
        Self { host, root, mounted }
    }

    fn find(&self, selector: &str) -> Option<Element> {
        self.root.query_selector(selector).unwrap()
    }

    /// The element, once it is there.
    async fn wait(&self, selector: &str) -> Element {
        for _ in 0..100 {
            if let Some(element) = self.find(selector) {
                return element;
            }
            pause().await;
        }
        panic!("{selector} does not come: {}", self.root.inner_html());
    }

    /// Waits until an element says that.
    async fn says(&self, selector: &str, text: &str) {
        for _ in 0..100 {
            if self.find(selector).and_then(|element| element.text_content()).is_some_and(|says| says.contains(text)) {
                return;
            }
            pause().await;
        }
        panic!("{selector} does not say {text}: {}", self.root.inner_html());
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        drop(self.mounted.take());
        self.host.remove();
    }
}

async fn pause() {
    let timer = Promise::new(&mut |resolve, _| {
        window().unwrap().set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 20).unwrap();
    });
    JsFuture::from(timer).await.unwrap();
}

const PRO: &str = r#"{"items":[{"priceId":"pro"}],"customer":{"address":{"countryCode":"DE"}}}"#;

#[wasm_bindgen_test]
async fn the_summary_shows_what_the_server_says() {
    let page = Page::new(PRO);
    page.says(".due dd", "29.00").await;
    page.says(".name", "Pro").await;
    page.says(".primary", "29.00").await;
    page.says(".renewal", "29.00 per month").await;
}

#[wasm_bindgen_test]
async fn another_quantity_gets_another_price_and_keeps_the_focus() {
    let page = Page::new(PRO);
    let more: HtmlElement = page.wait(".quantity button:nth-of-type(2)").await.unchecked_into();
    more.focus().unwrap();
    more.click();
    page.says(".due dd", "58.00").await;
    assert_eq!(page.root.active_element().as_ref(), Some(more.as_ref()));
}

#[wasm_bindgen_test]
async fn a_missing_address_is_said_beside_its_field_and_gets_the_focus() {
    let page = Page::new(PRO);
    let pay: HtmlElement = page.wait(".primary").await.unchecked_into();
    pay.click();
    page.says("#email-error", "Enter your email address").await;
    let email: HtmlInputElement = page.wait("#email").await.unchecked_into();
    assert_eq!(email.get_attribute("aria-invalid").as_deref(), Some("true"));
    assert_eq!(email.get_attribute("aria-describedby").as_deref(), Some("email-error"));
    pause().await;
    assert_eq!(page.root.active_element().map(|element| element.id()).as_deref(), Some("email"));
}

#[wasm_bindgen_test]
async fn what_is_not_for_sale_is_said_in_words() {
    let page = Page::new(r#"{"items":[{"priceId":"gone"}]}"#);
    page.says(".status p", "not for sale").await;
    assert!(page.find("form").is_none());
}

#[wasm_bindgen_test]
async fn paid_is_shown_because_the_server_says_so_and_told_once() {
    let storage = window().unwrap().local_storage().unwrap().unwrap();
    let attempt = format!(
        r#"{{"key":"k","body":"{{}}","cart":"[]","id":"co_1","client_secret":"s","url":"https://p.example/","at":{}}}"#,
        js_sys::Date::now()
    );
    storage.set_item("checkout.order.co_1", &attempt).unwrap();
    storage.remove_item("checkout.told").unwrap();
    let told = Function::new_no_args("globalThis.told = (globalThis.told ?? 0) + 1");
    let count = || Reflect::get(&js_sys::global(), &"told".into()).unwrap().as_f64();
    for _ in 0..2 {
        let page = Page::new(r#"{"resume":"co_1"}"#);
        page.host.add_event_listener_with_callback("checkout:completed", &told).unwrap();
        page.says("#standing", "Thank you").await;
        assert_eq!(count(), Some(1.0));
    }
}

#[wasm_bindgen_test]
async fn an_order_of_another_browser_is_not_called_paid() {
    let page = Page::new(r#"{"resume":"co_2"}"#);
    page.says("#standing", "cannot show this order").await;
}

#[wasm_bindgen_test]
async fn dropping_the_widget_leaves_nothing_behind() {
    let mut page = Page::new(PRO);
    page.wait("#email").await;
    drop(page.mounted.take());
    assert!(page.find(".widget").is_none());
}

#[wasm_bindgen_test]
fn a_root_that_is_not_in_the_page_is_refused() {
    let document = window().unwrap().document().unwrap();
    let loose: HtmlElement = document.create_element("div").unwrap().unchecked_into();
    assert!(mount(loose, JsValue::from(Object::new())).is_err());
}
