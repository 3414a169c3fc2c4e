//! What the browser remembers of an order, when its answers are lost or its storage fails; and what it forgets.

use checkout_tests::browser::{Key, Options};
use checkout_tests::line::Weather;
use serde_json::{Value, json};

use super::flow::{ORDERS, Step};
use super::scene::{GLANCE, Scene, View};
use super::tally::ONCE;

/// A page under a policy, or a private window, in which storage throws.
const REFUSE: &str = "for (const name of ['localStorage', 'sessionStorage'])
        Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError') } }); return 1";

#[tokio::test]
async fn without_storage_an_order_whose_answer_was_lost_is_asked_for_again_and_not_made_twice() {
    let mut scene = Scene::open(Options::default()).await;
    scene.anew().await;
    let _: Option<Value> = scene.script(REFUSE).await;
    scene.press_trigger().await;
    scene.until(View::Form).await;
    scene.fill().await;
    scene.line.turn(Weather::Lost(ORDERS));
    scene.press().await;
    scene.browser.find_saying(".trouble", "does not answer").await;
    assert_eq!(scene.tally().await.sessions, 1, "made, and not known to be");
    scene.line.turn(Weather::Clear);
    scene.press().await;
    scene.until(View::Card).await;
    assert_eq!(scene.tally().await.sessions, 1);
    scene.card().await;
    // Which order it was is forgotten; it is paid all the same.
    scene.until_any(&[View::Paid, View::Slow]).await;
    scene.browser.wait_for("the order to be paid", async || scene.tally().await == ONCE).await;
}

#[tokio::test]
async fn an_answer_that_stays_lost_is_asked_for_again_after_a_reload_and_by_the_button() {
    let mut scene = Scene::open(Options::default()).await;
    scene.reach(Step::Filled).await;
    scene.line.turn(Weather::Lost(ORDERS));
    scene.press().await;
    scene.wait("the order to be made", || scene.line.answered(ORDERS) > 0).await;
    scene.browser.reload().await;
    let words = scene.until(View::Broken).await;
    assert!(words.contains("does not answer") && words.contains("Try again"), "{words}");
    scene.line.turn(Weather::Clear);
    scene.press().await;
    scene.until(View::Open).await;
    scene.go_on().await;
    assert_eq!(scene.tally().await, ONCE);
}

#[tokio::test]
async fn a_browser_that_has_forgotten_an_order_still_sells_and_nothing_is_paid_twice() {
    let mut scene = Scene::open(Options::default()).await;
    for step in [Step::Priced, Step::Answered, Step::Untold] {
        scene.reach(step).await;
        let _: Option<Value> = scene.script("localStorage.clear(); sessionStorage.clear(); return 1").await;
        scene.browser.reload().await;
        scene.clear().await;
        let (view, words) = scene.until_any(&[View::Form, View::Slow]).await;
        if view == View::Form {
            scene.go_on().await;
        } else {
            assert!(words.contains("If you have paid"), "{words}");
        }
        scene.browser.wait_for("one payment", async || scene.tally().await.paid == 1).await;
        assert_eq!(scene.tally().await.payments, 1, "{step:?}");
    }
}

#[tokio::test]
async fn what_is_over_leaves_no_address_behind_and_old_orders_are_dropped() {
    let mut scene = Scene::open(Options::default()).await;
    scene.anew().await;
    let yesterday = "localStorage.setItem('checkout.order.old', JSON.stringify({ key: 'k', terms: 'eve@example.com',
        at: Date.now() - 25 * 3600 * 1000 })); localStorage.setItem('theirs', 'stays'); return 1";
    let _: Option<Value> = scene.script(yesterday).await;
    scene.go_on().await;
    scene.press().await;
    scene.until(View::Shop).await;
    let kept: String = scene.script("return JSON.stringify({ ...localStorage })").await.unwrap();
    assert!(!kept.contains("@example.com") && !kept.contains("quote_token"), "{kept}");
    assert!(kept.contains("stays") && kept.contains("checkout.order.co_") && !kept.contains("order.old"), "{kept}");
    assert_eq!(scene.browser.address().await, format!("{}/", scene.shop), "nor in the history");
    // The next one is a new order.
    scene.press_trigger().await;
    scene.until(View::Form).await;
}

