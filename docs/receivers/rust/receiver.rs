//! A receiver of the helper's webhooks. In Cargo.toml: axum, `serde_json`, standardwebhooks, tokio. Then
//! `CHECKOUT_ENDPOINT_SECRET=whsec_… cargo run`
#![expect(clippy::disallowed_methods, clippy::print_stdout, reason = "an example, and no part of the helper")]

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::Value;
use standardwebhooks::Webhook;

type Failure = Box<dyn std::error::Error>;

struct Receiver {
    /// While a secret rotates there are two.
    webhooks: Vec<Webhook>,
    kept: Mutex<Kept>,
}

/// In your database.
#[derive(Default)]
struct Kept {
    /// Each webhook-id, written with what you do about it.
    taken: HashSet<String>,
    /// Each customer's entitlements, with their version.
    access: HashMap<String, Value>,
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let secrets = std::env::var("CHECKOUT_ENDPOINT_SECRET")?;
    let webhooks = secrets.split(',').map(Webhook::new).collect::<Result<_, _>>()?;
    let receiver = Arc::new(Receiver { webhooks, kept: Mutex::default() });
    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listens on http://{}", listener.local_addr()?);
    axum::serve(listener, Router::new().route("/", post(hear)).with_state(receiver)).await?;
    Ok(())
}

/// The bytes as they came are verified: parsed and written again they would be others.
async fn hear(State(receiver): State<Arc<Receiver>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    // No secret fits, or the signature is older than five minutes.
    if !receiver.webhooks.iter().any(|webhook| webhook.verify(&body, &headers).is_ok()) {
        return StatusCode::UNAUTHORIZED;
    }
    match serde_json::from_slice::<Value>(&body) {
        Ok(event) => {
            let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
            receiver.handle(id, &event);
            StatusCode::NO_CONTENT
        }
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

impl Receiver {
    fn handle(&self, id: &str, event: &Value) {
        let (kind, sequence) = (event["type"].as_str().unwrap_or_default(), event["sequence"].as_i64().unwrap_or(0));
        let mut kept = self.kept.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Sent at least once: what was taken already changes nothing. Its id tells, not its sequence: a
        // message that you refused and that is sent again comes after higher ones, and is new to you.
        if !kept.taken.insert(id.to_owned()) {
            println!("again {kind} {sequence}");
            return;
        }
        let who = &event["customer"];
        let customer = who["reference"].as_str().or(who["checkout"].as_str()).unwrap_or_default().to_owned();
        // All that this customer may use, as it was then: an older message does not overwrite what is newer.
        let access = kept.access.entry(customer).or_default();
        if event["entitlements"]["version"].as_i64() >= access["version"].as_i64() {
            access.clone_from(&event["entitlements"]);
        }
        println!("took {kind} {sequence}, access of version {}", access["version"]);
    }
}
