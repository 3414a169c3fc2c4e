//! A real browser, driven through WebDriver. It sees through open shadow roots, waits for what a
//! person would wait for, and says what it saw when that does not come.
//!
//! ```ignore
//! use checkout_tests::browser::{Browser, Options};
//!
//! let browser = Browser::open(Options { dark: true, ..Options::phone() }).await;
//! browser.go("http://127.0.0.1:4242/").await;
//! browser.click("checkout-button").await;
//! browser.fill("input[name=email]", "ada@example.com").await;
//! browser.wait_for_text("[role=status]", "Paid").await;
//! ```

mod driver;
mod look;
mod touch;

use std::path::Path;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::WebDriver;
use thirtyfour::common::capabilities::chrome::ChromeCapabilities;
use thirtyfour::{CapabilitiesHelper as _, ChromiumLikeCapabilities as _};
pub use thirtyfour::{Key, WebElement};

pub use look::Focus;

/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(40);

/// No first-run pages, no traffic of its own, and no GPU or sandbox, which a container has not.
const FLAGS: [&str; 13] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--force-color-profile=srgb",
    "--lang=en-US",
    "--password-store=basic",
];

/// What the browser pretends to be.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent switches of a browser")]
pub struct Options {
    /// The viewport's width, in CSS pixels.
    pub width: u32,
    /// The viewport's height, in CSS pixels.
    pub height: u32,
    /// Device pixels per CSS pixel: 2 makes sharper screenshots.
    pub scale: u32,
    /// A phone: touch, and the page's viewport element counts.
    pub mobile: bool,
    /// `prefers-color-scheme: dark`.
    pub dark: bool,
    /// `prefers-reduced-motion: reduce`.
    pub still: bool,
    /// JavaScript is switched off, as a cautious visitor has it.
    pub no_js: bool,
    /// How long anything may take before a test gives up on it.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 800,
            scale: 1,
            mobile: false,
            dark: false,
            still: false,
            no_js: false,
            patience: Duration::from_secs(15),
        }
    }
}

impl Options {
    /// The smallest phone that WCAG's reflow asks for: 320 pixels wide.
    #[must_use]
    pub fn phone() -> Self {
        Self { width: 320, height: 640, mobile: true, ..Self::default() }
    }
}

/// A browser with an empty profile of its own. It is closed when this is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: WebDriver,
    patience: Duration,
    // After the driver: the browser must be gone before its files are.
    _profile: TempDir,
}

impl Browser {
    /// Starts one. The first in a process also starts chromedriver, which lives as long as the process.
    pub async fn open(options: Options) -> Self {
        crate::http::use_ring();
        let profile = tempfile::tempdir().expect("a folder for the browser's profile");
        let driver = WebDriver::new(driver::address(), capabilities(options, profile.path()))
            .await
            .unwrap_or_else(|error| panic!("Chromium did not start (is it installed? `make tools`): {error}"));
        let browser = Self { driver, patience: options.patience, _profile: profile };
        browser.pretend(options).await;
        browser
    }

    /// Changes size, colour scheme and motion, for this page and those to come; not `no_js` and `patience`.
    pub async fn pretend(&self, options: Options) {
        let Options { width, height, scale, mobile, dark, still, .. } = options;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if dark { "dark" } else { "light" };
        let motion = if still { "reduce" } else { "no-preference" };
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": motion },
        ]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Opens an address and waits until the page is loaded.
    pub async fn go(&self, address: &str) {
        self.driver.goto(address).await.unwrap_or_else(|error| panic!("{address} did not open: {error}"));
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.driver.refresh().await.expect("the page loads again");
    }

    /// Goes one page back.
    pub async fn back(&self) {
        self.driver.back().await.expect("there is a page to go back to");
    }

    /// The address that the browser shows.
    pub async fn address(&self) -> String {
        self.driver.current_url().await.expect("the browser knows its address").to_string()
    }

