//! Subscriptions as time passes: renewals, trials, charges that fail, retries.

use super::*;

const RENEWED: [&str; 2] = ["subscription.renewed", "payment.succeeded"];
const LATER_DECLINED: &str = "4000000000000341";

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn a_subscription_renews_when_its_day_comes() {
    let world = World::new().await;
    let id = world.subscribed(PRO, PAYS).await;
    let before = world.subscription(&id).await;
    let told = world.told();
    world.days(32).await;
    assert_eq!(world.told_since(told), RENEWED);

    let after = world.subscription(&id).await;
    assert_eq!(after["previous_billing_date"], before["next_billing_date"]);
    let rows = world.payments_of(&id).await;
    let renewal = world.payment(text(&rows[1]["payment_id"])).await;
    assert_eq!([&renewal["charge_type"], &renewal["status"]], ["renewal", "succeeded"]);
    assert_eq!(renewal["checkout_session_id"], Value::Null);
    assert_eq!(renewal["metadata"], json!({ "intent_id": "int_7f3a9c" }), "the order's, copied");
    assert_eq!(renewal["subscription_ids"], json!([id]));
    assert_eq!([&renewal["total_amount"], &renewal["tax"]], [2_900, 580]);
    assert_eq!(renewal["created_at"], before["next_billing_date"], "when it was due");
    assert_eq!(renewal["service_periods"][0]["starts_at"], before["next_billing_date"]);
    assert_eq!(renewal["service_periods"][0]["ends_at"], after["next_billing_date"]);

    let hooks = world.webhooks(told + 2).await;
    let renewed = hooks.iter().rfind(|hook| hook.body["type"] == "subscription.renewed").unwrap();
    assert_eq!(renewed.body["data"]["payment_id"], renewal["payment_id"]);
    assert_eq!(renewed.body["timestamp"], before["next_billing_date"]);
}

#[tokio::test]
async fn several_periods_make_several_renewals_each_told_in_its_time() {
    let world = World::new().await;
    let id = world.subscribed(PRO, PAYS).await;
    let told = world.told();
    world.days(365).await;
    assert_eq!(world.payments_of(&id).await.len(), 12 + 1);
    assert_eq!(world.told_since(told), RENEWED.repeat(12));
    let hooks = world.webhooks(told + 24).await;
    let ends: Vec<_> =
        hooks[told..].iter().filter_map(|hook| hook.body["data"]["next_billing_date"].as_str()).collect();
    let mut sorted = ends.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!((ends.len(), sorted), (12, ends), "each with the period that it was about");
}

#[tokio::test]
async fn time_passes_without_anybody_asking() {
    let world = World::new().await;
    world.subscribed(PRO, PAYS).await;
    world.webhooks(3).await;
    // Not by the control API: as real time passes, or as somebody else moves the clock that we share.
    world.sandbox.config().clock.advance(Duration::from_hours(24 * 63));
    let hooks = world.webhooks(3 + 4).await;
    assert_eq!(hooks.iter().filter(|hook| hook.body["type"] == "subscription.renewed").count(), 3);
}

#[tokio::test]
async fn a_trial_is_charged_at_its_end() {
    let world = World::new().await;
    let id = world.subscribed(TRIAL, PAYS).await;
    world.days(13).await;
    assert_eq!(world.payments_of(&id).await.len(), 1);
    world.days(2).await;
    let rows = world.payments_of(&id).await;
    assert_eq!([&rows[1]["total_amount"], &rows[1]["charge_type"]], [&json!(3_625), &json!("renewal")]);
    assert_eq!(world.subscription(&id).await["trial_period_days"], 14);
    world.days(31).await;
    assert_eq!(world.payments_of(&id).await.len(), 3);
}

#[tokio::test]
async fn a_code_counts_for_as_many_charges_as_it_says() {
    let world = World::new().await;
    let mut cart = licence_cart();
    cart["product_cart"] = json!([{ "product_id": PRO, "quantity": 1 }]);
    cart["discount_codes"] = json!(["LAUNCH20"]);
    let session = world.session(cart).await;
    world.pay(&session, PAYS).await;
    let id = world.get("/subscriptions").await["items"][0]["subscription_id"].as_str().unwrap().to_owned();
    assert_eq!(world.subscription(&id).await["discount_cycles_remaining"], 2);
    world.days(100).await;
    let totals: Vec<_> = world.payments_of(&id).await.iter().map(|row| row["total_amount"].clone()).collect();
    assert_eq!(totals, [2_320, 2_320, 2_320, 2_900]);
    assert_eq!(world.subscription(&id).await["discounts"], json!([]));
}

