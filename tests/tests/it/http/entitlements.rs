//! What a customer may use, as the merchant's own server reads it: told from the purchase on.

use std::time::Duration;

use checkout_tests::app::{TestApp, read};
use checkout_tests::http::assert_problem;
use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

mod by_hand;
mod claims;

/// Puts the clock to a moment.
fn wait_until(app: &TestApp, moment: Timestamp) {
    let ahead = moment.duration_since(app.clock.now());
    app.clock.advance(Duration::try_from(ahead).expect("it is ahead"));
}

const DAY: SignedDuration = SignedDuration::from_hours(24);
const SECOND: SignedDuration = SignedDuration::from_secs(1);

#[tokio::test]
async fn a_purchase_gives_what_its_price_grants_and_all_else_is_none() {
    let app = TestApp::start().await;
    let stranger = app.access("user_4711").await;
    assert_eq!((&stranger["reference"], &stranger["version"]), (&json!("user_4711"), &json!(0)));
    let names: Vec<&str> =
        stranger["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["api", "desktop", "handbook", "priority_support", "pro", "team", "workshop_kuwait", "workshop_tokyo"]
    );
    for item in stranger["items"].as_array().unwrap() {
        assert_eq!(
            item,
            &json!({"name": item["name"], "state": "none", "reason": "not_bought", "limits": {}, "valid_until": null})
        );
    }

    let bought = app.order_as("user_4711", "pro_monthly").await;
    assert_eq!(app.state_of("user_4711", "pro").await, "none not_bought", "an order is no purchase");
    // The payment comes first: a subscription is waited for.
    bought.hear("payment.succeeded", json!({})).await;
    assert_eq!(app.state_of("user_4711", "pro").await, "none awaiting_payment");
    bought.hear("subscription.active", json!({})).await;
    let pro = app.entitlement("user_4711", "pro").await;
    assert_eq!(pro["state"], "active");
    assert_eq!((&pro["reason"], &pro["limits"]), (&json!("subscription"), &json!({"exports": 100, "projects": null})));
    let until: Timestamp = pro["valid_until"].as_str().unwrap().parse().unwrap();
    assert_eq!(until, bought.end() + SignedDuration::from_hours(36));
    let all = app.access("user_4711").await;
    assert!(all["version"].as_i64().unwrap() >= 1);
    assert_eq!(all["items"].as_array().unwrap().iter().filter(|item| item["state"] != "none").count(), 1);
    assert_eq!(app.access("user_0815").await["version"], 0, "nobody else has anything");

    let version = all["version"].clone();
    let app = app.restart().await;
    assert_eq!(app.access("user_4711").await["version"], version, "it is on the disk");
    assert_eq!(app.state_of("user_4711", "pro").await, "active subscription");
}

#[tokio::test]
async fn answers_are_kept_by_nobody_and_slips_are_told() {
    let app = TestApp::start().await;
    let answer = app.ask_customer(Method::GET, "user_1", "entitlements", None).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let slip = app.ask_customer(Method::GET, "user_1", "entitlements?name=pros", None).await;
    let problem = assert_problem(slip, 422, "unknown_entitlement").await;
    assert_eq!(problem["errors"][0]["did_you_mean"], "pro");
    let stranger = app.ask_customer(Method::GET, "user_1", "entitlements?name=something_else", None).await;
    let problem = assert_problem(stranger, 422, "unknown_entitlement").await;
    let error = &problem["errors"][0];
    assert_eq!((&error["pointer"], &error["did_you_mean"]), (&json!("/name"), &Value::Null));
    assert!(error["allowed"].as_array().unwrap().contains(&json!("pro")), "{error}");
    let twice = app.ask_customer(Method::GET, "user_1", "entitlements?name=pro&name=team", None).await;
    assert_problem(twice, 422, "text_invalid").await;
}

#[tokio::test]
async fn references_are_whatever_a_merchant_calls_a_customer() {
    let app = TestApp::start().await;
    for reference in ["a/b/../c", "tenant:7/user?x=1#y", "Jürgen 王 🙂", "100%", "a%2Fb", "+", "..."] {
        let bought = app.order_as(reference, "handbook_ebook").await;
        bought.paid().await;
        let access = app.access(reference).await;
        assert_eq!(access["reference"], reference);
        assert_eq!(app.state_of(reference, "handbook").await, "active purchase", "{reference}");
    }
    // Letter for letter: what looks alike is another customer.
    assert_eq!(app.state_of("JÜRGEN 王 🙂", "handbook").await, "none not_bought");
    let long = "r".repeat(201);
    for (reference, code) in [
        (" user_1", "text_invalid"),
        ("user_1 ", "text_invalid"),
        (long.as_str(), "text_invalid"),
        ("user\u{0}1", "text_invalid"),
        ("user\u{202e}1", "text_invalid"),
        ("4242424242424242", "card_data_refused"),
    ] {
        let answer = app.ask_customer(Method::GET, reference, "entitlements", None).await;
        let problem = assert_problem(answer, 422, code).await;
        assert_eq!(problem["errors"][0]["pointer"], "/reference", "{reference:?}");
    }
}

