//! A purchase whose provider is this test: what it tells are the examples of its own documentation
//! (`tests/fixtures/dodo`), made about this purchase, one second after the other.

use std::cell::Cell;

use checkout_server::clock::Clock;
use checkout_server::signature::SigningSecret;
use checkout_types::Quote;
use checkout_types::checkout::CreatedCheckout;
use jiff::{SignedDuration, Timestamp};
use reqwest::Response;
use serde_json::{Value, json};

use crate::app::{TestApp, read, session_of};
use crate::in_repository;
use crate::signing::signed_headers;

/// An order that was made, and what the provider calls its parts.
pub struct Bought<'a> {
    app: &'a TestApp,
    /// As it was made.
    pub created: CreatedCheckout,
    /// The provider's payment.
    pub payment: String,
    /// The provider's subscription.
    pub subscription: String,
    /// When its first period begins.
    pub start: Timestamp,
    total: Value,
    product: String,
    quantity: u32,
    seconds: Cell<i64>,
}

/// The example of the provider's documentation for that kind of event.
pub fn example(kind: &str) -> Value {
    // Three kinds have none of their own.
    let like = match kind {
        "dispute.challenged" => "dispute.opened",
        "subscription.unpaused" => "subscription.active",
        "credit.rollover_forfeited" => "credit.rolled_over",
        kind => kind,
    };
    let path = in_repository(format!("tests/fixtures/dodo/webhook.{like}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut notice: Value = serde_json::from_str(&text).expect("JSON");
    notice["type"] = kind.into();
    if kind == "dispute.challenged" {
        notice["data"]["dispute_status"] = "dispute_challenged".into();
    }
    notice
}

impl TestApp {
    /// Orders so many of a price, for a customer of that reference, or for a guest.
    pub async fn order(&self, reference: Option<&str>, email: &str, item: Value) -> Bought<'_> {
        let key = &self.ready().secret_key;
        let ask = |path: &str| self.http.post(format!("{}{path}", self.ready().helper)).bearer_auth(key);
        let cart = json!({"items": [item], "customer": {"country": "DE"}});
        let quote: Quote = read(ask("/v1/quotes").json(&cart).send().await.expect("an answer"), 200).await;
        let mut body = json!({"quote_token": quote.quote_token, "customer": {"email": email}});
        if let Some(reference) = reference {
            body["customer_token"] = self.token(reference).await.into();
        }
        let order = ask("/v1/checkouts").header("idempotency-key", &quote.id).json(&body);
        let created: CreatedCheckout = read(order.send().await.expect("an answer"), 201).await;
        self.canaries().add(&created.client_secret);
        let (_, price) = self.demo.app.catalog.price(&quote.lines[0].price_id).expect("of the catalog");
        let name = created.id.trim_start_matches("co_");
        Bought {
            app: self,
            payment: format!("pay_{name}"),
            subscription: format!("sub_{name}"),
            start: Timestamp::from_microsecond(self.clock.now().as_microsecond()).expect("a time"),
            total: serde_json::to_value(quote.total).expect("money"),
            product: price.provider_product.clone(),
            quantity: quote.lines[0].quantity,
            seconds: Cell::new(0),
            created,
        }
    }

    /// The same of one, in the customer's name.
    pub async fn order_as(&self, reference: &str, price: &str) -> Bought<'_> {
        self.order(Some(reference), "ada@example.com", json!({"price_id": price})).await
    }

    /// Sends a delivery that was signed so many seconds from now.
    pub async fn deliver_at(&self, seconds: i64, id: &str, body: &Value) -> Response {
        let secret = SigningSecret::parse(&self.ready().webhook_secret).expect("the demo's own");
        let bytes = serde_json::to_vec(body).expect("JSON");
        let headers = signed_headers(&secret, id, Clock::wall().as_second() + seconds, &bytes);
        let url = format!("{}/webhooks/dodo", self.ready().helper);
        self.http.post(url).headers(headers).body(bytes).send().await.expect("an answer")
    }
}

impl Bought<'_> {
    /// When its first period ends.
    pub fn end(&self) -> Timestamp {
        self.start + SignedDuration::from_hours(30 * 24)
    }

    /// An example made about this purchase.
    pub fn about(&self, kind: &str) -> Value {
        let mut notice = example(kind);
        notice["timestamp"] = self.app.clock.now().to_string().into();
        let data = notice["data"].as_object_mut().expect("an object");
        let mut set = |name: &str, value: Value| {
            if data.contains_key(name) {
                data.insert(name.to_owned(), value);
            }
        };
        set("payment_id", self.payment.clone().into());
        set("subscription_id", self.subscription.clone().into());
        set("metadata", json!({"order_id": self.created.id}));
        match kind.split('.').next().unwrap_or_default() {
            "payment" => {
                set("checkout_session_id", session_of(&self.created).into());
                set("total_amount", self.total["amount"].clone());
                set("currency", self.total["currency"].clone());
                set("product_cart", Value::Null);
                set("created_at", self.start.to_string().into());
                if !self.recurs() {
                    set("subscription_id", Value::Null);
                    set("product_cart", json!([{"product_id": self.product, "quantity": self.quantity}]));
                }
            }
            "subscription" => {
                set("product_id", self.product.clone().into());
                set("quantity", self.quantity.into());
                set("addons", json!([]));
                set("created_at", self.start.to_string().into());
                set("previous_billing_date", self.start.to_string().into());
                set("next_billing_date", self.end().to_string().into());
                set("expires_at", (self.start + SignedDuration::from_hours(24 * 3_650)).to_string().into());
            }
            "refund" => {
                set("refund_id", format!("ref_{}", self.payment).into());
                set("amount", self.total["amount"].clone());
                set("currency", self.total["currency"].clone());
            }
            "dispute" => set("dispute_id", format!("dp_{}", self.payment).into()),
            _ => {}
        }
        notice
    }

    fn recurs(&self) -> bool {
        let price = self.app.demo.app.catalog.sold_as(&self.product).expect("of the catalog");
        price.billing != checkout_types::catalog::Billing::OneTime
    }

    /// Tells of something, a second after what was told before.
    pub async fn tell(&self, notice: &Value) {
        let second = self.seconds.get() + 1;
        self.seconds.set(second);
        let id = format!("msg_{}_{second}", self.created.id);
        assert_eq!(self.app.deliver_at(second, &id, notice).await.status(), 200, "{}", notice["type"]);
    }

    /// Tells of an event as the documentation shows it, with some fields of its object otherwise.
    pub async fn hear(&self, kind: &str, fields: Value) {
        let mut notice = self.about(kind);
        let data = notice["data"].as_object_mut().expect("an object");
        data.extend(fields.as_object().expect("fields").clone());
        self.tell(&notice).await;
    }

    /// It is paid; a subscription runs.
    pub async fn paid(&self) {
        self.hear("payment.succeeded", json!({})).await;
        if self.recurs() {
            self.hear("subscription.active", json!({})).await;
        }
    }
}