/// Nothing of the widget is there yet when the network goes: the page stays, and the purchase goes on later.
#[tokio::test]
async fn offline_before_the_widget_was_ever_loaded_waits_on_the_same_page() {
    // The widget's, or the helper's own page.
    let form = "return !!(root ?? document).querySelector('form input[type=email]')";
    for missing in ["/checkout-ui.js", "/checkout-ui_bg.wasm"] {
        let scene = Scene::open(Options::default()).await;
        scene.before_the_widget(missing).await;
        scene.offline(true).await;
        scene.line.turn(Weather::Clear);
        scene.press_trigger().await;
        let seen = "return [location.pathname, root?.querySelectorAll('dialog, iframe').length, navigator.onLine]";
        for _ in 0..20 {
            assert_eq!(scene.script(seen).await, Some(json!(["/", 1, false])), "{missing}");
            tokio::time::sleep(GLANCE).await;
        }
        scene.offline(false).await;
        scene.browser.wait_for("a form", async || scene.script(form).await == Some(true)).await;
    }
}

#[tokio::test]
async fn enter_twice_orders_once() {
    let mut scene = Scene::open(Options::default()).await;
    scene.reach(Step::Filled).await;
    scene.line.turn(Weather::Held(ORDERS));
    let _: Option<Value> = scene.script("root.querySelector('input[type=email]').focus(); return 1").await;
    scene.browser.press(Key::Enter).await;
    scene.browser.press(Key::Enter).await;
    scene.until(View::Busy).await;
    scene.line.turn(Weather::Clear);
    scene.go_on().await;
    assert_eq!(scene.tally().await, ONCE);
    assert_eq!(scene.line.sent(ORDERS), 1);
}

#[tokio::test]
async fn a_page_that_comes_back_as_it_was_left_goes_on() {
    let mut scene = Scene::open(Options::default()).await;
    scene.reach(Step::Filled).await;
    // As if it had left, and was taken back from the browser's memory of pages.
    let _: Option<Value> = scene.script("window.stop(); window.left = 1; return 1").await;
    scene.press().await;
    scene.until(View::Card).await;
    scene.browser.back().await;
    scene.until(View::Open).await;
    let kept: Option<u32> = scene.script("return window.left ?? 0").await;
    eprintln!("the browser {} the page", if kept == Some(1) { "had kept" } else { "has loaded" });
    scene.go_on().await;
    assert_eq!(scene.tally().await, ONCE);
}

/// The shop's button, with that attribute, on a page that was opened anew.
async fn press_with(scene: &Scene, attribute: &str, value: &str) {
    scene.browser.go("about:blank").await;
    scene.visit("/").await;
    let set = format!("document.querySelector('checkout-button').setAttribute('{attribute}', '{value}'); return 1");
    let _: Option<Value> = scene.script(&set).await;
    scene.press_trigger().await;
}