#[tokio::test]
async fn time_alone_changes_access_to_the_second() {
    let app = TestApp::start().await;
    let (silent, held, leaving) = (
        app.order_as("silent", "pro_monthly").await,
        app.order_as("held", "pro_monthly").await,
        app.order_as("leaving", "pro_monthly").await,
    );
    for bought in [&silent, &held, &leaving] {
        bought.paid().await;
    }
    leaving.hear("subscription.updated", json!({"cancel_at_next_billing_date": true})).await;
    assert_eq!(app.state_of("leaving", "pro").await, "active canceled");
    wait_until(&app, leaving.end() - SECOND);
    assert_eq!(app.state_of("leaving", "pro").await, "active canceled");
    wait_until(&app, leaving.end());
    assert_eq!(app.state_of("leaving", "pro").await, "ended canceled");

    // The renewal of the one fails; of the other nothing is ever heard.
    let failed_at = app.clock.now();
    held.hear("subscription.on_hold", json!({})).await;
    assert_eq!(app.state_of("held", "pro").await, "grace payment_failed");
    assert_eq!(app.state_of("silent", "pro").await, "active subscription");
    wait_until(&app, silent.end() + SignedDuration::from_hours(36) - SECOND);
    assert_eq!(app.state_of("silent", "pro").await, "active subscription");
    wait_until(&app, silent.end() + SignedDuration::from_hours(36));
    assert_eq!(app.state_of("silent", "pro").await, "suspended renewal_missing");
    // The event's time is told to the microsecond, and grace counts from it.
    wait_until(&app, failed_at + 7 * DAY - SECOND);
    assert_eq!(app.state_of("held", "pro").await, "grace payment_failed");
    let version = app.access("held").await["version"].as_i64().unwrap();
    wait_until(&app, failed_at + 7 * DAY + SECOND);
    let ended = app.access("held").await;
    assert_eq!(app.state_of("held", "pro").await, "suspended payment_failed");
    assert_eq!(ended["version"].as_i64().unwrap(), version + 1, "whoever reads before it is written reads its version");

    // It is paid after all.
    held.hear(
        "subscription.active",
        json!({
            "previous_billing_date": held.end().to_string(), "next_billing_date": (held.end() + 30 * DAY).to_string(),
        }),
    )
    .await;
    assert_eq!(app.state_of("held", "pro").await, "active subscription");
}

#[tokio::test]
async fn the_providers_last_try_ends_the_grace() {
    let app = TestApp::start().await;
    let bought = app.order_as("user_1", "pro_yearly").await;
    bought.paid().await;
    wait_until(&app, bought.end());
    bought.hear("subscription.on_hold", json!({})).await;
    bought.hear("dunning.started", json!({})).await;
    let until: Timestamp = app.entitlement("user_1", "pro").await["valid_until"].as_str().unwrap().parse().unwrap();
    assert!(until > app.clock.now() + 13 * DAY, "fourteen days of grace, as its price says: {until}");
    app.clock.advance(Duration::from_hours(1));
    bought.hear("dunning.recovered", json!({"status": "exhausted"})).await;
    assert_eq!(app.state_of("user_1", "pro").await, "suspended payment_failed");
    bought.hear("dunning.recovered", json!({})).await;
    bought.hear("subscription.active", json!({"next_billing_date": (bought.end() + 30 * DAY).to_string()})).await;
    assert_eq!(app.state_of("user_1", "pro").await, "active subscription");
}