    /// Runs a script in the current page or frame and returns what it returns (a promise is awaited).
    pub async fn script<T: DeserializeOwned>(&self, script: &str, arguments: &[Value]) -> T {
        let returned = self.driver.execute(script, arguments.to_vec()).await;
        let returned = returned.unwrap_or_else(|error| panic!("the script failed: {error}\n{script}"));
        returned.convert().unwrap_or_else(|error| panic!("the script returned {}: {error}", returned.json()))
    }

    /// Sends a command of the Chrome DevTools Protocol, for what WebDriver has no word for.
    pub async fn devtools(&self, command: &str, parameters: Value) -> Value {
        let answer = self.driver.cdp().send_raw(command, parameters).await;
        answer.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// Waits until a condition holds. Fails with `what`, the address, the page's text and its errors,
    /// and leaves a screenshot in `target/failures`.
    pub async fn wait_for(&self, what: &str, mut condition: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + self.patience;
        while !condition().await {
            if Instant::now() > deadline {
                self.give_up(what).await;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// Fails the test with all that helps to see why.
    async fn give_up(&self, what: &str) -> ! {
        let address = self.driver.current_url().await.map(|url| url.to_string()).unwrap_or_default();
        let errors = self.console_errors().await.join("\n  ");
        let text = self.page_text().await;
        let picture = crate::in_repository(format!("target/failures/{}.png", driver::slug(what)));
        self.screenshot(&picture).await;
        panic!(
            "waited {} s for: {what}\nat {address}\npicture: {}\nerrors:\n  {errors}\ntext:\n{text}",
            self.patience.as_secs(),
            picture.display()
        );
    }

    /// Writes what is in the viewport as a PNG, making the folder.
    pub async fn screenshot(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        let bytes = self.driver.screenshot_as_png().await.expect("the browser paints");
        let folder = path.parent().expect("a screenshot has a folder");
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(path, bytes))
            .expect("a screenshot can be written");
    }

    /// Opens a further tab and looks at it. The emulation of [`Options`] is the first tab's alone.
    pub async fn new_tab(&self) {
        let tab = self.driver.new_tab().await.expect("a tab opens");
        self.driver.switch_to_window(tab).await.expect("it can be looked at");
    }

    /// Closes this tab and looks at the first that is left.
    pub async fn close_tab(&self) {
        self.driver.close_window().await.expect("the tab closes");
        self.look_at_tab(0).await;
    }

    /// Looks at the tab or window of that number, in the order of opening; waits for it.
    pub async fn look_at_tab(&self, number: usize) {
        self.wait_for(&format!("tab {number}"), async || {
            self.driver.windows().await.is_ok_and(|windows| windows.len() > number)
        })
        .await;
        let windows = self.driver.windows().await.expect("the browser knows its tabs");
        self.driver.switch_to_window(windows[number].clone()).await.expect("it can be looked at");
    }

    /// The WebDriver session, for what is not here.
    #[must_use]
    pub fn driver(&self) -> &WebDriver {
        &self.driver
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // A session that is gone already is as good.
        let _ = driver::end(&self.driver.session_id().to_string());
        let _ = self.driver.clone().leak();
    }
}

fn capabilities(options: Options, profile: &Path) -> ChromeCapabilities {
    let mut chrome = ChromeCapabilities::new();
    let size = format!("--window-size={},{}", options.width, options.height);
    let profile = format!("--user-data-dir={}", profile.display());
    for flag in FLAGS.into_iter().chain([size.as_str(), profile.as_str()]) {
        chrome.add_arg(flag).expect("flags are text");
    }
    if let Some(binary) = driver::chromium() {
        chrome.set_binary(&binary).expect("a path is text");
    }
    if options.no_js {
        let preferences = json!({ "profile.managed_default_content_settings.javascript": 2 });
        chrome.add_experimental_option("prefs", preferences).expect("preferences are JSON");
    }
    chrome.set("goog:loggingPrefs", json!({ "browser": "ALL" })).expect("log levels are JSON");
    chrome
}
