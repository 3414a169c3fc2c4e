//! From a session to signed webhooks.

use super::*;

#[tokio::test]
async fn a_paid_session_sends_a_signed_webhook() {
    let world = World::new().await;
    let session = world.licence().await;
    let (status, paid) = world.pay(&session, PAYS).await;
    assert_eq!((status, paid["status"].as_str()), (200, Some("succeeded")), "{paid}");

    let received = world.webhooks(1).await.remove(0);
    assert_eq!(received.body["type"], "payment.succeeded");
    let data = &received.body["data"];
    assert_eq!(data["payload_type"], "Payment");
    assert_eq!(data["payment_id"], paid["payment_id"]);
    assert_eq!(data["checkout_session_id"], session.as_str());
    assert_eq!(data["metadata"], json!({ "intent_id": "int_7f3a9c" }));
    assert_eq!([&data["total_amount"], &data["tax"], &data["currency"]], [&json!(6_125), &json!(1_225), &json!("USD")]);

    let shown = world.get(&format!("/checkouts/{session}")).await;
    assert_eq!(shown["payment_status"], "succeeded");
    assert_eq!(shown["customer_email"], "mara@example.com");
    let delivery = world.delivery(|row| row["status"] == "delivered").await;
    assert_eq!(delivery["attempts"][0]["status_code"], 200);
}

#[tokio::test]
async fn a_declined_card_leaves_the_session_open_for_another() {
    let world = World::new().await;
    let session = world.licence().await;
    let (_, declined) = world.pay(&session, DECLINES).await;
    assert_eq!(declined["status"], "failed");
    assert_eq!(world.get(&format!("/checkouts/{session}")).await["payment_status"], "failed");
    let (_, paid) = world.pay(&session, PAYS).await;
    assert_eq!(paid["status"], "succeeded");
    assert_ne!(paid["payment_id"], declined["payment_id"]);

    let list = world.get("/payments").await;
    let statuses: Vec<_> = list["items"].as_array().unwrap().iter().map(|row| row["status"].clone()).collect();
    assert_eq!(statuses, ["succeeded", "failed"], "newest first");
    let failed = world.get(&format!("/payments/{}", declined["payment_id"].as_str().unwrap())).await;
    assert_eq!([&failed["error_code"], &failed["card_last_four"]], ["GENERIC_DECLINE", "0002"]);
    let mut types: Vec<_> = world.webhooks(2).await.into_iter().map(|hook| hook.body["type"].clone()).collect();
    types.sort_by_key(ToString::to_string);
    assert_eq!(types, ["payment.failed", "payment.succeeded"]);
}

#[tokio::test]
async fn a_session_is_paid_once() {
    let world = World::new().await;
    let session = world.licence().await;
    world.pay(&session, PAYS).await;
    let (status, refused) = world.pay(&session, PAYS).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("CHECKOUT_SESSION_CONSUMED")));
}

#[tokio::test]
async fn a_challenge_waits_for_its_answer() {
    let world = World::new().await;
    let session = world.licence().await;
    let (_, waiting) = world.pay(&session, CHALLENGES).await;
    assert_eq!(waiting["status"], "requires_customer_action");
    let (status, refused) = world.pay(&session, PAYS).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("PREVIOUS_PAYMENT_PENDING")));
    assert!(world.sandbox.state_json()["deliveries"].as_array().unwrap().is_empty(), "nobody is told of the wait");

    let path = format!("/control/payments/{}/settle", waiting["payment_id"].as_str().unwrap());
    let (_, settled) = world.post(&path, json!({ "outcome": "succeed" })).await;
    assert_eq!(settled["status"], "succeeded");
    let hook = world.webhooks(1).await.remove(0);
    assert_eq!(hook.body["data"]["three_ds_flow"], "challenge");
}

#[tokio::test]
async fn a_challenge_can_be_answered_in_the_same_breath() {
    let world = World::new().await;
    let session = world.licence().await;
    let path = format!("/control/sessions/{session}/pay");
    let (_, failed) = world.post(&path, json!({ "card": CHALLENGES, "three_ds": "fail" })).await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(world.webhooks(1).await[0].body["data"]["error_code"], "AUTHENTICATION_FAILURE");
    let (_, paid) = world.post(&path, json!({ "card": CHALLENGES, "three_ds": "approve" })).await;
    assert_eq!(paid["status"], "succeeded");
}

#[tokio::test]
async fn a_paid_subscription_is_there_and_is_told() {
    let world = World::new().await;
    let cart = json!({
        "product_cart": [{
            "product_id": PRO, "quantity": 1, "addons": [{ "addon_id": SEAT, "quantity": 2 }],
        }],
        "customer": { "email": "mara@example.com" },
        "billing_address": { "country": "SE" },
        "metadata": { "intent_id": "int_1" },
    });
    let session = world.session(cart).await;
    let (_, paid) = world.pay(&session, PAYS).await;
    let payment = world.get(&format!("/payments/{}", paid["payment_id"].as_str().unwrap())).await;
    assert_eq!([&payment["total_amount"], &payment["tax"]], [3_900, 780]);
    assert_eq!(payment["product_cart"], Value::Null);
    let id = payment["subscription_id"].as_str().unwrap();
    let subscription = world.get(&format!("/subscriptions/{id}")).await;
    assert_eq!(subscription["status"], "active");
    assert_eq!(subscription["metadata"], json!({ "intent_id": "int_1" }));
    assert_eq!(subscription["recurring_pre_tax_amount"], 2_900);
    assert_eq!(subscription["payment_frequency_interval"], "Month");
    assert_eq!(payment["service_periods"][0]["ends_at"], subscription["next_billing_date"]);

    let hooks = world.webhooks(3).await;
    let renewed = hooks.iter().find(|hook| hook.body["type"] == "subscription.renewed").unwrap();
    assert_eq!(renewed.body["data"]["payment_id"], payment["payment_id"]);
    let active = hooks.iter().find(|hook| hook.body["type"] == "subscription.active").unwrap();
    assert_eq!(active.body["data"]["payload_type"], "Subscription");
    assert_eq!(active.body["data"]["payment_id"], Value::Null);
    assert_eq!(world.get("/subscriptions?status=active").await["items"].as_array().unwrap().len(), 1);
    assert_eq!(world.get("/subscriptions?status=paused").await["items"], json!([]));
}

#[tokio::test]
async fn a_buyer_who_comes_back_is_the_same_customer() {
    let world = World::new().await;
    for _ in 0..2 {
        let session = world.licence().await;
        world.pay(&session, PAYS).await;
    }
    let customers = world.get("/customers?email=mara@example.com").await;
    assert_eq!(customers["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_session_expires_after_a_day() {
    let world = World::new().await;
    let session = world.licence().await;
    world.advance(24 * 60 * 60).await;
    let (status, refused) = world.pay(&session, PAYS).await;
    assert_eq!((status, refused["message"].as_str()), (410, Some("The session has expired")));
}
