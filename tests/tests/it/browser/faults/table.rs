//! Faults × steps: after each the widget shows what is right, and going on ends in one order, one session and
//! one payment (G11).

use checkout_tests::browser::Options;
use checkout_tests::line::Weather;
use serde_json::Value;

use super::flow::Step;
use super::scene::{Scene, View};
use super::tally::{ONCE, Tally};

/// How often each point of the flow is reloaded: 2, or what `CHECKOUT_FAULTS` says (20 for the figure of G11).
fn rounds() -> usize {
    std::env::var_os("CHECKOUT_FAULTS")
        .and_then(|rounds| rounds.into_string().ok())
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(2)
}

/// The other faults once, unless the figure is wanted.
fn few() -> usize {
    rounds().div_ceil(4)
}

/// What was done, and what came of it: told at the end, for the record.
#[derive(Default)]
struct Count {
    faults: usize,
    sessions: u64,
    payments: usize,
}

impl Count {
    fn add(&mut self, tally: Tally) {
        self.faults += 1;
        self.sessions += tally.sessions;
        self.payments += tally.payments;
    }

    fn tell(&self, fault: &str) {
        let Self { faults, sessions, payments } = self;
        eprintln!("{fault}: {faults} purchases, {sessions} sessions, {payments} payments");
        assert_eq!((*sessions, *payments), (*faults as u64, *faults));
    }
}

/// After the fault the buyer sees `wanted`, goes on, and it was one purchase.
async fn ends_well(scene: &Scene, fault: &str, step: Step, wanted: View, count: &mut Count) {
    let seen = scene.until_any(&[wanted]).await;
    scene.clear().await;
    let trail = scene.go_on().await;
    let tally = scene.tally().await;
    assert_eq!(tally, ONCE, "{fault} at {step:?}: {seen:?}, then {trail:?}");
    count.add(tally);
}

/// What is seen after a reload at that step.
fn reloaded(step: Step) -> View {
    match step {
        Step::Loaded | Step::Closed => View::Shop,
        Step::Opening | Step::Priced | Step::Filled => View::Form,
        Step::Sent | Step::Made | Step::Answered => View::Open,
        Step::Card => View::Card,
        Step::PaidThere => View::Spent,
        Step::Untold => View::Waiting,
        Step::Paid => View::Paid,
    }
}

#[tokio::test]
async fn reloaded_at_any_step() {
    let (mut scene, mut count) = (Scene::open(Options::default()).await, Count::default());
    for _ in 0..rounds() {
        for step in Step::ALL {
            scene.reach(step).await;
            scene.browser.reload().await;
            scene.line.turn(Weather::Clear);
            if step == Step::Filled {
                scene.until(View::Form).await;
                assert_eq!(scene.browser.value("input[type=email]").await, "ada@example.com");
            }
            ends_well(&scene, "a reload", step, reloaded(step), &mut count).await;
        }
    }
    count.tell("reloaded");
}

#[tokio::test]
async fn closed_at_any_step_and_opened_again() {
    let (mut scene, mut count) = (Scene::open(Options::default()).await, Count::default());
    for step in Step::ALL.repeat(few()) {
        scene.reach(step).await;
        scene.another_tab().await;
        scene.line.turn(Weather::Clear);
        scene.visit("/").await;
        let wanted = match step {
            Step::Loaded | Step::Closed | Step::Paid => View::Shop,
            _ => {
                scene.press_trigger().await;
                match reloaded(step) {
                    // Nobody in this browser has seen it paid, and the helper does not know.
                    View::Card | View::Spent => View::Open,
                    view => view,
                }
            }
        };
        ends_well(&scene, "a new tab", step, wanted, &mut count).await;
    }
    count.tell("closed and opened again");
}

/// Steps at which the browser is in the shop with something to lose.
const IN_SHOP: [Step; 6] = [Step::Opening, Step::Filled, Step::Sent, Step::Made, Step::Untold, Step::Paid];

/// What is seen once the network is back, without a reload.
fn recovered(step: Step) -> View {
    match step {
        Step::Opening => View::Form,
        Step::Filled | Step::Sent | Step::Made => View::Card,
        step => reloaded(step),
    }
}

