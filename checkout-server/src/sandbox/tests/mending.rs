//! A new card for a subscription.

use super::*;

const LATER_DECLINED: &str = "4000000000000341";

async fn on_hold(world: &World) -> String {
    let id = world.subscribed(PRO, LATER_DECLINED).await;
    world.days(32).await;
    assert_eq!(world.subscription(&id).await["status"], "on_hold");
    id
}

async fn link(world: &World, id: &str) -> Value {
    let body = json!({ "type": "new", "return_url": "https://shop.example.com/billing" });
    let (status, answer) = world.post(&format!("/subscriptions/{id}/update-payment-method"), body).await;
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn enter(world: &World, link: &Value, card: &str) -> reqwest::Response {
    let path = link["payment_link"].as_str().unwrap().strip_prefix(&world.base).unwrap();
    let form = format!("card={card}&expiry=12%2F34&cvc=123");
    let request = world.request(Method::POST, &format!("{path}/pay"));
    request.header("content-type", "application/x-www-form-urlencoded").body(form).send().await.unwrap()
}

#[tokio::test]
async fn a_new_card_on_the_page_pays_what_is_owed() {
    let world = World::new().await;
    let id = on_hold(&world).await;
    let link = link(&world, &id).await;
    let payment_id = link["payment_id"].as_str().unwrap();
    assert!(link["client_secret"].as_str().unwrap().starts_with(payment_id));
    let path = link["payment_link"].as_str().unwrap().strip_prefix(&world.base).unwrap();
    let page = world.request(Method::GET, path).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Pay $29.00") && page.contains("mara@example.com"), "{page}");

    let told = world.told();
    let declined = enter(&world, &link, DECLINES).await;
    assert_eq!(declined.status(), 303, "back to the page");
    assert_eq!(world.told_since(told), ["payment.failed"]);
    let told = world.told();
    let paid = enter(&world, &link, PAYS).await;
    assert!(paid.headers()["location"].to_str().unwrap().starts_with("https://shop.example.com/billing?"));
    assert_eq!(
        world.told_since(told),
        [
            "subscription.update_payment_method",
            "subscription.active",
            "subscription.renewed",
            "payment.succeeded",
            "dunning.recovered"
        ]
    );
    let rows = world.payments_of(&id).await;
    let last = world.payment(rows.last().unwrap()["payment_id"].as_str().unwrap()).await;
    assert_eq!([&last["total_amount"], &last["charge_type"]], [&json!(2_900), &json!("renewal")]);
    assert_eq!([&last["is_update_payment_method"], &last["checkout_session_id"]], [&json!(false), &Value::Null]);
    let subscription = world.subscription(&id).await;
    assert_eq!(
        [&subscription["status"], &subscription["payment_method_id"]],
        [&json!("active"), &last["payment_method_id"]]
    );
    world.days(31).await;
    assert_eq!(world.payments_of(&id).await.last().unwrap()["card_last_four"], "4242", "the new card renews");
}

#[tokio::test]
async fn with_nothing_owed_the_card_is_put_on_file() {
    let world = World::new().await;
    let id = world.subscribed(PRO, LATER_DECLINED).await;
    let before = world.subscription(&id).await;
    let link = link(&world, &id).await;
    let path = link["payment_link"].as_str().unwrap().strip_prefix(&world.base).unwrap();
    let page = world.request(Method::GET, path).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("Save the card"), "{page}");
    let told = world.told();
    enter(&world, &link, PAYS).await;
    assert_eq!(world.told_since(told), ["subscription.update_payment_method", "payment.succeeded"]);
    let payment = world.payment(link["payment_id"].as_str().unwrap()).await;
    assert_eq!([&payment["is_update_payment_method"], &payment["total_amount"]], [&json!(true), &json!(0)]);
    assert_eq!(payment["service_periods"], json!([]));
    let after = world.subscription(&id).await;
    assert_eq!(after["next_billing_date"], before["next_billing_date"]);
    world.days(32).await;
    assert_eq!(world.subscription(&id).await["status"], "active");
}

#[tokio::test]
async fn what_was_paid_meanwhile_is_not_charged_again() {
    let world = World::new().await;
    let id = on_hold(&world).await;
    let link = link(&world, &id).await;
    let (status, mended) = world.post(&format!("/control/subscriptions/{id}/mend"), json!({ "card": PAYS })).await;
    assert_eq!((status, mended["status"].as_str()), (200, Some("succeeded")), "{mended}");
    enter(&world, &link, PAYS).await;
    let payment = world.payment(link["payment_id"].as_str().unwrap()).await;
    assert_eq!([&payment["total_amount"], &payment["is_update_payment_method"]], [&json!(0), &json!(true)]);
}

#[tokio::test]
async fn a_card_on_file_can_be_taken() {
    let world = World::new().await;
    let id = on_hold(&world).await;
    world.licence().await;
    let licence = world.licence().await;
    let (_, paid) = world.pay(&licence, PAYS).await;
    let card = world.payment(paid["payment_id"].as_str().unwrap()).await["payment_method_id"].clone();
    let path = format!("/subscriptions/{id}/update-payment-method");
    let (status, answer) = world.post(&path, json!({ "type": "existing", "payment_method_id": card })).await;
    assert_eq!((status, &answer["payment_link"]), (200, &Value::Null), "{answer}");
    let subscription = world.subscription(&id).await;
    assert_eq!([&subscription["status"], &subscription["payment_method_id"]], [&json!("active"), &card]);
    let (status, refused) = world.post(&path, json!({ "type": "existing", "payment_method_id": "pm_x" })).await;
    assert_eq!((status, refused["code"].as_str()), (404, Some("NOT_FOUND")));
    let (status, _) = world.post(&path, json!({ "type": "third" })).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn a_challenge_on_the_page_is_answered_there() {
    let world = World::new().await;
    let id = on_hold(&world).await;
    let link = link(&world, &id).await;
    enter(&world, &link, CHALLENGES).await;
    assert_eq!(world.subscription(&id).await["status"], "on_hold");
    let path = link["payment_link"].as_str().unwrap().strip_prefix(&world.base).unwrap();
    let request = world.request(Method::POST, &format!("{path}/challenge"));
    let request = request.header("content-type", "application/x-www-form-urlencoded").body("decision=approve");
    request.send().await.unwrap();
    assert_eq!(world.subscription(&id).await["status"], "active");
}

#[tokio::test]
async fn what_is_paid_late_begins_anew_when_its_period_is_over() {
    let world = World::new().await;
    let id = on_hold(&world).await;
    world.days(90).await;
    world.control(&format!("subscriptions/{id}/mend"), json!({ "card": PAYS })).await;
    let rows = world.payments_of(&id).await;
    let last = rows.last().unwrap();
    assert_eq!(last["service_periods"][0]["starts_at"], world.subscription(&id).await["previous_billing_date"]);
    assert!(last["service_periods"][0]["ends_at"].as_str() > last["created_at"].as_str());
}
