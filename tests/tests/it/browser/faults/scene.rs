//! Where a story plays: a shop, a line to its helper that can be cut, and a browser, of which it is said in one
//! word what it shows.

use std::time::{Duration, Instant};

use checkout_tests::app::TestApp;
use checkout_tests::browser::{Browser, Options};
use checkout_tests::line::{Line, Weather};
use checkout_tests::pages::{Page, reserve};
use serde_json::{Value, json};

use super::tally::Tally;

/// How long anything may take, on a machine that does much else.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked.
pub(super) const GLANCE: Duration = Duration::from_millis(40);
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

/// Where a story plays.
pub(super) struct Scene {
    pub(super) app: TestApp,
    pub(super) line: Line,
    pub(super) browser: Browser,
    pub(super) shop: String,
    pub(super) before: Tally,
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

    /// This browser has lost its network, or has it again.
    pub(super) async fn offline(&self, offline: bool) {
        self.browser.devtools("Network.enable", json!({})).await;
        let conditions = json!({"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        self.browser.devtools("Network.emulateNetworkConditions", conditions).await;
    }

    /// The shop's page, to which a file of the widget has not come yet; nor has it been cached.
    pub(super) async fn before_the_widget(&self, missing: &'static str) {
        self.browser.go("about:blank").await;
        self.browser.devtools("Network.clearBrowserCache", json!({})).await;
        self.line.turn(Weather::Lost(missing));
        self.visit("/").await;
        let tried = format!(
            "document.querySelector('checkout-button').dispatchEvent(new Event('focusin', {{ bubbles: true, composed: true }}));
            return performance.getEntriesByType('resource').some(({{ name }}) => name.endsWith('{missing}'))"
        );
        self.browser.wait_for(missing, async || self.script(&tried).await == Some(true)).await;
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
