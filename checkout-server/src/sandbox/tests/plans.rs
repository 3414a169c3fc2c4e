//! Changes of plan. PRO costs 29.00 USD with tax, METERED 10.00 and TRIAL 29.00 without.

use super::*;

async fn change(world: &World, id: &str, mode: &str, extra: Value) -> (u16, Value) {
    let mut body = json!({ "product_id": PRO, "quantity": 3, "proration_billing_mode": mode });
    for (name, value) in extra.as_object().unwrap() {
        body[name] = value.clone();
    }
    world.post(&format!("/subscriptions/{id}/change-plan"), body).await
}

#[tokio::test]
async fn a_change_is_billed_as_its_mode_says() {
    for (mode, total) in
        [("do_not_bill", None), ("full_immediately", Some(8_700)), ("difference_immediately", Some(5_800))]
    {
        let world = World::new().await;
        let id = world.subscribed(PRO, PAYS).await;
        let before = world.subscription(&id).await;
        let told = world.told();
        world.days(1).await;
        let (status, answer) = change(&world, &id, mode, json!({})).await;
        assert_eq!(status, 200, "{answer}");
        let after = world.subscription(&id).await;
        assert_eq!([&after["quantity"], &after["recurring_pre_tax_amount"]], [3, 8_700]);
        let events = world.told_since(told);
        assert_eq!(events.iter().filter(|kind| *kind == "subscription.plan_changed").count(), 1, "{mode}");
        let restarts = mode == "full_immediately";
        assert_eq!(after["next_billing_date"] != before["next_billing_date"], restarts, "{mode}");
        match total {
            None => assert_eq!((answer["payment_id"].is_null(), events.len()), (true, 1)),
            Some(total) => {
                let payment = world.payment(answer["payment_id"].as_str().unwrap()).await;
                assert_eq!([&payment["total_amount"], &payment["charge_type"]], [&json!(total), &json!("plan_change")]);
                assert_eq!(payment["tax"], total / 5);
                assert_eq!(payment["service_periods"][0]["ends_at"], after["next_billing_date"]);
                assert_eq!(payment["service_periods"][0]["proration_factor"], "1");
            }
        }
    }
}

#[tokio::test]
async fn what_is_left_of_the_period_is_what_is_billed() {
    let world = World::new().await;
    let id = world.subscribed(PRO, PAYS).await;
    let day = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let before = world.subscription(&id).await;
    let (start, end) = (day(&before["previous_billing_date"]), day(&before["next_billing_date"]));
    world.advance(u64::try_from(end.duration_since(start).as_secs()).unwrap() / 2).await;
    let (_, answer) =
        change(&world, &id, "prorated_immediately", json!({ "addons": [{ "addon_id": SEAT, "quantity": 2 }] })).await;
    let payment = world.payment(answer["payment_id"].as_str().unwrap()).await;
    assert_eq!(payment["total_amount"], (8_700 + 1_000 - 2_900) / 2);
    assert_eq!(payment["service_periods"][0]["proration_factor"], "0.5");
    let after = world.subscription(&id).await;
    assert_eq!(after["next_billing_date"], before["next_billing_date"]);
    assert_eq!(after["addons"], json!([{ "addon_id": SEAT, "quantity": 2 }]));
    world.days(17).await;
    assert_eq!(world.payments_of(&id).await.last().unwrap()["total_amount"], 9_700);
}

