//! The sandbox lives on after a sale, and the helper takes every word that it then says.

use checkout_tests::app::{GOOD_CARD, TestApp, read};
use checkout_tests::provider::{DAY, LATER_DECLINED_CARD};
use checkout_types::CheckoutStatus;
use checkout_types::checkout::CreatedCheckout;
use serde_json::{Value, json};

/// A subscription of somebody who is signed in, paid with that card.
async fn subscribed(app: &TestApp, card: &str) -> (CreatedCheckout, String) {
    let quote = app.quote("pro_monthly", "DE").await;
    let token = app.token("u_4821").await;
    let order = json!({
        "quote_token": quote.quote_token,
        "customer": {"email": "ada@example.com", "name": "Ada Canary"},
        "customer_token": token,
    });
    let created: CreatedCheckout = read(app.ask_checkout("key-of-a-life", &order).await, 201).await;
    app.canaries().add(&created.client_secret);
    app.canaries().add("key-of-a-life");
    app.pay(&created, card).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    let id = app.bought_subscription(&created);
    (created, id)
}

/// Every webhook so far was tried, and taken.
async fn all_is_taken(app: &TestApp) {
    app.provider_is_quiet().await;
    let state = app.provider_state();
    let deliveries = state["deliveries"].as_array().unwrap();
    let refused: Vec<_> = deliveries.iter().filter(|row| row["status"] != "delivered").collect();
    assert_eq!(refused, Vec::<&Value>::new());
}

#[tokio::test]
async fn a_renewal_carries_the_order_and_whose_it_is() {
    let app = TestApp::start().await;
    let (created, id) = subscribed(&app, GOOD_CARD).await;
    app.advance(62 * DAY).await;
    let payments = app.payments_of(&id);
    assert_eq!(payments.len(), 3);
    for payment in &payments {
        assert_eq!(payment["metadata"]["order_id"], created.id.as_str());
        assert_eq!(payment["metadata"]["customer_reference"], "u_4821");
    }
    assert_eq!(payments[2]["charge_type"], "renewal");
    assert_eq!(payments[2]["service_periods"][0]["ends_at"], app.provider_subscription(&id)["next_billing_date"]);
    all_is_taken(&app).await;
}

#[tokio::test]
async fn a_declined_renewal_is_mended_on_the_hosted_page() {
    let app = TestApp::start().await;
    app.scenario(json!({"past_due_grace_days": 7})).await;
    let (_, id) = subscribed(&app, LATER_DECLINED_CARD).await;
    app.advance(32 * DAY).await;
    let late = app.provider_subscription(&id);
    assert_eq!((&late["status"], late["past_due_ends_at"].is_string()), (&json!("past_due"), true));
    assert_eq!(late["owed"], app.payments_of(&id)[0]["total_amount"]);
    let link =
        app.provider("POST", &format!("/subscriptions/{id}/update-payment-method"), &json!({"type": "new"})).await;
    app.enter_card(link["payment_link"].as_str().unwrap(), GOOD_CARD).await;
    assert_eq!(app.provider_subscription(&id)["status"], "active");
    assert!(app.provider_told().contains(&"dunning.recovered".to_owned()));
    all_is_taken(&app).await;
}

#[tokio::test]
async fn everything_that_can_happen_to_a_sale_is_taken() {
    let app = TestApp::start().await;
    let (created, id) = subscribed(&app, GOOD_CARD).await;
    let payment = app.payment_of(&created)["payment_id"].as_str().unwrap().to_owned();
    app.give_back_part(&payment, 100).await;
    let dispute = app.dispute(&payment).await;
    for to in ["challenged", "next_stage", "lost"] {
        app.move_dispute(&dispute, to).await;
    }
    app.decline_next_renewal(&id).await;
    app.renew(&id).await;
    app.mend(&id, GOOD_CARD).await;
    app.bill_usage(&id, 700).await;
    app.change_plan(&id, "pdt_0NqDemoProYearly00001", 1, "prorated_immediately").await;
    app.pause(&id).await;
    app.resume(&id).await;
    app.cancel_at_period_end(&id).await;
    app.advance(366 * DAY).await;
    assert_eq!(app.provider_subscription(&id)["status"], "cancelled");
    app.emit("subscription.teleported", &json!({"payload_type": "Teleport"})).await;
    all_is_taken(&app).await;
    let told = app.provider_told();
    for kind in [
        "refund.succeeded",
        "dispute.opened",
        "dispute.lost",
        "subscription.on_hold",
        "dunning.started",
        "dunning.recovered",
        "subscription.update_payment_method",
        "subscription.plan_changed",
        "subscription.paused",
        "subscription.unpaused",
        "subscription.updated",
        "subscription.cancelled",
        "subscription.teleported",
    ] {
        assert!(told.iter().any(|known| known == kind), "{kind} was not told");
    }
}
