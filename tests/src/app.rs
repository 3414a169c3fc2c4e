//! The whole product for one test: shop, helper and sandbox in this process, on free loopback
//! ports, with a clock of its own and a data folder that goes away.

use std::time::Duration;

use checkout_server::abuse::Limits;
use checkout_server::catalog::Catalog;
use checkout_server::clock::Clock;
use checkout_server::demo::{self, Demo, Options, Ready};
use checkout_server::signature::SigningSecret;
use checkout_types::checkout::CreatedCheckout;
use checkout_types::{Checkout, CheckoutStatus, Quote};
use reqwest::header::{AUTHORIZATION, ORIGIN};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::http::client;
use crate::signing::signed_headers;

/// What the demo sells, with prices of no, two and three decimals.
const CATALOG: &str = include_str!("../../catalog.example.toml");

/// A card that pays, and one that is declined (dodo/README 6).
pub const GOOD_CARD: &str = "4242424242424242";
/// See [`GOOD_CARD`].
pub const DECLINED_CARD: &str = "4000000000000002";

/// The product, running.
pub struct TestApp {
    /// Everything inside, for what no door tells.
    pub demo: Demo,
    /// Helper and sandbox tell the time by it.
    pub clock: Clock,
    /// Speaks to all of them.
    pub http: Client,
    data: TempDir,
}

impl TestApp {
    /// Starts one.
    pub async fn start() -> Self {
        Self::start_for(Vec::new()).await
    }

    /// Starts one that pages of these origins may use, beside the shop.
    pub async fn start_for(allowed_origins: Vec<String>) -> Self {
        Self::start_in(TempDir::new().expect("a temporary folder"), Clock::default(), allowed_origins).await
    }

    async fn start_in(data: TempDir, clock: Clock, allowed_origins: Vec<String>) -> Self {
        let catalog = Catalog::parse(CATALOG).expect("the example has no mistakes");
        let options = Options {
            port: 0,
            data: data.path().to_owned(),
            catalog,
            clock: clock.clone(),
            allowed_origins,
            // Challenges that a debug build solves at once.
            limits: Limits { easiest_challenge: 4, hardest_challenge: 10, ..Limits::default() },
        };
        let demo = demo::start(options).await.expect("free ports on loopback");
        Self { demo, clock, http: client(), data }
    }

    /// Stops it and starts another one on the same data.
    pub async fn restart(self) -> Self {
        let Self { demo, clock, data, .. } = self;
        demo.stop().await;
        Self::start_in(data, clock, Vec::new()).await
    }

    /// Addresses and keys.
    pub fn ready(&self) -> &Ready {
        &self.demo.ready
    }

    /// A request of the shop's page to the helper.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.ready().helper)).header(ORIGIN, &self.ready().shop)
    }

    /// The same, to read.
    pub fn get(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.ready().helper)).header(ORIGIN, &self.ready().shop)
    }

    /// Asks for a quote.
    pub async fn ask_quote(&self, body: &Value) -> Response {
        self.post("/v1/quotes").json(body).send().await.expect("an answer")
    }

    /// A quote for one of a price, for a buyer in that country.
    pub async fn quote(&self, price: &str, country: &str) -> Quote {
        let body = json!({"items": [{"price_id": price}], "customer": {"country": country}});
        read(self.ask_quote(&body).await, 200).await
    }

    /// Asks for a checkout.
    pub async fn ask_checkout(&self, key: &str, body: &Value) -> Response {
        self.post("/v1/checkouts").header("idempotency-key", key).json(body).send().await.expect("an answer")
    }

    /// An open checkout of a quote.
    pub async fn checkout(&self, quote: &Quote) -> CreatedCheckout {
        let body = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
        read(self.ask_checkout(&format!("key-of-{}", quote.id), &body).await, 201).await
    }

    /// Where a checkout stands, as its page sees it.
    pub async fn state(&self, created: &CreatedCheckout) -> Checkout {
        let request = self.get(&format!("/v1/checkouts/{}", created.id));
        let response = request.header(AUTHORIZATION, format!("Bearer {}", created.client_secret)).send().await;
        read(response.expect("an answer"), 200).await
    }

    /// Waits until a checkout stands there.
    pub async fn wait_for(&self, created: &CreatedCheckout, status: CheckoutStatus) -> Checkout {
        // Within the pace at which one checkout may be read.
        for _ in 0..50 {
            let state = self.state(created).await;
            if state.status == status {
                return state;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("{} is {:?}, not {status:?}", created.id, self.state(created).await.status);
    }

    /// The buyer enters a card on the provider's page.
    pub async fn pay(&self, created: &CreatedCheckout, card: &str) -> Value {
        self.control("POST", &format!("sessions/{}/pay", session_of(created)), &json!({"card": card})).await
    }

    /// Orders the sandbox about.
    pub async fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("{}/control/{path}", self.ready().sandbox)).json(body);
        read(request.send().await.expect("an answer"), 200).await
    }

    /// Plays a scenario.
    pub async fn scenario(&self, scenario: Value) {
        self.control("PUT", "scenario", &scenario).await;
    }

    /// How many sessions the provider has made.
    pub fn sessions(&self) -> u64 {
        self.demo.sandbox.request_count("POST /checkouts")
    }

    /// Sends the helper a delivery as the provider would.
    pub async fn deliver(&self, id: &str, body: &Value) -> Response {
        let secret = SigningSecret::parse(&self.ready().webhook_secret).expect("the demo's own");
        let bytes = serde_json::to_vec(body).expect("JSON");
        let headers = signed_headers(&secret, id, Clock::wall().as_second(), &bytes);
        let url = format!("{}/webhooks/dodo", self.ready().helper);
        self.http.post(url).headers(headers).body(bytes).send().await.expect("an answer")
    }
}

/// The provider's session of a checkout, from its address.
pub fn session_of(created: &CreatedCheckout) -> &str {
    created.url.rsplit('/').next().expect("a path")
}

/// Reads an answer of that status.
pub async fn read<T: serde::de::DeserializeOwned>(response: Response, status: u16) -> T {
    let got = response.status().as_u16();
    let text = response.text().await.expect("the answer can be read");
    assert_eq!(got, status, "{text}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}
