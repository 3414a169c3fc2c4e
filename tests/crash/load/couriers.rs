//! Couriers: each takes any of the webhooks that wait, hands it over until it is acknowledged, and brings
//! three of ten a second time.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::Shop;
use crate::courier::Parcel;
use crate::history::{Entry, Outcome, What};

/// While nothing waits, and after a failed try.
const PAUSE: Duration = Duration::from_millis(5);

/// Carries until everything is over.
pub(super) async fn carry(shop: Arc<Shop>, number: usize) {
    let mut chance = shop.chance("courier", number);
    while !shop.over.is_cancelled() {
        let Some(parcel) = shop.office.pick(&mut chance) else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        if parcel.is_stale() {
            // As the provider does when it tries again: the same id, the newest state, a new signature.
            shop.order_sandbox(&format!("control/deliveries/{}/redeliver", parcel.id), &json!({})).await;
            shop.office.done();
            continue;
        }
        let acknowledged = hand_over(&shop, &parcel).await;
        let again = acknowledged && !parcel.again && chance.percent(30);
        if again || !acknowledged {
            shop.office.give_back(Parcel { again: parcel.again || again, ..parcel });
        } else {
            shop.office.done();
        }
        if !acknowledged {
            tokio::time::sleep(PAUSE * 2).await;
        }
    }
}

/// Whether it was acknowledged.
async fn hand_over(shop: &Shop, parcel: &Parcel) -> bool {
    let invoked = shop.history.now();
    let request = shop
        .http
        .post(format!("{}/webhooks/dodo", shop.helper))
        .header("content-type", "application/json")
        .header("webhook-id", &parcel.id)
        .header("webhook-timestamp", &parcel.timestamp)
        .header("webhook-signature", &parcel.signature)
        .body(parcel.body.clone());
    let (status, answer) = match request.send().await {
        Ok(response) => (Some(response.status().as_u16()), response.text().await.unwrap_or_default()),
        Err(error) => (None, error.to_string()),
    };
    let outcome = match status {
        Some(200..=299) => Outcome::Acknowledged,
        None | Some(408 | 425 | 429 | 500..) => Outcome::Unknown,
        Some(_) => Outcome::Refused,
    };
    shop.history.record(Entry {
        what: What::Webhook,
        key: parcel.key(),
        intended: invoked,
        invoked,
        mark: shop.history.mark(),
        answered: shop.history.now(),
        outcome,
        status,
        answer,
    });
    outcome == Outcome::Acknowledged
}
