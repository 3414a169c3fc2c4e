//! A shop, a line to its helper that can be cut, and a buyer at a browser who goes on in the obvious way
//! whatever is shown.

use std::time::{Duration, Instant};

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::browser::{Browser, Options};
use checkout_tests::line::{Line, Weather};
use checkout_tests::pages::{Page, reserve};
use checkout_types::CheckoutStatus;
use serde_json::{Value, json};

/// How long anything may take, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked.
const GLANCE: Duration = Duration::from_millis(40);
/// Defines `root`, the shadow root with the widget that is shown, if there is one.
const ROOT: &str = "const shadows = [...document.body.children].map((e) => e.shadowRoot);
    const root = shadows.find((r) => r?.querySelector('dialog[open]')) ?? document.querySelector('checkout-inline')?.shadowRoot;";

/// What a buyer sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum View {
    /// The shop's page, without a checkout.
    Shop,
    /// A checkout that has not come up yet.
    Bare,
    /// A skeleton.
    Opening,
    /// The order, to be filled in.
    Form,
    /// The same, while something is asked or sent.
    Busy,
    /// The provider's page in a frame.
    Frame,
    /// An order that can be paid: "Continue to payment".
    Open,
    /// An order that is over, and can be made again.
    Renew,
    /// "Confirming", "Looking up", "Taking you to": no button.
    Waiting,
    /// "You may close this page", "We cannot show this order here": Done.
    Slow,
    /// Paid.
    Paid,
    /// Nothing can be sold now; "Try again" where that may help.
    Broken,
    /// The provider's page, with a form for a card.
    Card,
    /// The provider's page, which says that it has done its work.
    Spent,
}

/// What has been made since a purchase began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Of the provider.
    pub(super) sessions: u64,
    /// That went through at the provider.
    pub(super) payments: usize,
    /// Of the helper.
    pub(super) orders: usize,
    /// Of the helper, paid.
    pub(super) paid: usize,
}

/// One order, one session, one payment.
pub(super) const ONCE: Tally = Tally { sessions: 1, payments: 1, orders: 1, paid: 1 };

/// Where a story plays.
pub(super) struct Scene {
    pub(super) app: TestApp,
    pub(super) line: Line,
    pub(super) browser: Browser,
    pub(super) shop: String,
    before: Tally,
}

/// A page of somebody's with these elements.
fn page(line: &Line, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
        <meta name=\"color-scheme\" content=\"light dark\"><title>A shop</title><main><h1>Shop</h1>
        <script type=\"module\" src=\"{}/checkout.js\"></script>
        <script>window.heard = []; for (const name of ['completed', 'error', 'redirect'])
            document.addEventListener('checkout:' + name, (event) => heard.push(name))</script>{body}</main></html>",
        line.origin
    )
}

impl Scene {
    pub(super) async fn open(options: Options) -> Self {
        let (shop, site) = reserve().await;
        let app = TestApp::start_for(vec![shop.clone()]).await;
        let line = Line::to(&app.ready().helper).await;
        let button = "<checkout-button price-id=\"pro_monthly\">Upgrade</checkout-button>";
        let inline = "<checkout-inline price-id=\"pro_monthly\" payment=\"frame\"></checkout-inline>";
        site.serve(vec![Page::html("/", page(&line, button)), Page::html("/inline", page(&line, inline))]);
        let browser = Browser::open(Options { still: true, patience: PATIENCE, ..options }).await;
        let scene = Self { app, line, browser, shop, before: Tally::default() };
        scene.visit("/").await;
        scene
    }

    /// A buyer who was never here before begins a purchase.
    pub(super) async fn anew(&mut self) {
        self.clear().await;
        // By another page: to go where one is already counts as a reload, which brings an overlay back.
        self.browser.go("about:blank").await;
        self.visit("/").await;
        self.script::<Value>("localStorage.clear(); sessionStorage.clear(); return 1").await;
        self.before = self.total().await;
    }

    /// Everything works again: the line, the provider and its webhooks.
    pub(super) async fn clear(&self) {
        self.line.turn(Weather::Clear);
        self.app.control("DELETE", "scenario", &json!({})).await;
        let release = format!("{}/control/deliveries/release", self.app.ready().sandbox);
        self.app.http.post(release).send().await.unwrap();
    }

    /// From here on the helper is told nothing of payments.
    pub(super) async fn hold_webhooks(&self) {
        self.app.scenario(json!({"webhooks": {"mode": "reordered"}})).await;
    }

    pub(super) async fn visit(&self, path: &str) {
        self.browser.go(&format!("{}{path}", self.shop)).await;
    }

