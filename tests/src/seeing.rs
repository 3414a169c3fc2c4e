//! What operators and merchants' servers look at: lists, the operator's page, metrics; and rows that no
//! door of a story makes, such as a message that was given up.

use std::time::Duration;

use checkout_types::checkout::CreatedCheckout;
use checkout_types::{CheckoutStatus, Quote};
use reqwest::{Method, RequestBuilder, Response};
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::app::{GOOD_CARD, TestApp, read};
use crate::merchant::Merchant;

/// A message of an event, as the outbox would have left it.
pub struct Left<'a> {
    /// Where it stands.
    pub state: &'a str,
    /// `webhook` or `email`.
    pub channel: &'a str,
    /// The endpoint or the template.
    pub target: &'a str,
    /// What the last try was answered with.
    pub status_code: Option<u16>,
    /// Why the last try did not go through.
    pub error: Option<&'a str>,
}

impl Default for Left<'_> {
    fn default() -> Self {
        Self { state: "delivered", channel: "webhook", target: "crm", status_code: Some(200), error: None }
    }
}

impl TestApp {
    /// Starts one with the endpoints `crm` and `finance`, which hear of nothing by themselves: what is
    /// sent to them is what a story left there ([`TestApp::leave`]) and somebody sent again.
    pub async fn with_quiet_endpoints() -> (Self, Merchant) {
        let merchant = Merchant::start().await;
        let quiet = ["crm", "finance"].map(|id| merchant.endpoint(id, &["dispute.lost"]));
        (Self::telling(quiet.to_vec()).await, merchant)
    }

    /// Waits until a message arrived, and shows it.
    pub async fn arrived(&self, message: &str) -> Value {
        for _ in 0..100 {
            let shown = self.list(&format!("/v1/deliveries/{message}")).await;
            if shown["state"] == "delivered" {
                return shown;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{message} did not arrive: {}", self.list(&format!("/v1/deliveries/{message}")).await);
    }

    /// A request of the merchant's own server.
    pub fn merchant(&self, path: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.ready().helper)).bearer_auth(&self.ready().secret_key)
    }

    /// A list, as the merchant's server reads it.
    pub async fn list(&self, path: &str) -> Value {
        read(self.merchant(path).send().await.expect("an answer"), 200).await
    }

    /// A request of a program to the operations listener.
    pub fn operator(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.ready().operations)).bearer_auth(&self.ready().operator_key)
    }

    /// A request of an operator's browser to the operations listener.
    pub fn operator_page(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.ready().operations));
        request.basic_auth("anybody", Some(&self.ready().operator_key))
    }

    /// The press of a button there.
    pub async fn press(&self, path: &str, form: &str) -> Response {
        let request = self.operator_page(Method::POST, path).header("origin", &self.ready().operations);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.body(form.to_owned()).send().await.expect("an answer")
    }

    /// What a program that watches reads.
    pub async fn metrics(&self) -> String {
        let url = format!("{}/metrics", self.ready().operations);
        self.http.get(url).send().await.expect("an answer").text().await.expect("a text")
    }

    /// One line of it: the value of a metric with exactly these labels.
    pub async fn metric(&self, line: &str) -> Option<f64> {
        let metrics = self.metrics().await;
        metrics.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(' ')?.parse().ok())
    }

    /// The database, to put rows into it that stories need.
    pub fn rows(&self) -> Connection {
        let connection = Connection::open(self.database()).expect("the database is there");
        connection.busy_timeout(Duration::from_secs(5)).expect("it waits for its turn");
        connection
    }

    /// A purchase of that price by that customer of the merchant's, paid and told.
    pub async fn bought(&self, price: &str, reference: Option<&str>) -> CreatedCheckout {
        let quantity = self.demo.app.catalog.price(price).expect("a price").1.quantity.min;
        let cart = json!({"items": [{"price_id": price, "quantity": quantity}], "customer": {"country": "DE"}});
        let quote: Quote = read(self.ask_quote(&cart).await, 200).await;
        let mut order = json!({
            "quote_token": quote.quote_token,
            "customer": {"email": "ada@example.com", "name": "Ada Canary"},
        });
        if let Some(reference) = reference {
            order["customer_token"] = self.token(reference).await.into();
        }
        let key = format!("key-of-{}", quote.id);
        self.canaries().add(&key);
        let created: CreatedCheckout = read(self.ask_checkout(&key, &order).await, 201).await;
        self.canaries().add(&created.client_secret);
        self.pay(&created, GOOD_CARD).await;
        self.wait_for(&created, CheckoutStatus::Paid).await;
        self.told(&created).await;
        created
    }

    /// Waits until all is told of a subscription that was bought, or of a sale.
    async fn told(&self, created: &CreatedCheckout) {
        for _ in 0..100 {
            let told: i64 = self
                .rows()
                .query_row(
                    "SELECT COUNT(*) FROM events JOIN checkouts USING (customer)
                     WHERE checkouts.id = ?1 AND kind IN ('entitlements.changed')",
                    [&created.id],
                    |row| row.get(0),
                )
                .expect("a number");
            if told > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("nothing is told of {}", created.id);
    }

    /// Writes a message of the newest event of that kind, in the place of the one to that target if there
    /// is one, and gives its id.
    pub fn leave(&self, kind: &str, left: &Left<'_>) -> String {
        let Left { state, channel, target, status_code, error } = left;
        let rows = self.rows();
        let (event, customer, at): (String, String, i64) = rows
            .query_row(
                "SELECT id, customer, created_at FROM events WHERE kind = ?1 ORDER BY seq DESC LIMIT 1",
                [kind],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .expect("an event of that kind");
        let count: i64 =
            rows.query_row("SELECT COALESCE(MAX(seq), 0) FROM messages", [], |row| row.get(0)).expect("a number");
        let id = format!("msg_{count:032x}");
        let sequence = (*channel == "webhook").then_some(1_000 + count);
        let attempts = match *state {
            "dead" => 11,
            "parked" => 3,
            "queued" => 0,
            _ => 1,
        };
        rows.execute(
            "INSERT OR REPLACE INTO messages (id, event_id, channel, target, customer, sequence, state, attempts, due_at,
                                   status_code, error, created_at, finished_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?9, ?9)",
            params![id, event, channel, target, customer, sequence, state, attempts, at, status_code, error],
        )
        .expect("it is written");
        id
    }
}