#[tokio::test]
async fn two_tabs_with_the_same_cart_and_other_notes_make_two_orders() {
    let mut scene = Scene::open(Options::default()).await;
    scene.anew().await;
    press_with(&scene, "custom-data", r#"{"booking":"1"}"#).await;
    scene.until(View::Form).await;
    scene.browser.new_tab().await;
    press_with(&scene, "custom-data", r#"{"booking":"2"}"#).await;
    scene.until(View::Form).await;
    scene.browser.look_at_tab(0).await;
    scene.fill().await;
    scene.stay().await;
    scene.press().await;
    scene.until(View::Open).await;
    scene.browser.look_at_tab(1).await;
    // The form of the other booking stays, and comes back after a reload.
    scene.fill().await;
    assert_eq!(scene.seen().await.0, View::Form);
    scene.browser.reload().await;
    assert_eq!(scene.until_any(&[View::Form, View::Open]).await.0, View::Form);
    scene.go_on().await;
    scene.browser.look_at_tab(0).await;
    assert_eq!(scene.seen().await.0, View::Open, "the first one is still to be paid");
    scene.go_on().await;
    let tally = scene.tally().await;
    assert_eq!((tally.sessions, tally.orders, tally.payments), (2, 2, 2));
}

#[tokio::test]
async fn another_customer_is_not_shown_the_order_of_the_one_before() {
    let mut scene = Scene::open(Options::default()).await;
    scene.anew().await;
    let (ada, eve) = (scene.app.token("ada").await, scene.app.token("eve").await);
    press_with(&scene, "customer-token", &ada).await;
    scene.until(View::Form).await;
    scene.fill().await;
    scene.stay().await;
    scene.press().await;
    scene.until(View::Open).await;
    // She finds it again: after a reload, which brings the overlay back without the token, and by the button.
    scene.browser.reload().await;
    scene.until(View::Open).await;
    press_with(&scene, "customer-token", &ada).await;
    scene.until(View::Open).await;
    press_with(&scene, "customer-token", &eve).await;
    assert_eq!(scene.until_any(&[View::Form, View::Open]).await.0, View::Form);
    let typed: Option<String> = scene.script("return root.querySelector('input[type=email]').value").await;
    assert_eq!(typed.as_deref(), Some(""), "nor what she typed");
    // Nor a guest.
    scene.browser.go("about:blank").await;
    scene.visit("/").await;
    scene.press_trigger().await;
    assert_eq!(scene.until_any(&[View::Form, View::Open]).await.0, View::Form);
}

#[tokio::test]
async fn who_says_another_address_keeps_their_form() {
    let mut scene = Scene::open(Options::default()).await;
    scene.anew().await;
    scene.press_trigger().await;
    scene.until(View::Form).await;
    scene.browser.new_tab().await;
    press_with(&scene, "customer-email", "eve@example.com").await;
    scene.until(View::Form).await;
    scene.browser.look_at_tab(0).await;
    scene.fill().await;
    scene.stay().await;
    scene.press().await;
    scene.until(View::Open).await;
    scene.browser.look_at_tab(1).await;
    for _ in 0..2 {
        assert_eq!(scene.until_any(&[View::Form, View::Open]).await.0, View::Form);
        scene.browser.reload().await;
    }
    // Of a guest who says nothing yet it may be the order: it is shown, and another one can be begun.
    scene.browser.new_tab().await;
    scene.visit("/").await;
    scene.press_trigger().await;
    assert!(scene.until(View::Open).await.contains("Change the order"));
}

#[tokio::test]
async fn an_order_that_was_come_back_to_keeps_its_terms_and_opening_alone_forgets_old_ones() {
    let mut scene = Scene::open(Options::default()).await;
    scene.reach(Step::Untold).await;
    let terms = "return Object.entries(localStorage).filter(([name]) => /^checkout[.]order[.]\\d/.test(name))
        .map(([, order]) => JSON.parse(order)).map((order) => `${order.paid} ${order.terms.split(' ')[0]}`).join()";
    let terms: Option<String> = scene.script(terms).await;
    assert_eq!(terms.as_deref(), Some("true ada@example.com"));
    let old = "localStorage.setItem('checkout.order.old', JSON.stringify({ key: 'k', at: 0 })); return 1";
    let _: Option<Value> = scene.script(old).await;
    scene.another_tab().await;
    scene.visit("/").await;
    scene.press_trigger().await;
    scene.until_any(&[View::Waiting, View::Slow]).await;
    assert_eq!(scene.script::<bool>("return 'checkout.order.old' in localStorage").await, Some(false));
}
