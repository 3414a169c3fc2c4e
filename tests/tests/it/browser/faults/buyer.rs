//! A buyer who goes on in the obvious way, whatever is shown. By scripts: a hundred purchases are to take a minute.

use std::time::Instant;

use checkout_tests::app::GOOD_CARD;
use serde_json::{Value, json};

use super::scene::{GLANCE, PATIENCE, Scene, View};

impl Scene {
    /// Presses the shop's buy button.
    pub(super) async fn press_trigger(&self) {
        self.browser.wait_for("the loader", async || self.script("return !!window.Checkout").await == Some(true)).await;
        let _: Option<Value> = self
            .script("document.querySelector('checkout-button').shadowRoot.querySelector('a').click(); return 1")
            .await;
    }

    /// Says who buys, from where, and waits for the total with that country's tax.
    pub(super) async fn fill(&self) {
        let script = "const set = (css, value) => {
                const field = root.querySelector(css);
                if (field.value === value) return;
                field.value = value;
                for (const type of ['input', 'change', 'blur']) field.dispatchEvent(new Event(type, { bubbles: true }));
            };
            set('form select', 'DE'); set('input[type=email]', 'ada@example.com'); return 1";
        let priced = "return root?.querySelector('form button[type=submit]')?.innerText.includes('€34.51')
            && root.querySelector('form button[type=submit]').ariaDisabled === 'false'";
        self.browser
            .wait_for("the total", async || {
                let _: Option<Value> = self.script(script).await;
                self.script(priced).await == Some(true)
            })
            .await;
    }

    /// Presses the button that goes on.
    pub(super) async fn press(&self) {
        let _: Option<Value> =
            self.script("(root.querySelector('form button[type=submit]') ?? root.querySelector('button.primary')).click(); return 1").await;
    }

    /// Enters a card and pays.
    pub(super) async fn card(&self) {
        let _: Option<Value> = self.script(&card_script()).await;
    }

    /// The buyer pays at the provider, and this browser does not see it.
    pub(super) async fn pay_elsewhere(&self) {
        let address = self.browser.address().await;
        let session = address.rsplit('/').next().unwrap().split('?').next().unwrap();
        self.app.control("POST", &format!("sessions/{session}/pay"), &json!({"card": GOOD_CARD})).await;
    }

    /// The buyer goes on in the obvious way until the purchase is done, and is told so. Gives what was seen.
    pub(super) async fn go_on(&self) -> Vec<View> {
        let begun = Instant::now();
        let mut trail: Vec<View> = Vec::new();
        loop {
            let (view, words) = self.seen().await;
            if trail.last() != Some(&view) {
                trail.push(view);
            }
            match view {
                View::Paid => return trail,
                View::Shop if self.tally().await.paid == 1 => return trail,
                View::Shop => self.press_trigger().await,
                View::Form => {
                    self.fill().await;
                    self.press().await;
                }
                View::Frame => self.pay_in_frame().await,
                View::Open | View::Renew | View::Broken => self.press().await,
                View::Card => self.card().await,
                View::Spent => {
                    let back =
                        "[...document.links].find((a) => a.innerText.includes('Back to the shop')).click(); return 1";
                    let _: Option<Value> = self.script(back).await;
                }
                View::Bare | View::Opening | View::Busy | View::Waiting | View::Slow => {}
            }
            if begun.elapsed() > PATIENCE {
                self.browser.wait_for(&format!("the purchase to be done: {trail:?}, {words}"), async || false).await;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Enters a card in the provider's frame and pays.
    pub(super) async fn pay_in_frame(&self) {
        if self.browser.sees("iframe").await {
            self.browser.enter_frame("iframe").await;
            // The page in the frame may just be going.
            let _ = self.browser.driver().execute(card_script(), Vec::new()).await;
            self.browser.leave_frames().await;
        }
    }
}

/// Fills in the provider's form and sends it.
fn card_script() -> String {
    format!(
        "const form = document.querySelector('form.card');
        for (const [name, value] of [['card', '{GOOD_CARD}'], ['expiry', '06/32'], ['cvc', '123']])
            form.elements[name].value = value;
        form.requestSubmit(); return 1"
    )
}
