//! The helper's process is killed while a widget waits for it, and another one is started: the widget recovers
//! by itself, and it stays one purchase.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use checkout_tests::app::GOOD_CARD;
use checkout_tests::browser::{Browser, Options};
use checkout_tests::http::client;
use checkout_tests::in_repository;
use checkout_tests::pages::{Page, reserve};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::widget::{PAY, STANDING, card, fill, open, paid};

/// Ends with the story.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A helper that can be killed, at an address that stays, and a provider that lives on.
struct Trade {
    helper: Option<Process>,
    address: String,
    sandbox: String,
    keys: Value,
    folder: TempDir,
    _provider: Process,
    browser: Browser,
}

/// Starts one of ours, and reads what it says once it is up.
fn start(command: &str, port: &str, more: &[&str], secrets: &[(&str, &str)]) -> (Process, Value) {
    let executable = std::env::current_exe().unwrap();
    // Tests lie one folder below what they test.
    let executable = executable.parent().and_then(Path::parent).unwrap().join("checkout-server");
    let mut process = Process(
        Command::new(executable)
            .args([command, "--port", port, "--json"])
            .args(more)
            .envs(secrets.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("`make test` builds it first"),
    );
    let mut line = String::new();
    BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (process, serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}")))
}

impl Trade {
    async fn start() -> Self {
        let (shop, site) = reserve().await;
        // Free now, and the helper's from then on.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let address = format!("http://127.0.0.1:{port}");
        let catalog = in_repository("catalog.example.toml").canonicalize().unwrap();
        let catalog = catalog.to_str().unwrap();
        let hook = format!("{address}/webhooks/dodo");
        let (provider, keys) = start("sandbox", "0", &["--catalog", catalog, "--webhook-url", &hook], &[]);
        let sandbox = keys["sandbox"].as_str().unwrap().to_owned();
        let folder = tempfile::tempdir().unwrap();
        let settings = format!(
            "public_url = \"{address}\"\nlisten = \"127.0.0.1:{port}\"\noperations = \"127.0.0.1:0\"\n\
             allowed_origins = [\"{shop}\"]\ncatalog = \"{catalog}\"\n\
             [provider]\napi_url = \"{sandbox}\"\ncheckout_url = \"{sandbox}\"\n"
        );
        std::fs::write(folder.path().join("checkout.toml"), settings).unwrap();
        site.serve(vec![Page::html(
            "/",
            format!(
                "<!doctype html><html lang=\"en\"><title>A shop</title><main><h1>Shop</h1>
                <script type=\"module\" src=\"{address}/checkout.js\"></script>
                <checkout-button price-id=\"pro_monthly\">Upgrade</checkout-button></main></html>"
            ),
        )]);
        let patience = Duration::from_mins(1);
        let browser = Browser::open(Options { still: true, patience, ..Options::default() }).await;
        let mut trade = Self { helper: None, address, sandbox, keys, folder, _provider: provider, browser };
        trade.revive();
        trade.browser.go(&format!("{shop}/")).await;
        trade
    }

    fn kill(&mut self) {
        self.helper = None;
    }

    fn revive(&mut self) {
        let port = self.address.rsplit(':').next().unwrap();
        let path = |name: &str| self.folder.path().join(name).to_str().unwrap().to_owned();
        let key = |name: &str| self.keys[name].as_str().unwrap().to_owned();
        let secrets = [
            ("DODO_PAYMENTS_API_KEY", &*key("sandbox_key")),
            ("DODO_PAYMENTS_WEBHOOK_KEY", &*key("webhook_secret")),
            ("CHECKOUT_SECRET_KEY", "a secret key of at least 32 characters"),
        ];
        let files = ["--config", &path("checkout.toml"), "--data", &path("data")];
        self.helper = Some(start("serve", port, &files, &secrets).0);
    }

    async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/control/{path}", self.sandbox);
        let request = client().request(method.parse().unwrap(), url).json(&body);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// Sessions that were made, and payments that went through.
    async fn made(&self) -> (usize, usize) {
        let state = self.control("GET", "state", json!({})).await;
        let payments = state["payments"].as_array().unwrap();
        let succeeded = payments.iter().filter(|payment| payment["status"] == "succeeded").count();
        (state["sessions"].as_array().unwrap().len(), succeeded)
    }
}

#[tokio::test]
async fn a_helper_that_is_killed_while_a_widget_watches_is_found_again() {
    let mut trade = Trade::start().await;
    open(&trade.browser, "pro_monthly").await;
    fill(&trade.browser, "€34.51").await;
    trade.browser.click(PAY).await;
    trade.browser.find("input[name=card]").await;
    trade.control("PUT", "scenario", json!({"webhooks": {"mode": "reordered"}})).await;
    card(&trade.browser, GOOD_CARD).await;
    trade.browser.find_saying(STANDING, "Confirming").await;
    for _ in 0..2 {
        trade.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!trade.browser.sees("section.status[data-tone=good]").await);
        trade.revive();
    }
    trade.control("POST", "deliveries/release", json!({})).await;
    paid(&trade.browser).await;
    assert_eq!(trade.made().await, (1, 1));
}

#[tokio::test]
async fn a_helper_that_is_killed_while_it_makes_the_order_makes_it_once() {
    let mut trade = Trade::start().await;
    trade.control("PUT", "scenario", json!({"latency_ms": 1_000})).await;
    open(&trade.browser, "pro_monthly").await;
    fill(&trade.browser, "€34.51").await;
    trade.browser.click(PAY).await;
    // Somewhere between the price, the session and their answers, which take a second each.
    tokio::time::sleep(Duration::from_millis(1_300)).await;
    trade.kill();
    trade.control("PUT", "scenario", json!({"latency_ms": 0})).await;
    trade.revive();
    trade.browser.find("input[name=card]").await;
    card(&trade.browser, GOOD_CARD).await;
    paid(&trade.browser).await;
    let (sessions, payments) = trade.made().await;
    // A session whose answer the killed one never read can be known to nobody: it is not paid.
    assert!(sessions <= 2, "{sessions}");
    assert_eq!(payments, 1);
}
