//! Buyers: a quote, an order with a key, again until it is acknowledged, then a card at the provider's
//! page. A third of what they do is asking again with a key that was answered long ago (G3).

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::ask::Question;
use super::schedule::Schedule;
use super::{Order, Sale, Shop};
use crate::chance::Chance;
use crate::history::What;
use crate::world::{SECRET_KEY, SHOP};

/// What is bought, and how many at most.
const PRICES: [(&str, u64); 4] = [("desktop_license", 3), ("handbook_ebook", 1), ("pro_monthly", 1), ("pro_yearly", 1)];
const COUNTRIES: [&str; 4] = ["DE", "SE", "FR", "ES"];
const GOOD_CARD: &str = "4242424242424242";
const DECLINED_CARD: &str = "4000000000000002";

/// Buys until the shop closes.
pub(super) async fn buy(shop: Arc<Shop>, number: usize) {
    let mut chance = shop.chance("buyer", number);
    let mut schedule = Schedule::every(shop.crowd.every, &mut chance);
    let mut orders = 0_u64;
    while let Some(intended) = schedule.turn(&shop, &mut chance).await {
        let old = if chance.percent(33) { chance.one_of(&shop.orders()).cloned() } else { None };
        if let Some(order) = old {
            order_again(&shop, &order, intended).await;
        } else {
            orders += 1;
            let key = format!("key-{}-{number}-{orders}", shop.name);
            order_and_pay(&shop, &key, intended, &mut chance).await;
        }
    }
}

async fn order_again(shop: &Shop, order: &Order, intended: u64) -> Option<(u16, Value)> {
    let question = Question::new(What::Order, &order.key, intended);
    let url = format!("{}/v1/checkouts", shop.helper);
    let request = || shop.http.post(&url).header("origin", SHOP).header("idempotency-key", &order.key);
    shop.ask(&question, || request().json(&order.body)).await
}

async fn order_and_pay(shop: &Shop, key: &str, intended: u64, chance: &mut Chance) -> Option<()> {
    let (price, most) = *chance.one_of(&PRICES)?;
    let cart = json!({
        "items": [{"price_id": price, "quantity": 1 + chance.below(most)}],
        "customer": {"country": chance.one_of(&COUNTRIES)?},
    });
    let token = if chance.percent(75) { Some(token(shop, &Shop::somebody(chance), intended).await?) } else { None };
    let quote = quote(shop, &cart, intended).await?;
    let mut body = json!({"quote_token": quote, "customer": {"email": format!("{key}@example.com")}});
    if let Some(token) = token {
        body["customer_token"] = token;
    }
    let mut order = Order { key: key.to_owned(), body, made: Value::Null };
    let (status, made) = order_again(shop, &order, intended).await?;
    if status != 201 {
        return None;
    }
    order.made = made;
    let session = order.made["url"].as_str()?.rsplit('/').next()?.to_owned();
    shop.orders().push(order);
    pay(shop, &session, price, chance).await;
    Some(())
}

async fn token(shop: &Shop, reference: &str, intended: u64) -> Option<Value> {
    let url = format!("{}/v1/customer-tokens", shop.helper);
    let body = json!({"reference": reference});
    let question = Question::new(What::Quote, reference, intended);
    let (_, token) = shop.ask(&question, || shop.http.post(&url).bearer_auth(SECRET_KEY).json(&body)).await?;
    token.get("token").cloned()
}

async fn quote(shop: &Shop, cart: &Value, intended: u64) -> Option<Value> {
    let url = format!("{}/v1/quotes", shop.helper);
    let question = Question::new(What::Quote, "", intended);
    let (_, quote) = shop.ask(&question, || shop.http.post(&url).header("origin", SHOP).json(cart)).await?;
    quote.get("quote_token").cloned()
}

/// What becomes of a payment page: most are paid, some after a card that is declined, some are left.
async fn pay(shop: &Shop, session: &str, price: &'static str, chance: &mut Chance) {
    let cards: &[&str] = match chance.below(10) {
        0 => &[],
        1 => &[DECLINED_CARD],
        2 => &[DECLINED_CARD, GOOD_CARD],
        _ => &[GOOD_CARD],
    };
    if chance.percent(10) {
        // Whose ever payment is the next one: its bank takes a while.
        shop.order_sandbox_by(Method::PUT, "control/scenario", &json!({"next_payment": "processing"})).await;
    }
    for card in cards {
        let paid = shop.order_sandbox(&format!("control/sessions/{session}/pay"), &json!({"card": card})).await;
        let Some(paid) = paid else { continue };
        let payment = paid["payment_id"].as_str().unwrap_or_default().to_owned();
        let mut status = paid["status"].clone();
        if status == "processing" {
            tokio::time::sleep(Duration::from_millis(chance.below(400))).await;
            let outcome = if chance.percent(80) { "succeed" } else { "fail" };
            let path = format!("control/payments/{payment}/settle");
            let settled = shop.order_sandbox(&path, &json!({"outcome": outcome})).await;
            status = settled.map_or(Value::Null, |settled| settled["status"].clone());
        }
        if status == "succeeded" {
            shop.sales().push(Sale { payment, price });
            return;
        }
    }
}

impl Shop {
    /// Does something at the provider's, which never fails to answer: it is in this process.
    pub(super) async fn order_sandbox(&self, path: &str, body: &Value) -> Option<Value> {
        self.order_sandbox_by(Method::POST, path, body).await
    }

    /// The same by another method.
    pub(super) async fn order_sandbox_by(&self, method: Method, path: &str, body: &Value) -> Option<Value> {
        let request = self.http.request(method, format!("{}/{path}", self.sandbox)).json(body);
        let answer = request.send().await.ok()?;
        answer.json().await.ok()
    }
}
