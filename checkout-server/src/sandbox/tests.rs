//! Stories, told through the sandbox's doors: its API, its payment page, its control API and a
//! receiver of webhooks.

mod api;
mod changes;
mod disputes;
mod faults;
mod mending;
mod page;
mod plans;
mod refunds;
mod renewals;
mod shapes;
mod story;
mod wire;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use checkout_types::catalog::{Billing, Interval, QuantityRule};
use checkout_types::money::Money;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Sandbox, SandboxConfig};
use crate::catalog::{Addon, Catalog, Grants, Price, Product};
use crate::clock::Clock;
use crate::entitlement::Terms;
use crate::outgoing::Outgoing;
use crate::signature::{self, SigningSecret};

const API_KEY: &str = "sandbox_key";
const SECRET: &str = "whsec_c2FuZGJveC1vbmx5LXNlY3JldC0wMDAwMDAwMDAwMDE=";

const LICENCE: &str = "pdt_0NLicence000000000001";
const PRO: &str = "pdt_0NPro0000000000000001";
const TRIAL: &str = "pdt_0NTrial00000000000001";
const YEN: &str = "pdt_0NYen0000000000000001";
const DINAR: &str = "pdt_0NDinar00000000000001";
const METERED: &str = "pdt_0NMetered0000000000001";
const SEAT: &str = "adn_0NSeat000000000000001";

const PAYS: &str = "4242424242424242";
const DECLINES: &str = "4000000000000002";
const CHALLENGES: &str = "4000000000003220";

fn price(id: &str, amount: i64, currency: &str, billing: Billing, tax_inclusive: bool) -> Price {
    Price {
        id: id.to_lowercase(),
        provider_product: id.into(),
        money: Money::new(amount, currency.parse().unwrap()),
        currencies: Vec::new(),
        billing,
        tax_inclusive,
        quantity: QuantityRule { min: 1, max: 1_000, step: 1 },
        addons: if id == PRO { vec!["seat".into()] } else { Vec::new() },
        terms: Terms::default(),
    }
}

fn catalog() -> Catalog {
    let monthly = |trial_days| Billing::Recurring { interval: Interval::Month, interval_count: 1, trial_days };
    let usage = Billing::Usage { interval: Interval::Month, interval_count: 1 };
    let prices = [
        ("Desktop licence", price(LICENCE, 4_900, "USD", Billing::OneTime, false)),
        ("Pro monthly", price(PRO, 2_900, "USD", monthly(0), true)),
        ("Pro with trial", price(TRIAL, 2_900, "USD", monthly(14), false)),
        ("Print", price(YEN, 1_980, "JPY", Billing::OneTime, false)),
        ("Course", price(DINAR, 12_345, "KWD", Billing::OneTime, false)),
        ("Metered API", price(METERED, 1_000, "USD", usage, false)),
    ];
    let product = |(name, price): (&str, Price)| Product {
        id: price.id.clone(),
        name: name.into(),
        description: String::new(),
        features: Vec::new(),
        image: None,
        prices: vec![price],
    };
    let seat = Addon {
        id: "seat".into(),
        provider_addon: SEAT.into(),
        name: "Extra seat".into(),
        money: Money::new(500, "USD".parse().unwrap()),
        adds: Grants::new(),
    };
    Catalog { products: prices.map(product).into(), addons: vec![seat], plans: Vec::new() }
}

/// A webhook as the receiver got it.
#[derive(Clone, Debug)]
struct Received {
    id: String,
    body: Value,
}

/// What the receiver got, and what it answers: statuses in turn, then 200.
#[derive(Clone, Default)]
struct Receiver {
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<Vec<u16>>>,
    delay: Arc<Mutex<Option<Duration>>>,
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
    let (id, timestamp, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let secrets = [SigningSecret::parse(SECRET).unwrap()];
    let headers = signature::Headers { id: &id, timestamp: &timestamp, signature: &signature };
    signature::verify(&secrets, headers, &body, Clock::wall()).unwrap();
    let delay = receiver.delay.lock().unwrap().take();
    if let Some(delay) = delay {
        tokio::time::sleep(delay).await;
    }
    receiver.received.lock().unwrap().push(Received { id, body: serde_json::from_slice(&body).unwrap() });
    let mut answers = receiver.answers.lock().unwrap();
    let status = if answers.is_empty() { 200 } else { answers.remove(0) };
    StatusCode::from_u16(status).unwrap()
}

/// A sandbox on a port of its own, with a receiver beside it.
struct World {
    sandbox: Sandbox,
    base: String,
    http: Outgoing,
    receiver: Receiver,
    _stop: DropGuard,
}

async fn serve(listener: TcpListener, router: Router) {
    axum::serve(listener, router).await.unwrap();
}

impl World {
    async fn new() -> Self {
        let receiver = Receiver::default();
        let hooks = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let webhook_url = format!("http://{}/hook", hooks.local_addr().unwrap());
        tokio::spawn(serve(hooks, Router::new().route("/hook", post(receive)).with_state(receiver.clone())));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let sandbox = Sandbox::new(SandboxConfig {
            catalog: catalog(),
            clock: Clock::default(),
            api_key: API_KEY.into(),
            webhook_secret: SigningSecret::parse(SECRET).unwrap(),
            webhook_url: Some(webhook_url),
            base_url: base.clone(),
        });
        tokio::spawn(serve(listener, sandbox.router()));
        let stop = CancellationToken::new();
        let deliveries = sandbox.clone();
        let token = stop.clone();
        tokio::spawn(async move { deliveries.run(token).await });
        Self { sandbox, base, http: super::deliver::client(), receiver, _stop: stop.drop_guard() }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, &format!("{}{path}", self.base)).unwrap()
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut request = self.request(method, path).bearer_auth(API_KEY);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(Method::POST, path, Some(body)).await
    }

