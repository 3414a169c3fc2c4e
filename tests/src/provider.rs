//! The provider's side of a story: time that passes, subscriptions that renew or fail to, money that goes
//! back. Every verb goes through the sandbox's doors (docs/sandbox.md).

use std::time::Duration;

use checkout_types::checkout::CreatedCheckout;
use reqwest::Response;
use serde_json::{Value, json};

use crate::app::{TestApp, read, session_of};

/// Pays once; what it is charged later is declined (dodo/README 6).
pub const LATER_DECLINED_CARD: &str = "4000000000000341";

/// A day, in the unit of [`TestApp::advance`].
pub const DAY: u64 = 24 * 60 * 60;

/// Time and what the sandbox is told.
impl TestApp {
    /// Moves the clock of helper and sandbox. It stops at each moment that something happens to a
    /// subscription until that was told, so what follows is delivered already, if it can be.
    pub async fn advance(&self, seconds: u64) {
        self.control("POST", "clock/advance", &json!({"seconds": seconds})).await;
    }

    /// Everything that the sandbox knows.
    pub fn provider_state(&self) -> Value {
        self.demo.sandbox.state_json()
    }

    /// Waits until every webhook that is due was tried once.
    pub async fn provider_is_quiet(&self) {
        for _ in 0..500 {
            let state = self.provider_state();
            let untried = |row: &Value| row["status"] == "pending" && row["attempts"] == json!([]);
            if !rows(&state, "deliveries").iter().any(untried) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the sandbox still has webhooks to send: {}", self.provider_state()["deliveries"]);
    }

    /// The types of the webhooks so far, oldest first, whether they were delivered or not.
    pub fn provider_told(&self) -> Vec<String> {
        let state = self.provider_state();
        rows(&state, "deliveries").iter().map(|row| text(&row["type"])).collect()
    }

    /// Sends any event, signed; its `webhook-id`.
    pub async fn emit(&self, kind: &str, data: &Value) -> String {
        let url = format!("{}/control/emit", self.ready().sandbox);
        let sent = self.http.post(url).json(&json!({"type": kind, "data": data})).send().await;
        let sent: Value = read(sent.expect("an answer"), 202).await;
        text(&sent["webhook_id"])
    }

    /// Asks the provider's own API, with its key.
    pub async fn ask_provider(&self, method: &str, path: &str, body: &Value) -> Response {
        let url = format!("{}{path}", self.ready().sandbox);
        let request = self.http.request(method.parse().expect("a method"), url).bearer_auth(&self.ready().sandbox_key);
        request.json(body).send().await.expect("an answer")
    }

    /// The same, where it is to go well.
    pub async fn provider(&self, method: &str, path: &str, body: &Value) -> Value {
        read(self.ask_provider(method, path, body).await, 200).await
    }
}

/// Subscriptions.
impl TestApp {
    /// The payment that a checkout was paid with.
    pub fn payment_of(&self, created: &CreatedCheckout) -> Value {
        let state = self.provider_state();
        let of_session =
            |row: &&Value| row["checkout_session_id"] == session_of(created) && row["status"] == "succeeded";
        rows(&state, "payments").iter().find(of_session).cloned().expect("the checkout is paid")
    }

    /// The id of the one subscription that was bought with a checkout.
    pub fn bought_subscription(&self, created: &CreatedCheckout) -> String {
        text(&self.payment_of(created)["subscription_id"])
    }

    /// A subscription as the provider has it, with `past_due_ends_at`, `owed` and `retry_at`.
    pub fn provider_subscription(&self, id: &str) -> Value {
        let state = self.provider_state();
        rows(&state, "subscriptions").iter().find(|row| row["subscription_id"] == id).cloned().expect("it is there")
    }

    /// Its payments, oldest first.
    pub fn payments_of(&self, subscription: &str) -> Vec<Value> {
        let state = self.provider_state();
        let paid = |row: &&Value| row["subscription_id"] == subscription;
        rows(&state, "payments").iter().filter(paid).cloned().collect()
    }

    /// Its next charge is declined.
    pub async fn decline_next_renewal(&self, subscription: &str) {
        self.decline_next_renewals(subscription, 1).await;
    }

    /// So many of its next charges are declined, the automatic retries among them.
    pub async fn decline_next_renewals(&self, subscription: &str, count: u32) {
        let path = format!("subscriptions/{subscription}/decline-next");
        self.control("POST", &path, &json!({"count": count})).await;
    }

