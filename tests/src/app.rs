//! The whole product for one test: shop, helper and sandbox in this process, on free loopback
//! ports, with a clock of its own and a data folder that goes away.

use std::path::{Path, PathBuf};
use std::time::Duration;

use checkout_server::abuse::Limits;
use checkout_server::catalog::Catalog;
use checkout_server::clock::Clock;
use checkout_server::demo::{self, Demo, Options, Ready};
use checkout_server::mail::Mailer;
use checkout_server::outbox::Endpoint;
use checkout_server::signature::SigningSecret;
use checkout_types::checkout::CreatedCheckout;
use checkout_types::customer::CustomerToken;
use checkout_types::{Checkout, CheckoutStatus, Quote};
use futures_util::future::join_all;
use reqwest::header::{AUTHORIZATION, ORIGIN};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::canary::{self, Guard};
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
    /// Fails the story where something secret or personal has leaked. Before the folder: it looks into it.
    canaries: Guard,
    /// Who is told what happened, besides the shop.
    endpoints: Vec<Endpoint>,
    /// Who writes to buyers, where not into the demo's own mailbox.
    mailer: Option<Mailer>,
    data: TempDir,
}

impl TestApp {
    /// Starts one.
    pub async fn start() -> Self {
        Self::start_for(Vec::new()).await
    }

    /// Starts one that pages of these origins may use, beside the shop.
    pub async fn start_for(allowed_origins: Vec<String>) -> Self {
        Self::start_in(folder(), Clock::default(), allowed_origins, Vec::new(), None).await
    }

    /// Starts one that tells these endpoints what happens, beside the shop.
    pub async fn telling(endpoints: Vec<Endpoint>) -> Self {
        Self::start_in(folder(), Clock::default(), Vec::new(), endpoints, None).await
    }

    /// Starts one that writes to buyers by that.
    pub async fn writing(mailer: Mailer) -> Self {
        Self::start_in(folder(), Clock::default(), Vec::new(), Vec::new(), Some(mailer)).await
    }

    async fn start_in(
        data: TempDir,
        clock: Clock,
        allowed_origins: Vec<String>,
        endpoints: Vec<Endpoint>,
        mailer: Option<Mailer>,
    ) -> Self {
        let catalog = Catalog::parse(CATALOG).expect("the example has no mistakes");
        let folder = data.path().to_owned();
        let options = Options {
            port: 0,
            data: folder.clone(),
            catalog,
            clock: clock.clone(),
            allowed_origins,
            layer: canary::watched,
            // Challenges that a debug build solves at once.
            limits: Limits { easiest_challenge: 4, hardest_challenge: 10, ..Limits::default() },
            endpoints: endpoints.clone(),
            mailer: mailer.clone(),
        };
        let demo = demo::start(options).await.expect("free ports on loopback");
        let canaries = Guard::new(&demo.ready, folder);
        Self { demo, clock, http: client(), canaries, endpoints, mailer, data }
    }

    /// Stops it and starts another one on the same data.
    pub async fn restart(self) -> Self {
        let endpoints = self.endpoints.clone();
        self.restart_telling(endpoints).await
    }

    /// The same, with other endpoints from then on.
    pub async fn restart_telling(self, endpoints: Vec<Endpoint>) -> Self {
        let Self { demo, clock, canaries, mailer, data, .. } = self;
        demo.stop().await;
        drop(canaries);
        Self::start_in(data, clock, Vec::new(), endpoints, mailer).await
    }

    /// Addresses and keys.
    pub fn ready(&self) -> &Ready {
        &self.demo.ready
    }

    /// Where a story adds secrets of its own.
    pub fn canaries(&self) -> &Guard {
        &self.canaries
    }

    /// A copy of the database as it is now, at that path.
    pub fn snapshot(&self, to: &Path) {
        let from = self.data.path().join("checkout.db");
        let database = rusqlite::Connection::open(from).expect("the database is there");
        database.execute("VACUUM INTO ?1", [to.to_str()]).expect("it can be copied");
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
        let quote: Quote = read(self.ask_quote(&body).await, 200).await;
        self.canaries.add(&quote.quote_token);
        quote
    }

    /// Asks for a customer token, as the merchant's own server does.
    pub async fn ask_token(&self, body: &Value) -> Response {
        let url = format!("{}/v1/customer-tokens", self.ready().helper);
        self.http.post(url).bearer_auth(&self.ready().secret_key).json(body).send().await.expect("an answer")
    }

    /// A customer token for that reference.
    pub async fn token(&self, reference: &str) -> String {
        let token: CustomerToken = read(self.ask_token(&json!({"reference": reference})).await, 201).await;
        token.token
    }

    /// Bytes to the helper, as no client library would send them, and all that comes back.
    pub async fn raw(&self, request: impl AsRef<[u8]>) -> String {
        let address = self.ready().helper.trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(request.as_ref()).await.expect("it is taken");
        let mut answer = Vec::new();
        // A connection that is closed in the middle has said what it wanted to say.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The database's file, for what no door shows.
    pub fn database(&self) -> PathBuf {
        self.data.path().join("checkout.db")
    }

    /// Asks for a checkout.
    pub async fn ask_checkout(&self, key: &str, body: &Value) -> Response {
        self.post("/v1/checkouts").header("idempotency-key", key).json(body).send().await.expect("an answer")
    }

    /// An open checkout of a quote.
    pub async fn checkout(&self, quote: &Quote) -> CreatedCheckout {
        let body = json!({
            "quote_token": quote.quote_token,
            "customer": {"email": "ada@example.com", "name": "Ada Canary"},
            "custom_data": {"note": "canary-custom-data"},
        });
        let key = format!("key-of-{}", quote.id);
        self.canaries.add(&key);
        let created: CreatedCheckout = read(self.ask_checkout(&key, &body).await, 201).await;
        self.canaries.add(&created.client_secret);
        created
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

    /// Does something while all the places of orders are taken: half by callers of one key, the others by
    /// orders that wait for the provider.
    pub async fn while_flooded<T>(&self, quote: &Quote, work: impl Future<Output = T>) -> T {
        self.scenario(json!({"latency_ms": 4_000})).await;
        let order = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
        let same = join_all((0..129).map(|_| self.ask_checkout("same", &order)));
        // One after the other, so that they do not all give up in the same moment either.
        let others = join_all((0..200).map(async |caller| {
            tokio::time::sleep(Duration::from_millis(caller * 10)).await;
            for turn in 0..100 {
                self.ask_checkout(&format!("flood-{caller}-{turn}"), &order).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        }));
        let begun = async {
            tokio::time::sleep(Duration::from_millis(2_500)).await;
            work.await
        };
        tokio::select! {
            done = begun => done,
            _ = async { tokio::join!(same, others) } => panic!("the flood is over before its time"),
        }
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

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
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