#[tokio::test]
async fn offline_and_online_again() {
    let (mut scene, mut count) = (Scene::open(Options::default()).await, Count::default());
    for step in IN_SHOP.repeat(few()) {
        scene.reach(step).await;
        scene.offline(true).await;
        if step == Step::Filled {
            scene.press().await;
            scene.until(View::Busy).await;
        }
        let shown = scene.seen().await.0;
        assert!(!matches!(shown, View::Shop | View::Bare), "{step:?}: {shown:?}");
        scene.offline(false).await;
        scene.line.turn(Weather::Clear);
        ends_well(&scene, "offline", step, recovered(step), &mut count).await;
    }
    count.tell("offline");
}

#[tokio::test]
async fn the_helper_is_away_and_comes_back() {
    let (mut scene, mut count) = (Scene::open(Options::default()).await, Count::default());
    for step in IN_SHOP.repeat(few()) {
        scene.reach(step).await;
        scene.line.turn(Weather::Down);
        if step == Step::Filled {
            scene.press().await;
            scene.until(View::Busy).await;
        }
        if step == Step::Opening {
            // The question for a price is not repeated by itself: the buyer is asked to.
            scene.until(View::Broken).await;
        }
        scene.line.turn(Weather::Clear);
        let wanted = if step == Step::Opening { View::Broken } else { recovered(step) };
        ends_well(&scene, "the helper away", step, wanted, &mut count).await;
    }
    count.tell("helper away");
}

#[tokio::test]
async fn a_second_tab_does_the_same() {
    let (mut scene, mut count) = (Scene::open(Options::default()).await, Count::default());
    let steps = [Step::Priced, Step::Filled, Step::Sent, Step::Made, Step::Answered, Step::Card, Step::PaidThere];
    for step in steps.repeat(few()) {
        scene.reach(step).await;
        scene.browser.new_tab().await;
        scene.visit("/").await;
        scene.press_trigger().await;
        scene.until_any(&[View::Opening, View::Form, View::Open]).await;
        scene.clear().await;
        scene.go_on().await;
        assert_eq!(scene.tally().await, ONCE, "{step:?}");
        scene.browser.close_tab().await;
        // The first one: it knows, or finds out as soon as it goes on.
        let trail = scene.go_on().await;
        assert!(
            matches!(step, Step::Sent | Step::Made | Step::Card | Step::PaidThere) || trail == [View::Paid],
            "{step:?}: {trail:?}"
        );
        let tally = scene.tally().await;
        assert_eq!(tally, ONCE, "{step:?}: {trail:?}");
        count.add(tally);
    }
    count.tell("two tabs");
}

#[tokio::test]
async fn pressed_twice_at_any_step() {
    let (mut scene, mut count) = (Scene::open(Options::default()).await, Count::default());
    let twice =
        "const button = root?.querySelector('form button[type=submit]') ?? root?.querySelector('button.primary')
            ?? document.querySelector('checkout-button')?.shadowRoot.querySelector('a');
        const card = document.querySelector('form.card');
        if (card) for (const [name, value] of [['card', '4242424242424242'], ['expiry', '06/32'], ['cvc', '123']])
            card.elements[name].value = value;
        const pay = card?.querySelector('[type=submit]') ?? button;
        pay.click(); pay.click(); root?.querySelector('form')?.requestSubmit(); return 1";
    for step in [Step::Loaded, Step::Filled, Step::Sent, Step::Answered, Step::Card, Step::Paid].repeat(few()) {
        scene.reach(step).await;
        let _: Option<Value> = scene.script(twice).await;
        scene.line.turn(Weather::Clear);
        let wanted = match step {
            Step::Loaded => View::Form,
            Step::Card => View::Paid,
            Step::Paid => View::Shop,
            _ => View::Card,
        };
        ends_well(&scene, "two presses", step, wanted, &mut count).await;
    }
    count.tell("pressed twice");
}

#[tokio::test]
async fn the_back_button_at_any_step() {
    let (mut scene, mut count) = (Scene::open(Options::default()).await, Count::default());
    for step in
        [Step::Priced, Step::Filled, Step::Made, Step::Answered, Step::Card, Step::PaidThere, Step::Paid].repeat(few())
    {
        scene.reach(step).await;
        scene.browser.back().await;
        scene.line.turn(Weather::Clear);
        let wanted = match step {
            // From the page's own memory, or loaded again: the order is there.
            Step::Card | Step::PaidThere => View::Open,
            _ => View::Shop,
        };
        ends_well(&scene, "back", step, wanted, &mut count).await;
    }
    count.tell("back");
}