    /// Its billing day is now.
    pub async fn renew(&self, subscription: &str) -> Value {
        self.control("POST", &format!("subscriptions/{subscription}/renew"), &json!({})).await
    }

    /// It comes to its agreed end now.
    pub async fn expire(&self, subscription: &str) -> Value {
        self.control("POST", &format!("subscriptions/{subscription}/expire"), &json!({})).await
    }

    /// A renewal of usage alone, which extends nothing.
    pub async fn bill_usage(&self, subscription: &str, amount: i64) -> Value {
        let path = format!("subscriptions/{subscription}/bill-usage");
        self.control("POST", &path, &json!({"amount": amount})).await
    }

    /// Its owner enters a card behind the link of `update-payment-method`; what is owed is paid with it.
    pub async fn mend(&self, subscription: &str, card: &str) -> Value {
        self.control("POST", &format!("subscriptions/{subscription}/mend"), &json!({"card": card})).await
    }

    /// The owner enters a card on a hosted page that somebody made a link to: a session's, or one for a new
    /// card.
    pub async fn enter_card(&self, link: &str, card: &str) -> Response {
        let form = format!("card={card}&expiry=12%2F34&cvc=123&email=ada%40example.com");
        let request = self.http.post(format!("{link}/pay")).header("content-type", "application/x-www-form-urlencoded");
        request.body(form).send().await.expect("an answer")
    }

    /// It ends with the period that is paid.
    pub async fn cancel_at_period_end(&self, subscription: &str) -> Value {
        self.patch_subscription(subscription, &json!({"cancel_at_next_billing_date": true})).await
    }

    /// It ends now.
    pub async fn cancel(&self, subscription: &str) -> Value {
        self.patch_subscription(subscription, &json!({"status": "cancelled"})).await
    }

    /// It stops for a while.
    pub async fn pause(&self, subscription: &str) -> Value {
        self.patch_subscription(subscription, &json!({"status": "paused"})).await
    }

    /// It goes on after a pause.
    pub async fn resume(&self, subscription: &str) -> Value {
        self.patch_subscription(subscription, &json!({"status": "active"})).await
    }

    /// `PATCH /subscriptions/{id}` of the provider.
    pub async fn patch_subscription(&self, subscription: &str, body: &Value) -> Value {
        self.provider("PATCH", &format!("/subscriptions/{subscription}"), body).await
    }

    /// Another product of the provider's, billed as `mode` says: `do_not_bill`, `full_immediately`,
    /// `prorated_immediately`, `difference_immediately`.
    pub async fn change_plan(&self, subscription: &str, product: &str, quantity: u32, mode: &str) -> Value {
        let body = json!({"product_id": product, "quantity": quantity, "proration_billing_mode": mode});
        self.provider("POST", &format!("/subscriptions/{subscription}/change-plan"), &body).await
    }
}

/// Money that goes back.
impl TestApp {
    /// All of a payment goes back, by the provider's dashboard; the refund as it was answered.
    pub async fn give_back(&self, payment: &str) -> Value {
        self.provider("POST", "/refunds", &json!({"payment_id": payment})).await
    }

    /// So much of a payment's first line, tax included.
    pub async fn give_back_part(&self, payment: &str, amount: i64) -> Value {
        let lines = self.provider("GET", &format!("/payments/{payment}/line-items"), &json!({})).await;
        let item = json!({"item_id": lines["items"][0]["items_id"], "amount": amount, "tax_inclusive": true});
        self.provider("POST", "/refunds", &json!({"payment_id": payment, "items": [item]})).await
    }

    /// The buyer's bank asks a payment back; the dispute's id.
    pub async fn dispute(&self, payment: &str) -> String {
        let opened = self.control("POST", &format!("payments/{payment}/dispute"), &json!({})).await;
        text(&opened["dispute_id"])
    }

    /// `challenged`, `won`, `lost`, `accepted`, `cancelled`, `expired`, `next_stage` or `rdr`.
    pub async fn move_dispute(&self, dispute: &str, to: &str) -> Value {
        self.control("POST", &format!("disputes/{dispute}/move"), &json!({"to": to})).await
    }
}

fn rows<'a>(state: &'a Value, table: &str) -> &'a [Value] {
    state[table].as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}
