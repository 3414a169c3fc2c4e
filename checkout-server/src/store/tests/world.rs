//! A shop with orders, and the provider's words about them.

use std::path::PathBuf;

use checkout_types::checkout::CheckoutItem;
use checkout_types::money::Money;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::catalog::Catalog;
use crate::checkout::Order;
use crate::customer::Contact;
use crate::event::Source;
use crate::outbox::{EndpointRoute, Filter, MailRoute, Routes};
use crate::provider::dodo;
use crate::store::fold::Observation;
use crate::store::{Accepted, Claim, Delivery, Rules, Store, StoredSession};
use crate::{announcement::Kind, random};

/// The provider's product of `pro_monthly`.
pub(super) const PRODUCT: &str = "pdt_0NqDemoProMonthly0001";
const DAY: i64 = 86_400;

/// A moment of the story, in seconds.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

/// The rules of the demo's catalog, with an endpoint that hears everything and a mail.
pub(super) fn rules() -> Rules {
    let catalog = Catalog::parse(include_str!("../../../../catalog.example.toml")).unwrap();
    let routes = Routes {
        endpoints: vec![EndpointRoute { id: "app".to_owned(), filter: Filter::default() }],
        mails: vec![MailRoute { template: "receipt".to_owned(), kinds: vec![Kind::PaymentSucceeded] }],
    };
    Rules::new(&catalog, routes)
}

/// A store in a folder that goes away.
pub(super) struct World {
    pub(super) store: Store,
    folder: PathBuf,
}

impl World {
    pub(super) fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("checkout-fold-{}", random::alphanumeric::<12>()));
        crate::store::prepare_folder(&folder).unwrap();
        Self { store: Store::open(&folder.join("checkout.db"), rules()).unwrap(), folder }
    }

    pub(super) fn database(&self) -> PathBuf {
        self.folder.join("checkout.db")
    }

    /// An open order of `pro_monthly`; its session is `cks_` and its number.
    pub(super) async fn order(&self, number: usize, reference: Option<&str>) {
        let id = checkout(number);
        let claim = Claim {
            id: id.clone(),
            key_hash: random::bytes(),
            fingerprint: random::bytes(),
            order: order(),
            customer_reference: reference.map(str::to_owned),
            contact: Contact { email: format!("buyer{number}@example.com"), name: None },
            renews: None,
            buyer: None,
            created_at: at(0),
            expires_at: at(DAY),
        };
        self.store.claim(claim).await.unwrap().unwrap();
        let session = StoredSession { id: format!("cks_{number}"), url: "https://example.com/pay".to_owned() };
        self.store.reveal(&id, session, at(DAY)).await.unwrap();
    }

    /// A signed delivery of that body.
    pub(super) async fn deliver(&self, id: &str, body: &Value) -> Accepted {
        let bytes = body.to_string().into_bytes();
        let notice = dodo::read_notice(&bytes);
        let observed_at = body["timestamp"].as_str().unwrap().parse().unwrap();
        let webhook_id = id.to_owned();
        let received_at = at(0);
        self.store
            .accept(Delivery { provider: "dodo", webhook_id, observed_at, received_at, body: bytes, notice })
            .await
            .unwrap()
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

/// The id of an order.
pub(super) fn checkout(number: usize) -> String {
    format!("co_{number:032}")
}

/// What was ordered.
pub(super) fn order() -> Order {
    let item = CheckoutItem { price_id: "pro_monthly".to_owned(), name: "Fernway Pro".to_owned(), quantity: 1 };
    Order {
        total: Money::new(2900, "EUR".parse().unwrap()),
        items: vec![item],
        products: vec![(PRODUCT.to_owned(), 1)],
    }
}

fn envelope(kind: &str, second: i64, data: Value) -> Value {
    json!({ "type": kind, "timestamp": at(second).to_string(), "data": data })
}

/// A payment of order `number`: its sale in its session, or a renewal.
pub(super) fn payment(number: usize, kind: &str, charge: &str, state: &str, second: i64) -> Value {
    let session = (charge == "new").then(|| format!("cks_{number}"));
    let data = json!({
        "payload_type": "Payment",
        "payment_id": format!("pay_{charge}_{number}"),
        "metadata": { "order_id": checkout(number) },
        "checkout_session_id": session,
        "created_at": at(second).to_string(),
        "status": state,
        "total_amount": 2900,
        "currency": "EUR",
        "charge_type": charge,
        "subscription_id": format!("sub_{number}"),
        "product_cart": [],
    });
    envelope(kind, second, data)
}

/// The subscription of order `number`, billed so many months ago.
pub(super) fn subscription(number: usize, kind: &str, state: &str, month: i64, second: i64) -> Value {
    let data = json!({
        "payload_type": "Subscription",
        "subscription_id": format!("sub_{number}"),
        "metadata": { "order_id": checkout(number) },
        "status": state,
        "product_id": PRODUCT,
        "quantity": 1,
        "addons": [],
        "created_at": at(0).to_string(),
        "previous_billing_date": at(month * 30 * DAY).to_string(),
        "next_billing_date": at((month + 1) * 30 * DAY).to_string(),
        "cancel_at_next_billing_date": false,
        "trial_period_days": 0,
    });
    envelope(kind, second, data)
}

/// An attempt to collect.
pub(super) fn dunning(number: usize, state: &str, second: i64) -> Value {
    let kind = if state == "recovered" { "dunning.recovered" } else { "dunning.started" };
    let data = json!({ "payload_type": "DunningAttempt", "subscription_id": format!("sub_{number}"), "status": state });
    envelope(kind, second, data)
}

/// Money back for one of order `number`'s payments.
pub(super) fn refund(number: usize, charge: &str, amount: i64, second: i64) -> Value {
    let data = json!({
        "payload_type": "Refund",
        "refund_id": format!("ref_{number}"),
        "payment_id": format!("pay_{charge}_{number}"),
        "status": "succeeded",
        "amount": amount,
        "currency": "EUR",
    });
    envelope("refund.succeeded", second, data)
}

/// A dispute about the sale of order `number`.
pub(super) fn dispute(number: usize, status: &str, second: i64) -> Value {
    let data = json!({
        "payload_type": "Dispute",
        "dispute_id": format!("dp_{number}"),
        "payment_id": format!("pay_new_{number}"),
        "dispute_stage": "dispute",
        "dispute_status": status,
        "amount": "2900",
    });
    envelope(&status.replace('_', "."), second, data)
}

/// How the fold sees a body.
pub(super) fn observed(body: &Value) -> Observation {
    let notice = dodo::read_notice(body.to_string().as_bytes()).unwrap();
    let observed_at = body["timestamp"].as_str().unwrap().parse().unwrap();
    Observation { notice, observed_at, source: Source::Webhook }
}
