//! The steps of a purchase, and how a buyer comes to each.

use checkout_tests::line::Weather;
use serde_json::Value;

use super::scene::{Scene, View};

pub(super) const QUOTES: &str = "/v1/quotes";
pub(super) const ORDERS: &str = "/v1/checkouts";

/// Where a purchase is when something happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The shop's page is loaded.
    Loaded,
    /// The overlay is open; its price is being asked for.
    Opening,
    /// The price is shown.
    Priced,
    /// The form is filled in.
    Filled,
    /// The button was pressed; the order is on its way to the helper.
    Sent,
    /// The helper has made it; its answer is on its way back.
    Made,
    /// The answer is there; the browser is not yet on its way to the payment page.
    Answered,
    /// The payment page.
    Card,
    /// Paid, and not back in the shop; the helper does not know.
    PaidThere,
    /// Back in the shop; the helper does not know.
    Untold,
    /// The widget says that it is paid.
    Paid,
    /// The buyer has closed that.
    Closed,
}

impl Step {
    pub(super) const ALL: [Self; 12] = [
        Self::Loaded,
        Self::Opening,
        Self::Priced,
        Self::Filled,
        Self::Sent,
        Self::Made,
        Self::Answered,
        Self::Card,
        Self::PaidThere,
        Self::Untold,
        Self::Paid,
        Self::Closed,
    ];
}

impl Scene {
    /// Brings a new purchase to that step.
    pub(super) async fn reach(&mut self, step: Step) {
        self.anew().await;
        match step {
            Step::Loaded => {}
            Step::Opening => {
                self.line.turn(Weather::Held(QUOTES));
                self.press_trigger().await;
                self.until(View::Opening).await;
            }
            Step::Priced => self.price().await,
            Step::Filled => {
                self.price().await;
                self.fill().await;
            }
            Step::Sent | Step::Made | Step::Answered => self.order_up_to(step).await,
            Step::Card | Step::PaidThere | Step::Untold | Step::Paid | Step::Closed => self.pay_up_to(step).await,
        }
    }

    async fn price(&self) {
        self.press_trigger().await;
        self.until(View::Form).await;
    }

    async fn order_up_to(&self, step: Step) {
        self.price().await;
        self.fill().await;
        let (sent, answered) = (self.line.sent(ORDERS), self.line.answered(ORDERS));
        match step {
            Step::Sent => self.line.turn(Weather::Held(ORDERS)),
            Step::Made => self.line.turn(Weather::Unanswered(ORDERS)),
            _ => self.stay().await,
        }
        self.press().await;
        match step {
            Step::Sent => self.wait("the order to be sent", || self.line.sent(ORDERS) > sent).await,
            Step::Made => self.wait("the order to be made", || self.line.answered(ORDERS) > answered).await,
            _ => drop(self.until(View::Open).await),
        }
    }

    /// The page keeps the browser, once.
    pub(super) async fn stay(&self) {
        let script = "document.addEventListener('checkout:redirect', (event) => event.preventDefault(), { once: true }); return 1";
        let _: Option<Value> = self.script(script).await;
    }

    async fn pay_up_to(&self, step: Step) {
        self.price().await;
        self.fill().await;
        self.press().await;
        self.until(View::Card).await;
        if matches!(step, Step::PaidThere | Step::Untold) {
            self.hold_webhooks().await;
        }
        match step {
            Step::Card => {}
            Step::PaidThere => self.pay_elsewhere().await,
            Step::Untold => {
                self.card().await;
                self.until(View::Waiting).await;
            }
            _ => {
                self.card().await;
                self.until(View::Paid).await;
            }
        }
        if step == Step::Closed {
            self.press().await;
            self.until(View::Shop).await;
        }
    }
}
