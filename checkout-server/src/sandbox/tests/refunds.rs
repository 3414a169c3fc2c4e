//! Refunds: whole, by line, refused, failed, and lost on the way.

use super::*;

async fn bought(world: &World) -> String {
    let session = world.licence().await;
    let (_, paid) = world.pay(&session, PAYS).await;
    paid["payment_id"].as_str().unwrap().to_owned()
}

async fn refused(world: &World, body: Value) -> String {
    let (status, answer) = world.post("/refunds", body).await;
    assert!(status >= 400, "{answer}");
    answer["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn all_of_a_payment_goes_back_once() {
    let world = World::new().await;
    let payment = bought(&world).await;
    let body = json!({ "payment_id": payment, "reason": "Bought twice", "metadata": { "intent": "int_9" } });
    let (status, refund) = world.post("/refunds", body.clone()).await;
    assert_eq!((status, &refund["status"]), (200, &json!("pending")), "{refund}");
    assert_eq!([&refund["amount"], &refund["is_partial"]], [&json!(6_125), &json!(false)]);
    let shown = world.get(&format!("/refunds/{}", refund["refund_id"].as_str().unwrap())).await;
    assert_eq!([&shown["status"], &shown["metadata"]], [&json!("succeeded"), &json!({ "intent": "int_9" })]);
    let hook = world.webhooks(2).await.remove(1);
    assert_eq!([&hook.body["type"], &hook.body["data"]["payload_type"]], ["refund.succeeded", "Refund"]);
    assert_eq!(hook.body["data"]["metadata"], json!({ "intent": "int_9" }));
    let paid = world.payment(&payment).await;
    assert_eq!([&paid["refund_status"], &paid["refunds"][0]["refund_id"]], [&json!("full"), &refund["refund_id"]]);
    assert_eq!(refused(&world, body).await, "PAYMENT_ALREADY_REFUNDED");
}

#[tokio::test]
async fn parts_of_a_line_go_back_until_it_is_used_up() {
    let world = World::new().await;
    let payment = bought(&world).await;
    let items = world.get(&format!("/payments/{payment}/line-items")).await;
    let item = items["items"][0]["items_id"].as_str().unwrap();
    let part = |amount: i64| json!({ "payment_id": payment, "items": [{ "item_id": item, "amount": amount, "tax_inclusive": true }] });
    let (_, refund) = world.post("/refunds", part(2_000)).await;
    assert_eq!([&refund["amount"], &refund["is_partial"]], [&json!(2_000), &json!(true)]);
    assert_eq!(world.payment(&payment).await["refund_status"], "partial");
    let items = world.get(&format!("/payments/{payment}/line-items")).await;
    assert_eq!(items["items"][0]["refundable_amount"], 3_300, "without tax");
    assert_eq!(refused(&world, part(5_000)).await, "LINE_ITEM_REFUND_AMOUNT_TOO_HIGH");
    assert_eq!(refused(&world, part(7_000)).await, "REFUND_AMOUNT_EXCEEDS_PAID_AMOUNT");
    assert_eq!(refused(&world, part(0)).await, "LINE_ITEM_REFUND_AMOUNT_TOO_LOW");
    let other = json!({ "payment_id": payment, "items": [{ "item_id": "itm_other" }] });
    assert_eq!(refused(&world, other).await, "LINE_ITEM_NOT_FOUND");
    let (_, rest) = world.post("/refunds", json!({ "payment_id": payment })).await;
    assert_eq!([&rest["amount"], &rest["is_partial"]], [&json!(4_125), &json!(true)], "of that refund");
    assert_eq!(world.payment(&payment).await["refund_status"], "full");
}

#[tokio::test]
async fn what_was_not_paid_does_not_go_back() {
    let world = World::new().await;
    let session = world.licence().await;
    let (_, declined) = world.pay(&session, DECLINES).await;
    assert_eq!(refused(&world, json!({ "payment_id": declined["payment_id"] })).await, "PAYMENT_NOT_SUCCEEDED");
    let trial = world.subscribed(TRIAL, PAYS).await;
    let free = &world.payments_of(&trial).await[0]["payment_id"];
    assert_eq!(refused(&world, json!({ "payment_id": free })).await, "ZERO_AMOUNT_PAYMENT_REFUND_NOT_ALLOWED");
    assert_eq!(refused(&world, json!({ "payment_id": "pay_nobody" })).await, "NOT_FOUND");
    assert_eq!(refused(&world, json!({})).await, "INVALID_REQUEST_BODY");
}

#[tokio::test]
async fn a_refund_that_fails_can_be_made_again() {
    let world = World::new().await;
    let payment = bought(&world).await;
    world.scenario(json!({ "refunds": "fail" })).await;
    let (_, refund) = world.post("/refunds", json!({ "payment_id": payment })).await;
    let shown = world.get(&format!("/refunds/{}", refund["refund_id"].as_str().unwrap())).await;
    assert_eq!(shown["status"], "failed");
    assert_eq!(world.webhooks(2).await[1].body["type"], "refund.failed");
    assert_eq!(world.payment(&payment).await["refund_status"], Value::Null);
    world.scenario(json!({ "refunds": "pending" })).await;
    let (_, open) = world.post("/refunds", json!({ "payment_id": payment })).await;
    assert_eq!(refused(&world, json!({ "payment_id": payment })).await, "EXISTING_REFUND_REQUEST_PROCESSING");
    let path = format!("refunds/{}/settle", open["refund_id"].as_str().unwrap());
    assert_eq!(world.control(&path, json!({ "outcome": "succeed" })).await["status"], "succeeded");
    assert_eq!(world.payment(&payment).await["refund_status"], "full");
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_found_again() {
    let world = World::new().await;
    let payment = bought(&world).await;
    world.scenario(json!({ "outage": "drop_reply", "outage_count": 1, "outage_route": "POST /refunds" })).await;
    let body = json!({ "payment_id": payment, "metadata": { "intent": "int_9" } });
    let unanswered = world.request(Method::POST, "/refunds").bearer_auth(API_KEY).json(&body).send().await;
    assert!(unanswered.is_err());
    let list = world.get("/refunds?created_at_gte=2020-01-01T00:00:00Z").await;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    assert_eq!(list["items"][0]["metadata"], Value::Null, "a row has none");
    let id = list["items"][0]["refund_id"].as_str().unwrap();
    assert_eq!(world.get(&format!("/refunds/{id}")).await["metadata"], json!({ "intent": "int_9" }));
    assert_eq!(world.get("/refunds?status=failed").await["items"], json!([]));
    assert_eq!(world.get("/refunds?created_at_lte=2020-01-01T00:00:00Z").await["items"], json!([]));
}
