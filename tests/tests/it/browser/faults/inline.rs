//! The same for a checkout that stands in the page, with the provider's page in its frame; and for the pages
//! that need no script.

use checkout_tests::browser::Options;
use checkout_tests::line::Weather;
use serde_json::Value;

use super::flow::ORDERS;
use super::scene::{Scene, View};
use super::tally::ONCE;

/// Points of the inline flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    Priced,
    Sent,
    Made,
    Frame,
    Untold,
    Paid,
}

async fn reach(scene: &mut Scene, point: Point) {
    scene.anew().await;
    scene.visit("/inline").await;
    scene.until(View::Form).await;
    if point == Point::Priced {
        return;
    }
    scene.fill().await;
    let (sent, answered) = (scene.line.sent(ORDERS), scene.line.answered(ORDERS));
    match point {
        Point::Sent => scene.line.turn(Weather::Held(ORDERS)),
        Point::Made => scene.line.turn(Weather::Unanswered(ORDERS)),
        Point::Untold => scene.hold_webhooks().await,
        _ => {}
    }
    scene.press().await;
    match point {
        Point::Sent => scene.wait("the order to be sent", || scene.line.sent(ORDERS) > sent).await,
        Point::Made => scene.wait("the order to be made", || scene.line.answered(ORDERS) > answered).await,
        Point::Frame => drop(scene.until(View::Frame).await),
        Point::Untold => {
            scene.until(View::Frame).await;
            scene.pay_in_frame().await;
            scene.until(View::Waiting).await;
        }
        _ => drop(scene.go_on().await),
    }
}

#[tokio::test]
async fn inline_reloaded_at_any_point() {
    let mut scene = Scene::open(Options { height: 1_400, ..Options::default() }).await;
    for point in [Point::Priced, Point::Sent, Point::Made, Point::Frame, Point::Untold, Point::Paid] {
        reach(&mut scene, point).await;
        scene.browser.reload().await;
        scene.line.turn(Weather::Clear);
        let wanted = match point {
            // Once paid and said so, the page sells again.
            Point::Priced | Point::Paid => View::Form,
            Point::Sent | Point::Made | Point::Frame => View::Open,
            Point::Untold => View::Waiting,
        };
        scene.until(wanted).await;
        scene.clear().await;
        if point != Point::Paid {
            scene.go_on().await;
        }
        assert_eq!(scene.tally().await, ONCE, "{point:?}");
    }
}

#[tokio::test]
async fn the_page_without_script_reloaded_and_pressed_twice_is_one_order() {
    let mut scene = Scene::open(Options::default()).await;
    scene.anew().await;
    let pay = format!("{}/pay/pro_monthly", scene.app.ready().helper);
    let press = |step: &str| format!("const b = document.querySelector('button[value={step}]'); b.click(); return 1");
    scene.browser.go(&pay).await;
    scene.browser.fill("input[name=email]", "ada@example.com").await;
    scene.browser.fill("input[name=country]", "DE").await;
    let _: Option<Value> = scene.script(&press("review")).await;
    scene.browser.find("button[value=pay]").await;
    scene.browser.reload().await;
    scene.browser.find("button[value=pay]").await;
    // Pressed twice, the second before the first has its answer.
    let twice = "const b = document.querySelector('button[value=pay]'); b.click(); b.click(); return 1";
    let _: Option<Value> = scene.script(twice).await;
    scene.until(View::Card).await;
    // Back, where the browser keeps no page that answers a form and asks before it sends one again; and forth.
    scene.browser.back().await;
    scene.browser.driver().forward().await.unwrap();
    scene.until(View::Card).await;
    scene.browser.reload().await;
    scene.until(View::Card).await;
    scene.card().await;
    scene.browser.find_saying("h1", "Paid").await;
    scene.browser.reload().await;
    scene.browser.find_saying("h1", "Paid").await;
    assert_eq!(scene.tally().await, ONCE);
}
