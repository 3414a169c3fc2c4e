//! What comes after a sale, field by field against recorded bodies.

use std::collections::BTreeSet;

use super::wire::{fixture, same_shape};
use super::*;

/// Somebody whose subscription sees everything that can happen to one.
async fn lived() -> World {
    let world = World::new().await;
    let session = world.licence().await;
    let (_, paid) = world.pay(&session, PAYS).await;
    let payment = paid["payment_id"].as_str().unwrap();
    world.control(&format!("payments/{payment}/dispute"), json!({})).await;
    world.scenario(json!({ "refunds": "fail" })).await;
    world.post("/refunds", json!({ "payment_id": payment })).await;
    world.scenario(json!({ "refunds": "succeed", "past_due_grace_days": 3 })).await;
    world.post("/refunds", json!({ "payment_id": payment })).await;

    let mut cart = licence_cart();
    cart["product_cart"] =
        json!([{ "product_id": PRO, "quantity": 1, "addons": [{ "addon_id": SEAT, "quantity": 2 }] }]);
    let session = world.session(cart).await;
    world.pay(&session, "4000000000000341").await;
    let id = world.get("/subscriptions").await["items"][0]["subscription_id"].as_str().unwrap().to_owned();
    world.days(40).await;
    world.control(&format!("subscriptions/{id}/mend"), json!({ "card": PAYS })).await;
    let plan = json!({
        "product_id": PRO, "quantity": 2, "proration_billing_mode": "do_not_bill",
        "addons": [{ "addon_id": SEAT, "quantity": 1 }],
    });
    world.post(&format!("/subscriptions/{id}/change-plan"), plan).await;
    for status in ["paused", "active", "cancelled"] {
        world.send(Method::PATCH, &format!("/subscriptions/{id}"), Some(json!({ "status": status }))).await;
    }
    let other = world.subscribed(PRO, PAYS).await;
    world.control(&format!("subscriptions/{other}/expire"), json!({})).await;
    world
}

#[tokio::test]
async fn every_later_event_has_the_providers_shape() {
    let world = lived().await;
    let told = world.told();
    let mut seen = BTreeSet::new();
    for hook in world.webhooks(told).await {
        let name = hook.body["type"].as_str().unwrap().to_owned();
        // No body of it was recorded; it is a subscription as the others are.
        let known = name.replace("unpaused", "paused");
        if name.starts_with("payment.") {
            continue;
        }
        let mut theirs = fixture(&format!("webhook.{known}"));
        if name.starts_with("subscription.") {
            theirs["data"]["credit_entitlement_cart"] = json!([]);
            theirs["data"]["addons"] = json!([{ "addon_id": SEAT, "quantity": 1 }]);
        }
        same_shape(&hook.body, &theirs, &name);
        seen.insert(name);
    }
    let subscription = [
        "active",
        "cancelled",
        "expired",
        "on_hold",
        "past_due",
        "paused",
        "plan_changed",
        "renewed",
        "unpaused",
        "update_payment_method",
        "updated",
    ];
    let mut all: BTreeSet<_> = subscription.iter().map(|kind| format!("subscription.{kind}")).collect();
    let others = ["dispute.opened", "dunning.recovered", "dunning.started", "refund.failed", "refund.succeeded"];
    all.extend(others.map(str::to_owned));
    assert_eq!(seen, all);
}

#[tokio::test]
async fn every_later_answer_has_the_providers_shape() {
    let world = lived().await;
    let refunds = world.get("/refunds").await;
    same_shape(&refunds, &fixture("resp.refunds.list"), "refunds");
    let refund = refunds["items"][0]["refund_id"].as_str().unwrap();
    same_shape(&world.get(&format!("/refunds/{refund}")).await, &fixture("resp.refunds.create"), "refund");
    let disputes = world.get("/disputes").await;
    let dispute = disputes["items"][0]["dispute_id"].as_str().unwrap();
    same_shape(&world.get(&format!("/disputes/{dispute}")).await, &fixture("resp.disputes.get"), "dispute");

    let id = world.subscribed(PRO, PAYS).await;
    let path = format!("/subscriptions/{id}/update-payment-method");
    let (_, link) = world.post(&path, fixture_body("new")).await;
    same_shape(&link, &fixture("resp.subscriptions.update_payment_method"), "link");
    let plan = json!({ "product_id": PRO, "quantity": 2, "proration_billing_mode": "full_immediately" });
    let (_, changed) = world.post(&format!("/subscriptions/{id}/change-plan"), plan).await;
    same_shape(&changed, &fixture("resp.subscriptions.change_plan"), "change");
}

/// As the provider's documentation writes it.
fn fixture_body(kind: &str) -> Value {
    json!({ "return_url": "https://shop.example.com/billing", "type": kind })
}

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let world = lived().await;
    let count = async |path: &str| world.get(path).await["items"].as_array().unwrap().len();
    assert_eq!(count("/subscriptions").await, 2);
    assert_eq!(count("/subscriptions?page_size=1&page_number=1").await, 1);
    assert_eq!(count("/subscriptions?page_size=1&page_number=2").await, 0);
    assert_eq!(count("/subscriptions?status=expired").await, 1);
    assert_eq!(count("/subscriptions?created_at_gte=2100-01-01T00:00:00Z").await, 0);
    assert_eq!(count("/payments?status=failed").await, 1);
    assert_eq!(count("/refunds?status=succeeded").await, 1);
    assert_eq!(count("/refunds?customer_id=cus_nobody").await, 0);
    assert_eq!(count("/disputes?created_at_lte=2100-01-01T00:00:00Z").await, 1);
    let (status, _) = world.send(Method::GET, "/disputes?created_at_gte=soon", None).await;
    assert_eq!(status, 422);
}