#[tokio::test]
async fn a_card_that_fails_later_puts_the_subscription_on_hold() {
    let world = World::new().await;
    let id = world.subscribed(PRO, LATER_DECLINED).await;
    let before = world.subscription(&id).await;
    let told = world.told();
    world.days(32).await;
    assert_eq!(world.told_since(told), ["payment.failed", "subscription.on_hold", "dunning.started"]);
    let after = world.subscription(&id).await;
    assert_eq!(after["status"], "on_hold");
    assert_eq!(after["next_billing_date"], before["next_billing_date"], "still owed");
    let rows = world.payments_of(&id).await;
    let failed = world.payment(text(&rows[1]["payment_id"])).await;
    assert_eq!([&failed["status"], &failed["error_code"]], ["failed", "GENERIC_DECLINE"]);
    assert_eq!(failed["service_periods"], json!([]));
    world.days(60).await;
    assert_eq!(world.payments_of(&id).await.len(), 2, "retries are opt-in");
}

#[tokio::test]
async fn a_time_of_grace_is_past_due_and_then_on_hold() {
    let world = World::new().await;
    world.scenario(json!({ "past_due_grace_days": 5, "next_renewals": "insufficient_funds" })).await;
    let id = world.subscribed(PRO, PAYS).await;
    let due = world.subscription(&id).await["next_billing_date"].as_str().unwrap().parse().unwrap();
    let told = world.told();
    world.days(32).await;
    assert_eq!(world.told_since(told), ["payment.failed", "subscription.past_due", "dunning.started"]);
    let hooks = world.webhooks(told + 3).await;
    let past_due = hooks.iter().find(|hook| hook.body["type"] == "subscription.past_due").unwrap();
    let ends = crate::clock::rfc3339(super::super::period::after_days(due, 5));
    assert_eq!(past_due.body["data"]["past_due_ends_at"], ends.as_str());
    let dunning = hooks.iter().find(|hook| hook.body["type"] == "dunning.started").unwrap();
    assert_eq!(dunning.body["data"]["trigger_state"], "past_due");
    world.days(5).await;
    assert_eq!(world.told_since(told + 3), ["subscription.on_hold"]);

    world.scenario(json!({ "grace_ends_in": "cancelled" })).await;
    let other = world.subscribed(PRO, PAYS).await;
    world.days(37).await;
    assert_eq!(world.subscription(&other).await["status"], "cancelled");
}

#[tokio::test]
async fn retries_are_made_on_the_documented_schedule_until_one_goes_through() {
    let world = World::new().await;
    world.scenario(json!({ "renewal_retry_days": 13 })).await;
    let id = world.subscribed(PRO, PAYS).await;
    world.control(&format!("subscriptions/{id}/decline-next"), json!({ "count": 3 })).await;
    let told = world.told();
    world.days(33).await;
    let events = world.told_since(told);
    assert_eq!(events[..4], ["payment.failed", "subscription.on_hold", "dunning.started", "payment.failed"]);
    world.days(4).await;
    let events = world.told_since(told + 4);
    assert_eq!(
        events,
        ["payment.failed", "subscription.active", "subscription.renewed", "payment.succeeded", "dunning.recovered"]
    );
    let rows = world.payments_of(&id).await;
    let attempts: Vec<_> = rows[1..].iter().map(|row| row["retry_attempt"].clone()).collect();
    assert_eq!(attempts, [0, 1, 2, 3]);
    let at = |row: &Value| row["created_at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let waits: Vec<_> = rows[1..].windows(2).map(|pair| at(&pair[1]).duration_since(at(&pair[0])).as_hours()).collect();
    assert_eq!(waits, [12, 24, 48]);
    let subscription = world.subscription(&id).await;
    assert_eq!(subscription["status"], "active");
    assert_eq!(rows[4]["service_periods"][0]["ends_at"], subscription["next_billing_date"], "from the day it was due");
}

#[tokio::test]
async fn retries_end_with_their_window() {
    let world = World::new().await;
    world.scenario(json!({ "renewal_retry_days": 13, "next_renewals": "decline" })).await;
    let id = world.subscribed(PRO, PAYS).await;
    world.days(60).await;
    assert_eq!(world.payments_of(&id).await.len(), 1 + 1 + 5, "after 12, 36, 84, 156 and 252 hours");
    assert_eq!(world.sandbox.state_json()["dunnings"][0]["status"], "exhausted");
    assert_eq!(world.subscription(&id).await["status"], "on_hold");
}

#[tokio::test]
async fn usage_is_billed_without_a_period() {
    let world = World::new().await;
    let id = world.subscribed(PRO, PAYS).await;
    let before = world.subscription(&id).await;
    let told = world.told();
    world.control(&format!("subscriptions/{id}/bill-usage"), json!({ "amount": 700 })).await;
    assert_eq!(world.told_since(told), ["payment.succeeded"]);
    let rows = world.payments_of(&id).await;
    assert_eq!([&rows[1]["charge_type"], &rows[1]["service_periods"]], [&json!("renewal"), &json!([])]);
    assert_eq!(world.subscription(&id).await, before, "extends nothing");
}