#[tokio::test]
async fn limits_follow_seats_and_add_ons() {
    let app = TestApp::start().await;
    let addons = json!([{"addon_id": "priority_support", "quantity": 1}]);
    let item = json!({"price_id": "team_monthly", "quantity": 5, "addons": addons});
    let bought = app.order(Some("user_1"), "ada@example.com", item).await;
    bought.paid().await;
    assert_eq!(app.entitlement("user_1", "team").await["limits"], json!({"seats": 5}));
    assert_eq!(app.state_of("user_1", "priority_support").await, "none not_bought", "by what the provider says of it");
    let support = json!([{"addon_id": "adn_0NqDemoPriority000001", "quantity": 1}]);
    bought.hear("subscription.plan_changed", json!({"quantity": 8, "addons": support})).await;
    assert_eq!(app.entitlement("user_1", "team").await["limits"], json!({"seats": 8}));
    assert_eq!(app.state_of("user_1", "priority_support").await, "active subscription");
    // Another plan: the object's product counts, not the event's name.
    bought.hear("subscription.updated", json!({"product_id": "pdt_0NqDemoProMonthly0001", "quantity": 1})).await;
    assert_eq!(app.state_of("user_1", "team").await, "none not_bought");
    assert_eq!(app.entitlement("user_1", "pro").await["limits"], json!({"exports": 100, "projects": null}));
    // A product that the catalog does not know gives nothing.
    bought.hear("subscription.updated", json!({"product_id": "pdt_0NqNobodyKnows0000001"})).await;
    assert_eq!(app.state_of("user_1", "pro").await, "none not_bought");
}

#[tokio::test]
async fn refunds_do_what_the_price_says() {
    let app = TestApp::start().await;
    for (price, name, given, taken) in [
        ("desktop_license", "desktop", "active purchase", "ended refunded"),
        ("handbook_ebook", "handbook", "active purchase", "active purchase"),
        ("pro_monthly", "pro", "active subscription", "ended refunded"),
        ("pro_yearly", "pro", "active subscription", "active refunded"),
    ] {
        let customer = format!("user_of_{price}");
        let bought = app.order_as(&customer, price).await;
        bought.paid().await;
        bought.hear("refund.succeeded", json!({"refund_id": "ref_part_".to_owned() + price, "amount": 1})).await;
        bought.hear("refund.failed", json!({})).await;
        assert_eq!(app.state_of(&customer, name).await, given, "a part, and one that failed: {price}");
        bought.hear("refund.succeeded", json!({})).await;
        assert_eq!(app.state_of(&customer, name).await, taken, "{price}");
        if price == "pro_yearly" {
            wait_until(&app, bought.end());
            assert_eq!(app.state_of(&customer, name).await, "ended refunded", "the period is over");
        }
    }
}

#[tokio::test]
async fn disputes_do_what_the_price_says() {
    let app = TestApp::start().await;
    let pro = app.order_as("pro", "pro_monthly").await;
    let item = json!({"price_id": "team_monthly", "quantity": 3});
    let team = app.order(Some("team"), "ada@example.com", item).await;
    for bought in [&pro, &team] {
        bought.paid().await;
        bought.hear("dispute.opened", json!({})).await;
    }
    assert_eq!(app.state_of("pro", "pro").await, "active subscription");
    let suspended = app.entitlement("team", "team").await;
    assert_eq!((&suspended["state"], &suspended["limits"]), (&json!("suspended"), &json!({})));
    team.hear("dispute.challenged", json!({})).await;
    assert_eq!(app.state_of("team", "team").await, "suspended disputed");
    team.hear("dispute.won", json!({"dispute_stage": "dispute"})).await;
    assert_eq!(app.entitlement("team", "team").await["limits"], json!({"seats": 3}), "exactly what was suspended");
    team.hear("dispute.opened", json!({"dispute_stage": "pre_arbitration"})).await;
    assert_eq!(app.state_of("team", "team").await, "suspended disputed", "it is opened again");
    team.hear("dispute.lost", json!({})).await;
    assert_eq!(app.state_of("team", "team").await, "ended dispute_lost");
    // Whatever else gives it.
    let second = app.order(Some("team"), "ada@example.com", json!({"price_id": "team_monthly", "quantity": 3})).await;
    second.paid().await;
    assert_eq!(app.state_of("team", "team").await, "ended dispute_lost");
}

#[tokio::test]
async fn access_is_read_while_the_provider_is_down() {
    let app = TestApp::start().await;
    let bought = app.order_as("user_1", "pro_monthly").await;
    bought.paid().await;
    app.scenario(json!({"latency_ms": 30_000})).await;
    let quote = json!({"items": [{"price_id": "pro_monthly"}], "customer": {"country": "DE"}});
    let waiting = app.ask_quote(&quote);
    let mut slowest = Duration::ZERO;
    let reading = async {
        for _ in 0..200 {
            let begun = std::time::Instant::now();
            let answer = app.ask_customer(Method::GET, "user_1", "entitlements", None).await;
            let access: Value = read(answer, 200).await;
            assert_eq!(access["items"].as_array().unwrap().len(), 8);
            slowest = slowest.max(begun.elapsed());
        }
    };
    tokio::select! {
        () = reading => {}
        _ = waiting => panic!("the provider was not down"),
    }
    println!("200 reads while the provider is silent, the slowest in {slowest:?}");
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
}
