//! What a story of healing needs: the provider's own API, refunds, sweeps on demand, and the comparison of
//! what the provider has with what the helper knows.

use std::time::Duration;

use checkout_server::customer::CustomerKey;
use checkout_server::entitlement::State;
use checkout_server::event::dispute::{DisputeStage, DisputeState};
use checkout_server::event::{RefundState, Seen};
use checkout_server::provider::Kind;
use checkout_types::checkout::CreatedCheckout;
use jiff::Timestamp;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::app::{GOOD_CARD, TestApp, read, session_of};

impl TestApp {
    /// Does something at the provider behind the helper's back, as its dashboard would.
    pub async fn at_provider(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = self.http.request(method, format!("{}{path}", self.ready().sandbox));
        read(request.bearer_auth(&self.ready().sandbox_key).json(body).send().await.expect("an answer"), 200).await
    }

    /// Asks the helper to give a payment back, as the merchant's own server does.
    pub async fn ask_refund(&self, payment: &str, key: &str, body: &Value) -> Response {
        let url = format!("{}/v1/payments/{payment}/refunds", self.ready().helper);
        let request = self.http.post(url).bearer_auth(&self.ready().secret_key).header("idempotency-key", key);
        request.json(body).send().await.expect("an answer")
    }

    /// A refund as it is now.
    pub async fn refund(&self, id: &str) -> Value {
        let url = format!("{}/v1/refunds/{id}", self.ready().helper);
        read(self.http.get(url).bearer_auth(&self.ready().secret_key).send().await.expect("an answer"), 200).await
    }

