//! `PATCH /subscriptions/{id}`.

use super::*;

async fn patch(world: &World, id: &str, body: Value) -> (u16, Value) {
    world.send(Method::PATCH, &format!("/subscriptions/{id}"), Some(body)).await
}

async fn patched(world: &World, id: &str, body: Value) -> Value {
    let (status, answer) = patch(world, id, body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

#[tokio::test]
async fn a_cancellation_for_the_periods_end_comes_then() {
    let world = World::new().await;
    let id = world.subscribed(PRO, PAYS).await;
    let told = world.told();
    let body = json!({ "cancel_at_next_billing_date": true, "cancel_reason": "cancelled_by_customer", "cancellation_feedback": "unused" });
    let answer = patched(&world, &id, body).await;
    assert_eq!([&answer["status"], &answer["cancel_at_next_billing_date"]], [&json!("active"), &json!(true)]);
    assert_eq!([&answer["cancelled_at"], &answer["cancelled_by"]["actor_type"]], [&Value::Null, &json!("customer")]);
    assert_eq!(world.told_since(told), ["subscription.updated"]);
    world.days(32).await;
    assert_eq!(world.told_since(told + 1), ["subscription.cancelled"]);
    let after = world.subscription(&id).await;
    assert_eq!([&after["status"], &after["cancelled_at"]], [&json!("cancelled"), &after["next_billing_date"]]);
    assert_eq!(world.payments_of(&id).await.len(), 1, "not charged again");
}

#[tokio::test]
async fn a_cancellation_can_be_taken_back_and_can_be_at_once() {
    let world = World::new().await;
    let id = world.subscribed(PRO, PAYS).await;
    patched(&world, &id, json!({ "cancel_at_next_billing_date": true })).await;
    patched(&world, &id, json!({ "cancel_at_next_billing_date": false })).await;
    world.days(32).await;
    assert_eq!(world.payments_of(&id).await.len(), 2);
    let told = world.told();
    let answer = patched(&world, &id, json!({ "status": "cancelled", "cancellation_comment": "no need" })).await;
    assert_eq!([&answer["status"], &answer["cancellation_comment"]], ["cancelled", "no need"]);
    assert_eq!(world.told_since(told), ["subscription.cancelled", "subscription.updated"]);
    world.days(60).await;
    assert_eq!(world.payments_of(&id).await.len(), 2);
    let (status, refused) = patch(&world, &id, json!({ "cancel_at_next_billing_date": false })).await;
    assert_eq!((status, refused["code"].as_str()), (422, Some("SUBSCRIPTION_INACTIVE")));
}

#[tokio::test]
async fn a_pause_keeps_the_card_untouched_until_it_ends() {
    let world = World::new().await;
    let id = world.subscribed(PRO, PAYS).await;
    let (status, refused) = patch(&world, &id, json!({ "status": "paused", "metadata": {} })).await;
    assert_eq!((status, refused["code"].as_str()), (422, Some("INVALID_REQUEST_BODY")), "alone");
    let told = world.told();
    let answer = patched(&world, &id, json!({ "status": "paused" })).await;
    assert!(answer["paused_at"].is_string());
    assert_eq!(world.told_since(told), ["subscription.paused", "subscription.updated"]);
    world.days(60).await;
    assert_eq!(world.payments_of(&id).await.len(), 1);
    let answer = patched(&world, &id, json!({ "status": "active" })).await;
    assert_eq!([&answer["status"], &answer["paused_at"]], [&json!("active"), &Value::Null]);
    assert_eq!(
        world.told_since(told + 2),
        ["subscription.unpaused", "subscription.updated", "subscription.renewed", "payment.succeeded"]
    );
}

#[tokio::test]
async fn a_billing_day_of_now_forces_a_renewal() {
    let world = World::new().await;
    let id = world.subscribed(PRO, PAYS).await;
    let now = crate::clock::rfc3339(world.sandbox.now());
    let answer = patched(&world, &id, json!({ "next_billing_date": now, "metadata": { "plan": "pro" } })).await;
    let rows = world.payments_of(&id).await;
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[1]["service_periods"][0]["ends_at"], answer["next_billing_date"]);
    assert_eq!(rows[1]["metadata"], json!({ "plan": "pro" }));
}

#[tokio::test]
async fn a_subscription_expires() {
    let world = World::new().await;
    let id = world.subscribed(PRO, PAYS).await;
    let told = world.told();
    world.control(&format!("subscriptions/{id}/expire"), json!({})).await;
    assert_eq!(world.told_since(told), ["subscription.expired"]);
    let (_, refused) = patch(&world, &id, json!({ "status": "cancelled" })).await;
    assert_eq!(refused["code"], "SUBSCRIPTION_EXPIRED");
    world.days(40).await;
    assert_eq!(world.payments_of(&id).await.len(), 1);
}

#[tokio::test]
async fn nothing_is_owed_after_a_cancellation_on_hold() {
    let world = World::new().await;
    world.scenario(json!({ "next_renewals": "decline", "renewal_retry_days": 30 })).await;
    let id = world.subscribed(PRO, PAYS).await;
    world.days(31).await;
    assert_eq!(world.subscription(&id).await["status"], "on_hold");
    patched(&world, &id, json!({ "status": "cancelled" })).await;
    let payments = world.payments_of(&id).await.len();
    world.days(60).await;
    assert_eq!(world.payments_of(&id).await.len(), payments);
    let (status, refused) =
        world.post(&format!("/subscriptions/{id}/update-payment-method"), json!({ "type": "new" })).await;
    assert_eq!((status, refused["code"].as_str()), (422, Some("SUBSCRIPTION_INACTIVE")));
}