    async fn scenario(&self, body: Value) {
        let (status, body) = self.send(Method::PUT, "/control/scenario", Some(body)).await;
        assert_eq!(status, 200, "{body}");
    }

    async fn session(&self, body: Value) -> String {
        let (status, body) = self.post("/checkouts", body).await;
        assert_eq!(status, 200, "{body}");
        body["session_id"].as_str().unwrap().to_owned()
    }

    /// A session for one desktop licence, 61.25 USD in Sweden.
    async fn licence(&self) -> String {
        self.session(licence_cart()).await
    }

    async fn pay(&self, session: &str, card: &str) -> (u16, Value) {
        self.post(&format!("/control/sessions/{session}/pay"), json!({ "card": card })).await
    }

    /// Waits until so many webhooks have come.
    async fn webhooks(&self, count: usize) -> Vec<Received> {
        for _ in 0..500 {
            let received = self.receiver.received.lock().unwrap().clone();
            if received.len() >= count {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{count} webhooks did not come; {:?}", self.sandbox.state_json()["deliveries"]);
    }

    /// Waits until a delivery looks as wanted.
    async fn delivery(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..500 {
            let state = self.sandbox.state_json();
            if let Some(found) = state["deliveries"].as_array().unwrap().iter().find(|row| wanted(row)) {
                return found.clone();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no such delivery in {}", self.sandbox.state_json()["deliveries"]);
    }

    /// A subscription that was bought with that card, in Sweden: 29.00 USD a month, tax included.
    async fn subscribed(&self, product: &str, number: &str) -> String {
        let mut cart = licence_cart();
        cart["product_cart"] = json!([{ "product_id": product, "quantity": 1 }]);
        let session = self.session(cart).await;
        let (_, paid) = self.pay(&session, number).await;
        assert_eq!(paid["status"], "succeeded", "{paid}");
        let payment = self.payment(paid["payment_id"].as_str().unwrap()).await;
        payment["subscription_id"].as_str().unwrap().to_owned()
    }

    async fn payment(&self, id: &str) -> Value {
        self.get(&format!("/payments/{id}")).await
    }

    async fn subscription(&self, id: &str) -> Value {
        self.get(&format!("/subscriptions/{id}")).await
    }

    /// Of a subscription, oldest first.
    async fn payments_of(&self, subscription: &str) -> Vec<Value> {
        let list = self.get(&format!("/payments?subscription_id={subscription}&page_size=100")).await;
        let mut rows = list["items"].as_array().unwrap().clone();
        rows.reverse();
        rows
    }

    /// Orders the sandbox about.
    async fn control(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(&format!("/control/{path}"), body).await;
        assert!((200..300).contains(&status), "{path}: {answer}");
        answer
    }

    /// What was emitted since so many events, in order.
    fn told_since(&self, count: usize) -> Vec<String> {
        let state = self.sandbox.state_json();
        let kinds = state["deliveries"].as_array().unwrap().iter().skip(count);
        kinds.map(|row| row["type"].as_str().unwrap().to_owned()).collect()
    }

    fn told(&self) -> usize {
        self.sandbox.state_json()["deliveries"].as_array().unwrap().len()
    }

    async fn days(&self, days: u64) {
        self.advance(days * 86_400).await;
    }

    async fn advance(&self, seconds: u64) {
        let (status, _) = self.post("/control/clock/advance", json!({ "seconds": seconds })).await;
        assert_eq!(status, 200);
    }
}

fn licence_cart() -> Value {
    json!({
        "product_cart": [{ "product_id": LICENCE, "quantity": 1 }],
        "customer": { "email": "mara@example.com", "name": "Mara Lindqvist" },
        "billing_address": { "country": "SE" },
        "return_url": "https://shop.example.com/return?order=7",
        "cancel_url": "https://shop.example.com/pricing",
        "metadata": { "intent_id": "int_7f3a9c" },
    })
}