#[tokio::test]
async fn a_scheduled_change_begins_with_the_next_period() {
    let world = World::new().await;
    let id = world.subscribed(PRO, PAYS).await;
    let later = json!({ "effective_at": "next_billing_date", "product_id": TRIAL, "quantity": 1 });
    let (status, _) = change(&world, &id, "do_not_bill", later.clone()).await;
    assert_eq!(status, 422, "goes with full_immediately");
    let (status, answer) = change(&world, &id, "full_immediately", later.clone()).await;
    assert_eq!((status, &answer["payment_id"]), (200, &Value::Null), "{answer}");
    assert_eq!(world.subscription(&id).await["scheduled_change"]["product_id"], TRIAL);
    let (_, refused) = change(&world, &id, "full_immediately", later.clone()).await;
    assert_eq!(refused["code"], "SCHEDULED_PLAN_CHANGE_EXISTS");
    let path = format!("/subscriptions/{id}/change-plan/scheduled");
    let (status, shown) = world.send(Method::DELETE, &path, None).await;
    assert_eq!((status, &shown["scheduled_change"]), (200, &Value::Null));
    change(&world, &id, "full_immediately", later).await;
    let told = world.told();
    world.days(32).await;
    assert_eq!(world.told_since(told), ["subscription.plan_changed", "subscription.renewed", "payment.succeeded"]);
    let after = world.subscription(&id).await;
    assert_eq!([&after["product_id"], &after["scheduled_change"]], [&json!(TRIAL), &Value::Null]);
    assert_eq!(world.payments_of(&id).await.last().unwrap()["total_amount"], 3_625);
}

#[tokio::test]
async fn a_change_whose_charge_fails_is_prevented_or_owed() {
    let world = World::new().await;
    let id = world.subscribed(PRO, PAYS).await;
    world.scenario(json!({ "next_renewals": "decline" })).await;
    let told = world.told();
    change(&world, &id, "full_immediately", json!({ "on_payment_failure": "prevent_change" })).await;
    assert_eq!(world.told_since(told), ["payment.failed"]);
    assert_eq!(world.subscription(&id).await["quantity"], 1);
    change(&world, &id, "full_immediately", json!({})).await;
    let after = world.subscription(&id).await;
    assert_eq!([&after["quantity"], &after["status"]], [&json!(3), &json!("on_hold")]);
    let (_, refused) = change(&world, &id, "do_not_bill", json!({})).await;
    assert_eq!(refused["code"], "INACTIVE_SUBSCRIPTION_PLAN_CHANGE_NOT_SUPPORTED");
    world.scenario(json!({ "next_renewals": null })).await;
    world.control(&format!("subscriptions/{id}/mend"), json!({ "card": PAYS })).await;
    assert_eq!(world.payments_of(&id).await.last().unwrap()["total_amount"], 8_700);
    assert_eq!(world.subscription(&id).await["status"], "active");
}

#[tokio::test]
async fn a_subscription_on_demand_is_charged_when_the_merchant_says_so() {
    let world = World::new().await;
    let mut cart = licence_cart();
    cart["product_cart"] = json!([{ "product_id": PRO, "quantity": 1 }]);
    cart["subscription_data"] = json!({ "on_demand": { "mandate_only": true } });
    let session = world.session(cart).await;
    let (_, paid) = world.pay(&session, PAYS).await;
    let payment = world.payment(paid["payment_id"].as_str().unwrap()).await;
    assert_eq!([&payment["total_amount"], &payment["service_periods"]], [&json!(0), &json!([])]);
    let id = payment["subscription_id"].as_str().unwrap();
    world.days(60).await;
    assert_eq!(world.payments_of(id).await.len(), 1, "not by itself");
    let body = json!({ "product_price": 1_250, "product_currency": "USD", "metadata": { "for": "November" } });
    let (status, charged) = world.post(&format!("/subscriptions/{id}/charge"), body.clone()).await;
    assert_eq!(status, 200, "{charged}");
    let payment = world.payment(charged["payment_id"].as_str().unwrap()).await;
    assert_eq!([&payment["total_amount"], &payment["charge_type"]], [&json!(1_250), &json!("on_demand")]);
    assert_eq!(payment["metadata"], json!({ "for": "November" }));

    let other = world.subscribed(PRO, PAYS).await;
    let (_, refused) = world.post(&format!("/subscriptions/{other}/charge"), body).await;
    assert_eq!(refused["code"], "SUBSCRIPTION_NOT_ON_DEMAND");
}
