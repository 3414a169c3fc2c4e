//! What the buyer reads when something is wrong, on a phone and in the dark: pictures, and nothing cut off.

use checkout_tests::axe::assert_accessible;
use checkout_tests::browser::Options;
use checkout_tests::in_repository;
use checkout_tests::line::Weather;

use super::flow::{ORDERS, QUOTES, Step};
use super::scene::{Scene, View};

const SAYS_OFFLINE: &str = "return !!root?.querySelector('dialog').innerText.includes('offline')";

async fn take(scene: &Scene, name: &str, look: &str) {
    assert!(!scene.browser.scrolls_sideways().await, "{name} {look}");
    assert_accessible(&scene.browser, name).await;
    scene.browser.screenshot(in_repository(format!("target/pictures/fault-{name}-{look}.png"))).await;
}

#[tokio::test]
async fn pictures_of_every_fault() {
    let phone = Options { scale: 2, ..Options::phone() };
    let desktop = Options { width: 1_100, height: 760, ..Options::default() };
    for (look, options) in [("phone", phone), ("dark", Options { dark: true, ..desktop })] {
        let mut scene = Scene::open(options).await;
        scene.browser.pretend(options).await;
        scene.reach(Step::Answered).await;
        scene.browser.reload().await;
        scene.until(View::Open).await;
        take(&scene, "resumed", look).await;
        scene.reach(Step::Untold).await;
        take(&scene, "confirming", look).await;

        scene.anew().await;
        scene.line.turn(Weather::Down);
        scene.press_trigger().await;
        scene.until(View::Broken).await;
        take(&scene, "no-price", look).await;

        scene.reach(Step::Filled).await;
        scene.line.turn(Weather::Lost(ORDERS));
        scene.press().await;
        scene.until(View::Busy).await;
        take(&scene, "sending", look).await;
        scene.browser.find_saying(".trouble", "does not answer").await;
        take(&scene, "no-answer", look).await;
        scene.line.turn(Weather::Held(QUOTES));

        scene.before_the_widget("/checkout-ui_bg.wasm").await;
        scene.offline(true).await;
        scene.press_trigger().await;
        scene.browser.wait_for("a word", async || scene.script(SAYS_OFFLINE).await == Some(true)).await;
        take(&scene, "offline", look).await;
        scene.offline(false).await;
    }
}
