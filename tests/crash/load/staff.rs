//! Whoever works at the shop: gives money back, gives access by hand, and lets happen at the provider's
//! what happens to subscriptions.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::ask::Question;
use super::schedule::Schedule;
use super::{Sale, Shop};
use crate::chance::Chance;
use crate::history::What;
use crate::world::{OPERATOR_KEY, PROVIDER_KEY, SECRET_KEY};

/// Works until the shop closes.
pub(super) async fn work(shop: Arc<Shop>, number: usize) {
    let mut chance = shop.chance("staff", number);
    let mut schedule = Schedule::every(shop.crowd.every * 2, &mut chance);
    let mut done = 0_u64;
    while let Some(intended) = schedule.turn(&shop, &mut chance).await {
        done += 1;
        let key = format!("staff-{}-{number}-{done}", shop.name);
        let sale = chance.one_of(&shop.sales()).cloned();
        match (chance.below(5), sale) {
            (0, Some(sale)) => refund(&shop, &key, &sale, intended, &mut chance).await,
            (1 | 2, Some(sale)) => {
                live_on(&shop, &sale, &mut chance).await;
            }
            (3, Some(sale)) => {
                dispute(&shop, &sale, &mut chance).await;
            }
            _ => by_hand(&shop, &key, intended, &mut chance).await,
        }
    }
}

/// The same key again, a moment later: it has to be the same refund.
async fn refund(shop: &Shop, key: &str, sale: &Sale, intended: u64, chance: &mut Chance) {
    let url = format!("{}/v1/payments/{}/refunds", shop.helper, sale.payment);
    // The helper may not have heard of the payment yet.
    let early = |status: u16, problem: &Value| status == 404 || problem["code"] == "payment_not_refundable";
    let question = Question { early, ..Question::new(What::Refund, key, intended) };
    let body = json!({"reason": "the proof gives money back"});
    for _ in 0..=chance.below(2) {
        let request = || shop.http.post(&url).bearer_auth(SECRET_KEY).header("idempotency-key", key).json(&body);
        shop.ask(&question, request).await;
    }
}

async fn by_hand(shop: &Shop, key: &str, intended: u64, chance: &mut Chance) {
    let url = format!("{}/access", shop.operations);
    let body = json!({
        "reference": Shop::somebody(chance),
        "entitlement": "workshop_tokyo",
        "action": if chance.percent(70) { "grant" } else { "block" },
        "who": "the proof",
        "why": key,
    });
    let question = Question::new(What::Hand, key, intended);
    shop.ask(&question, || shop.http.post(&url).bearer_auth(OPERATOR_KEY).json(&body)).await;
}

/// A buyer's bank asks the money back; some of these are decided.
async fn dispute(shop: &Shop, sale: &Sale, chance: &mut Chance) -> Option<()> {
    if chance.percent(50) {
        return None;
    }
    let opened = shop.order_sandbox(&format!("control/payments/{}/dispute", sale.payment), &json!({})).await?;
    let dispute = opened["dispute_id"].as_str()?;
    for to in ["challenged", "won", "lost"] {
        if chance.percent(40) {
            tokio::time::sleep(Duration::from_millis(chance.below(300))).await;
            shop.order_sandbox(&format!("control/disputes/{dispute}/move"), &json!({"to": to})).await;
        }
    }
    Some(())
}

/// A subscription is renewed, or called off, or that is taken back.
async fn live_on(shop: &Shop, sale: &Sale, chance: &mut Chance) -> Option<()> {
    if !sale.price.starts_with("pro_") {
        return None;
    }
    let get = shop.http.get(format!("{}/payments/{}", shop.sandbox, sale.payment)).bearer_auth(PROVIDER_KEY);
    let payment: Value = get.send().await.ok()?.json().await.ok()?;
    let subscription = payment["subscription_id"].as_str()?;
    if chance.percent(50) {
        shop.order_sandbox(&format!("control/subscriptions/{subscription}/renew"), &json!({})).await;
        return Some(());
    }
    let wish = match chance.below(4) {
        0 => json!({"status": "cancelled"}),
        1 => json!({"cancel_at_next_billing_date": false}),
        _ => json!({"cancel_at_next_billing_date": true}),
    };
    let url = format!("{}/subscriptions/{subscription}", shop.sandbox);
    shop.http.patch(url).bearer_auth(PROVIDER_KEY).json(&wish).send().await.ok()?;
    Some(())
}