    /// Waits until a refund stands there, moving the clock on by a minute at a time.
    pub async fn refund_is(&self, id: &str, status: &str) -> Value {
        for _ in 0..60 {
            let refund = self.refund(id).await;
            if refund["status"] == status {
                return refund;
            }
            self.clock.advance(Duration::from_mins(1));
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        panic!("{} is not {status}", self.refund(id).await);
    }

    /// One sweep, to its end.
    pub async fn reconcile(&self, scope: &str) -> Value {
        let begun = self.operate(Method::POST, "/reconcile", &json!({ "scope": scope })).await;
        let mut report: Value = read(begun, 200).await;
        let run = report["run"].as_u64().expect("a number");
        for _ in 0..240 {
            if report["state"] == "finished" && report["run"].as_u64() >= Some(run) {
                return report;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
            report = read(self.operate(Method::GET, "/reconcile", &Value::Null).await, 200).await;
        }
        panic!("the sweep does not end: {report}");
    }

    /// Buys one of a price and pays for it. Gives the checkout and the provider's payment.
    pub async fn buy(&self, price: &str) -> (CreatedCheckout, String) {
        let quantity = if price.starts_with("team") { 3 } else { 1 };
        let cart = json!({"items": [{"price_id": price, "quantity": quantity}], "customer": {"country": "DE"}});
        let quote = read(self.ask_quote(&cart).await, 200).await;
        let created = self.checkout(&quote).await;
        let paid = self.pay(&created, GOOD_CARD).await;
        (created, paid["payment_id"].as_str().expect("a payment").to_owned())
    }

    /// Waits until nothing more is about to be delivered, or asked of the provider.
    pub async fn settled(&self) {
        let mut last = (0, 0);
        for _ in 0..60 {
            let state = self.control("GET", "state", &Value::Null).await;
            let database = rusqlite::Connection::open(self.database()).expect("the database is there");
            let count = |sql: &str| database.query_row(sql, [], |row| row.get::<_, i64>(0)).expect("a number");
            let now = self.clock.now().as_microsecond();
            let due = count(&format!("SELECT COUNT(*) FROM refetches WHERE due_at <= {now}"));
            let seen = (state["deliveries"].as_array().map_or(0, Vec::len), count("SELECT COUNT(*) FROM notices"));
            if due == 0 && seen == last {
                return;
            }
            last = seen;
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
        panic!("it does not settle");
    }

    /// The provider's subscription of a checkout.
    pub async fn subscription_of(&self, created: &CreatedCheckout) -> String {
        let state = self.control("GET", "state", &Value::Null).await;
        let payments = state["payments"].as_array().expect("a list");
        let of_checkout = |payment: &&Value| payment["checkout_session_id"] == session_of(created);
        let payment = payments.iter().find(of_checkout).expect("a payment");
        payment["subscription_id"].as_str().expect("a subscription").to_owned()
    }

    /// How a guest's access to an entitlement stands.
    pub async fn access_of(&self, created: &CreatedCheckout, entitlement: &str) -> State {
        let customer = CustomerKey::Guest(created.id.clone());
        let access = self.demo.app.store.access(&customer, self.clock.now()).await.expect("it can be read");
        access.entitlements.get(entitlement).map_or(State::None, |entitlement| entitlement.access.state)
    }

    /// Everything about which the provider and the helper differ, in words.
    pub async fn differences(&self) -> Vec<String> {
        let theirs = self.control("GET", "state", &Value::Null).await;
        let mut differences = Vec::new();
        for kind in Kind::ALL {
            let field = format!("{}_id", kind.as_str());
            for object in theirs[format!("{}s", kind.as_str())].as_array().expect("a list") {
                let id = object[&field].as_str().expect("an id").to_owned();
                let known = self.demo.app.store.known(kind, vec![id.clone()]).await.expect("it can be read");
                let (ours, theirs) = (known.get(&id).map(ours), theirs_of(kind, object));
                if ours.as_ref() != Some(&theirs) {
                    differences.push(format!("{id}: {ours:?}, but {theirs}"));
                }
            }
        }
        differences
    }
}

/// What the helper knows, in the words of [`theirs_of`].
fn ours(seen: &Seen) -> Value {
    match seen {
        Seen::Payment(payment) => json!({
            "status": payment.state.as_str(),
            "amount": payment.amount.map(|money| (money.amount, money.currency.to_string())),
        }),
        Seen::Subscription(subscription) => json!({
            "status": subscription.state.as_str(),
            "product": subscription.product,
            "quantity": subscription.quantity,
            "addons": subscription.addons,
            "from": subscription.period.map(|period| period.start),
            "until": subscription.period.map(|period| period.end),
            "ends": subscription.ends_with_period,
        }),
        Seen::Refund(refund) => json!({
            "status": match refund.state {
                RefundState::Succeeded => "succeeded",
                RefundState::Failed => "failed",
                RefundState::Pending => "pending",
                RefundState::Unknown => "unknown",
            },
            "amount": refund.amount.map(|money| (money.amount, money.currency.to_string())),
        }),
        Seen::Dispute(dispute) => json!({
            "stage": match dispute.stage {
                DisputeStage::Inquiry => "pre_dispute",
                DisputeStage::Dispute => "dispute",
                DisputeStage::Arbitration => "pre_arbitration",
                DisputeStage::Unknown => "unknown",
            },
            "status": match dispute.state {
                DisputeState::Open => "open",
                DisputeState::Kept => "kept",
                DisputeState::Lost => "lost",
                DisputeState::Unknown => "unknown",
            },
        }),
        other => panic!("not listed: {other:?}"),
    }
}

/// What the provider has, read here by itself, from what its control API shows.
fn theirs_of(kind: Kind, object: &Value) -> Value {
    let time = |field: &str| object[field].as_str().map(|time| time.parse::<Timestamp>().expect("a time"));
    let status = object["status"].as_str().unwrap_or_default();
    match kind {
        Kind::Payment => json!({
            "status": if status.starts_with("requires_") { "waiting" } else { status },
            "amount": (&object["total_amount"], &object["currency"]),
        }),
        Kind::Subscription => json!({
            "status": status,
            "product": object["product_id"],
            "quantity": object["quantity"],
            "addons": object["addons"].as_array().expect("a list").iter()
                .map(|addon| (&addon["addon_id"], &addon["quantity"])).collect::<Vec<_>>(),
            "from": time("previous_billing_date"),
            "until": time("next_billing_date"),
            "ends": object["cancel_at_next_billing_date"],
        }),
        Kind::Refund => json!({
            "status": if status == "review" { "pending" } else { status },
            "amount": (&object["amount"], &object["currency"]),
        }),
        Kind::Dispute => json!({
            "stage": object["dispute_stage"],
            "status": match object["dispute_status"].as_str().unwrap_or_default() {
                "dispute_opened" | "dispute_challenged" => "open",
                "dispute_lost" | "dispute_accepted" => "lost",
                _ => "kept",
            },
        }),
    }
}
