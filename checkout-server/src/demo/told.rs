//! The shop's own endpoint: what a merchant's server does with what the helper tells it. It verifies,
//! and says in the panel what it heard; a real one would write it into its own database.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;

use super::activity::{Entry, Who};
use super::pages::Shop;
use crate::clock::Clock;
use crate::signature::{self, Headers};

/// Where the helper tells the shop.
pub(super) const PATH: &str = "/webhooks/checkout";

/// What the shop looks at. There is more in it: the customer, and what it is about.
#[derive(Deserialize)]
struct Told {
    #[serde(rename = "type")]
    kind: String,
    sequence: u64,
    entitlements: Entitlements,
}

#[derive(Deserialize)]
struct Entitlements {
    items: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    name: String,
    state: String,
}

/// `POST /webhooks/checkout`
pub(super) async fn hear(State(shop): State<Arc<Shop>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let signed = Headers {
        id: header("webhook-id"),
        timestamp: header("webhook-timestamp"),
        signature: header("webhook-signature"),
    };
    let believed = signature::verify(std::slice::from_ref(&shop.endpoint_secret), signed, &body, Clock::wall()).is_ok();
    let told: Option<Told> = if believed { serde_json::from_slice(&body).ok() } else { None };
    if believed {
        // What a shop with a database of its own would write there now.
        shop.account.changed();
    }
    let at = shop.activity.now();
    let (text, status, detail) = match told {
        Some(Told { kind, sequence, entitlements }) => {
            let given = entitlements.items.iter().filter(|item| item.state != "none");
            let access: Vec<_> = given.map(|Item { name, state }| format!("{name}: {state}")).collect();
            let access = if access.is_empty() { "no access".to_owned() } else { access.join(", ") };
            let detail = format!("no. {sequence} for this customer; {access}");
            (format!("The helper told the shop: {kind}"), "verified".to_owned(), Some(detail))
        }
        None if believed => ("The helper told the shop something".to_owned(), "verified".to_owned(), None),
        None => {
            ("Somebody told the shop something, and it is not the helper".to_owned(), "refused, 401".to_owned(), None)
        }
    };
    shop.activity.record(Entry { at, who: Who::Shop, text, status: Some(status), detail });
    if believed { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED }
}
