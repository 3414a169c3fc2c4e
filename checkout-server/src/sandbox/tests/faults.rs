//! What goes wrong on demand: webhooks that are late, doubled, lost or out of order, outages,
//! limits, changed prices.

use super::*;

fn types(received: &[Received]) -> Vec<&str> {
    received.iter().map(|hook| hook.body["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_delivery_is_tried_again_on_the_documented_schedule() {
    let world = World::new().await;
    *world.receiver.answers.lock().unwrap() = vec![500; 8];
    let session = world.licence().await;
    world.pay(&session, PAYS).await;
    for (attempt, wait) in [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000].into_iter().enumerate() {
        let tried = |row: &Value| row["attempts"].as_array().unwrap().len() == attempt + 1;
        let delivery = world.delivery(tried).await;
        assert_eq!(delivery["status"], "pending");
        world.advance(wait - 1).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(world.receiver.received.lock().unwrap().len(), attempt + 1, "not before its time");
        world.advance(2).await;
    }
    let delivery = world.delivery(|row| row["status"] == "failed").await;
    assert_eq!(delivery["attempts"].as_array().unwrap().len(), 8);
    let received = world.webhooks(8).await;
    assert!(received.iter().all(|hook| hook.id == received[0].id), "one id for all");

    // From the dashboard it can be sent once more.
    let path = format!("/control/deliveries/{}/redeliver", received[0].id);
    assert_eq!(world.post(&path, json!({})).await.0, 202);
    assert_eq!(world.webhooks(9).await[8].id, received[0].id);
    world.delivery(|row| row["status"] == "delivered").await;
}

#[tokio::test]
async fn a_redirect_does_not_count_as_an_answer() {
    let world = World::new().await;
    *world.receiver.answers.lock().unwrap() = vec![302];
    let session = world.licence().await;
    world.pay(&session, PAYS).await;
    let delivery = world.delivery(|row| !row["attempts"].as_array().unwrap().is_empty()).await;
    assert_eq!([&delivery["status"], &delivery["attempts"][0]["status_code"]], [&json!("pending"), &json!(302)]);
}

#[tokio::test]
async fn a_repeat_holds_the_newest_state() {
    let world = World::new().await;
    *world.receiver.answers.lock().unwrap() = vec![500];
    let session = world.licence().await;
    world.scenario(json!({ "next_payment": "processing" })).await;
    let (_, paid) = world.pay(&session, PAYS).await;
    assert_eq!(paid["status"], "processing");
    world.webhooks(1).await;
    let path = format!("/control/payments/{}/settle", paid["payment_id"].as_str().unwrap());
    world.post(&path, json!({ "outcome": "succeed" })).await;
    world.webhooks(2).await;
    world.delivery(|row| row["type"] == "payment.processing" && row["next_attempt_at"].is_string()).await;
    world.advance(6).await;
    let received = world.webhooks(3).await;
    assert_eq!(received[2].body["type"], "payment.processing", "what happened");
    assert_eq!(received[2].body["data"]["status"], "succeeded", "what is");
}

#[tokio::test]
async fn a_slow_receiver_does_not_hold_up_the_next_delivery() {
    let world = World::new().await;
    *world.receiver.delay.lock().unwrap() = Some(Duration::from_secs(3));
    let first = world.licence().await;
    world.pay(&first, PAYS).await;
    world.delivery(|row| row["body"].is_string()).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let second = world.licence().await;
    world.pay(&second, PAYS).await;
    let received = world.webhooks(1).await;
    assert_eq!(received[0].body["data"]["checkout_session_id"], second.as_str());
}

#[tokio::test]
async fn webhooks_come_late_twice_never_or_in_another_order() {
    let world = World::new().await;
    let pay = async || {
        let session = world.licence().await;
        world.pay(&session, PAYS).await;
    };
    world.scenario(json!({ "webhooks": { "mode": "slow", "delay_seconds": 40 } })).await;
    pay().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(world.receiver.received.lock().unwrap().is_empty());
    world.advance(41).await;
    world.webhooks(1).await;

    world.scenario(json!({ "webhooks": { "mode": "twice" } })).await;
    pay().await;
    let received = world.webhooks(3).await;
    assert_eq!(received[1].id, received[2].id);

    world.scenario(json!({ "webhooks": { "mode": "never" } })).await;
    pay().await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(world.receiver.received.lock().unwrap().len(), 3);

    world.scenario(json!({ "webhooks": { "mode": "reordered" } })).await;
    let session = world.licence().await;
    world.pay(&session, DECLINES).await;
    world.pay(&session, PAYS).await;
    let (status, released) = world.post("/control/deliveries/release", json!({})).await;
    assert_eq!((status, &released["released"]), (202, &json!(3)), "with the one that never came");
    let received = world.webhooks(6).await;
    assert_eq!(types(&received[3..]), ["payment.succeeded", "payment.failed", "payment.succeeded"], "newest first");
}

#[tokio::test]
async fn any_event_can_be_sent() {
    let world = World::new().await;
    let event = json!({ "type": "dispute.opened", "data": { "payload_type": "Dispute", "amount": "4900" } });
    let (status, sent) = world.post("/control/webhooks/send", event).await;
    assert_eq!(status, 202);
    let received = world.webhooks(1).await.remove(0);
    assert_eq!(sent["webhook_id"], received.id.as_str());
    assert_eq!(received.body["data"], json!({ "payload_type": "Dispute", "amount": "4900" }));
}

#[tokio::test]
async fn an_outage_hits_so_many_requests() {
    let world = World::new().await;
    world.scenario(json!({ "outage": "error500", "outage_count": 2 })).await;
    for expected in [500, 500, 200] {
        let (status, _) = world.post("/checkouts", licence_cart()).await;
        assert_eq!(status, expected);
    }
    assert_eq!(world.sandbox.checkout_bodies().len(), 1);
}

#[tokio::test]
async fn a_dropped_reply_leaves_its_work_done() {
    let world = World::new().await;
    let send = async || {
        let request = world.request(Method::POST, "/checkouts").bearer_auth(API_KEY);
        request.json(&licence_cart()).send().await
    };
    world.scenario(json!({ "outage": "drop_reply", "outage_count": 1 })).await;
    assert!(send().await.is_err(), "no answer");
    assert_eq!(world.sandbox.checkout_bodies().len(), 1, "but a session");
    world.scenario(json!({ "outage": "refuse", "outage_count": 1 })).await;
    assert!(send().await.is_err());
    assert_eq!(world.sandbox.checkout_bodies().len(), 1, "and no other");
    assert!(send().await.is_ok(), "over by itself");
}

#[tokio::test]
async fn a_silent_provider_says_nothing() {
    let world = World::new().await;
    world.scenario(json!({ "outage": "timeout" })).await;
    let request = world.request(Method::GET, "/payments").bearer_auth(API_KEY);
    let answer = request.timeout(Duration::from_millis(100)).send().await;
    assert!(answer.unwrap_err().is_timeout());
    let (status, _) = world.send(Method::DELETE, "/control/scenario", None).await;
    assert_eq!(status, 200);
    world.get("/payments").await;
}

#[tokio::test]
async fn too_many_requests_are_refused_until_the_minute_is_over() {
    let world = World::new().await;
    world.scenario(json!({ "rate_limit": 2 })).await;
    let ask = async || world.request(Method::GET, "/payments").bearer_auth(API_KEY).send().await.unwrap();
    let first = ask().await;
    assert_eq!([&first.headers()["x-ratelimit-limit"], &first.headers()["x-ratelimit-remaining"]], ["2", "1"]);
    assert!(first.headers().contains_key("x-ratelimit-reset"));
    ask().await;
    let third = ask().await;
    assert_eq!(third.status(), 429);
    assert_eq!(third.json::<Value>().await.unwrap()["code"], "TOO_MANY_REQUESTS");
    world.advance(60).await;
    assert_eq!(ask().await.status(), 200);
}

#[tokio::test]
async fn a_changed_price_counts_from_now_on() {
    let world = World::new().await;
    let before = world.licence().await;
    world.scenario(json!({ "price_change": { "product_id": LICENCE, "price": 3_100 } })).await;
    let (_, preview) = world.post("/checkouts/preview", licence_cart()).await;
    assert_eq!(preview["total_price"], 3_875);
    let (_, paid) = world.pay(&before, PAYS).await;
    let payment = world.get(&format!("/payments/{}", paid["payment_id"].as_str().unwrap())).await;
    assert_eq!(payment["total_amount"], 6_125, "a session keeps its prices");
    world.send(Method::DELETE, "/control/scenario", None).await;
    let (_, preview) = world.post("/checkouts/preview", licence_cart()).await;
    assert_eq!(preview["total_price"], 6_125);
}

#[tokio::test]
async fn a_scenario_says_what_is_wrong_with_it() {
    let world = World::new().await;
    for (body, words) in [
        (json!({ "next_paymint": "decline" }), "unknown field `next_paymint`"),
        (json!({ "outage": "fire" }), "unknown variant `fire`"),
        (json!({ "webhooks": { "mode": "slow", "delay": 1 } }), "unknown field `delay`"),
        (json!({ "price_change": { "product_id": LICENCE, "price": -1 } }), "minor units"),
    ] {
        let (status, refused) = world.send(Method::PUT, "/control/scenario", Some(body)).await;
        assert_eq!(status, 422);
        let message = refused["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
    let scenario = world.get("/control/scenario").await;
    assert_eq!(scenario["webhooks"], json!({ "mode": "normal", "delay_seconds": 40 }));
    assert_eq!(scenario["outage"], "none");
}

#[tokio::test]
async fn the_next_payment_goes_as_the_scenario_says_and_the_one_after_as_the_card_says() {
    let world = World::new().await;
    world.scenario(json!({ "next_payment": "insufficient_funds" })).await;
    let session = world.licence().await;
    assert_eq!(world.pay(&session, PAYS).await.1["status"], "failed");
    assert_eq!(world.pay(&session, PAYS).await.1["status"], "succeeded");
}
