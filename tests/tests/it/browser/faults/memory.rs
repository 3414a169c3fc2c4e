//! What the browser remembers of an order, when its answers are lost or its storage fails; and what it forgets.

use checkout_tests::browser::{Key, Options};
use checkout_tests::line::Weather;
use serde_json::Value;

use super::flow::{ORDERS, Step};
use super::scene::{Scene, View};
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