    /// What a script returns; `None` between two pages.
    pub(super) async fn script<T: serde::de::DeserializeOwned>(&self, script: &str) -> Option<T> {
        let returned = self.browser.driver().execute(format!("{ROOT} {script}"), Vec::new()).await;
        returned.ok()?.convert().ok()
    }

    /// What is seen now, and the words of it.
    pub(super) async fn seen(&self) -> (View, String) {
        let script = r"
            if (location.pathname.includes('/session/'))
                return [document.querySelector('form.card') ? 'card' : 'spent', document.body.innerText];
            if (!root) return ['shop', ''];
            const words = root.querySelector('.widget')?.innerText ?? '';
            const view = () => {
                if (!root.querySelector('.widget')) return 'bare';
                if (root.querySelector('iframe')) return 'frame';
                const pay = root.querySelector('form button[type=submit]');
                if (pay) return pay.ariaDisabled === 'true' ? 'busy' : 'form';
                const status = root.querySelector('section.status');
                if (!status) return 'opening';
                if (status.getAttribute('role') === 'alert') return 'broken';
                if (status.dataset.tone === 'good') return 'paid';
                const main = status.querySelector('button.primary')?.innerText;
                return { 'Continue to payment': 'open', 'Renew the order': 'renew', Done: 'slow' }[main] ?? 'waiting';
            };
            return [view(), words];";
        self.script(script).await.unwrap_or((View::Bare, "between two pages".to_owned()))
    }

    /// Waits until that is seen; gives its words.
    pub(super) async fn until(&self, wanted: View) -> String {
        self.until_any(&[wanted]).await.1
    }

    /// Waits until one of them is seen.
    pub(super) async fn until_any(&self, wanted: &[View]) -> (View, String) {
        let begun = Instant::now();
        loop {
            let seen = self.seen().await;
            if wanted.contains(&seen.0) {
                return seen;
            }
            if begun.elapsed() > PATIENCE {
                self.browser.wait_for(&format!("{wanted:?}, while {seen:?} was seen"), async || false).await;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Waits until a condition of the helper's side holds.
    pub(super) async fn wait(&self, what: &str, condition: impl Fn() -> bool) {
        self.browser.wait_for(what, async || condition()).await;
    }

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
        let script = format!(
            "const form = document.querySelector('form.card');
            for (const [name, value] of [['card', '{GOOD_CARD}'], ['expiry', '06/32'], ['cvc', '123']])
                form.elements[name].value = value;
            form.requestSubmit(); return 1"
        );
        let _: Option<Value> = self.script(&script).await;
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

    pub(super) async fn pay_in_frame(&self) {
        if self.browser.sees("iframe").await {
            self.browser.enter_frame("iframe").await;
            let script = format!(
                "const form = document.querySelector('form.card');
                for (const [name, value] of [['card', '{GOOD_CARD}'], ['expiry', '06/32'], ['cvc', '123']])
                    form.elements[name].value = value;
                form.requestSubmit(); return 1"
            );
            let _ = self.browser.driver().execute(script, Vec::new()).await;
            self.browser.leave_frames().await;
        }
    }

    async fn total(&self) -> Tally {
        let orders = self.app.demo.app.store.recent_checkouts(10_000).await.unwrap();
        let state = self.app.demo.sandbox.state_json();
        let payments = state["payments"].as_array().into_iter().flatten();
        Tally {
            sessions: self.app.sessions(),
            payments: payments.filter(|payment| payment["status"] == "succeeded").count(),
            orders: orders.len(),
            paid: orders.iter().filter(|order| is_paid(order.status)).count(),
        }
    }

    /// What this purchase has made so far.
    pub(super) async fn tally(&self) -> Tally {
        let (now, before) = (self.total().await, self.before);
        Tally {
            sessions: now.sessions - before.sessions,
            payments: now.payments - before.payments,
            orders: now.orders - before.orders,
            paid: now.paid - before.paid,
        }
    }

    /// This browser has lost its network, or has it again.
    pub(super) async fn offline(&self, offline: bool) {
        self.browser.devtools("Network.enable", json!({})).await;
        let conditions = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.browser.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    /// The tab is closed, and a new one opened.
    pub(super) async fn another_tab(&self) {
        self.browser.new_tab().await;
        let new = self.browser.driver().window().await.unwrap();
        self.browser.look_at_tab(0).await;
        self.browser.driver().close_window().await.unwrap();
        self.browser.driver().switch_to_window(new).await.unwrap();
    }
}

fn is_paid(status: CheckoutStatus) -> bool {
    matches!(status, CheckoutStatus::Paid | CheckoutStatus::Fulfilled)
}
