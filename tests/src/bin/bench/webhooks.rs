//! Webhooks a second: with the whole fold and the outbox, against a bare server that verifies, inserts
//! and commits; and how fast the inbox is folded again.

use std::time::Instant;

use checkout_server::clock::Clock;
use checkout_server::event::Source;
use checkout_server::provider::dodo;
use checkout_server::signature::SigningSecret;
use checkout_server::store;
use checkout_tests::http::client;
use checkout_tests::server::{Failure, Server};
use checkout_tests::signing::signed_headers;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;

use crate::measure::{Row, header, measure};
use crate::say;
use crate::shop::{ORDERS, WEBHOOK_SECRET, checkout, make_orders, rules};

/// Both servers after each other, three times, on databases of the same shape.
pub(crate) async fn compare() -> Result<(), Failure> {
    say("\nwebhooks: three notices for each of many orders; `bare` verifies, inserts and commits")?;
    header()?;
    let mut ratios = Vec::new();
    for turn in 1..=3 {
        let (bare, _) = run("bare", turn).await?;
        let (full, folder) = run("full", turn).await?;
        ratios.push(full.rate * 100 / bare.rate.max(1));
        if turn == 3 {
            rebuild(&folder)?;
        }
    }
    ratios.sort_unstable();
    say(&format!("full fold and outbox: {} % of the bare server (median of {ratios:?}; aim: 70)", ratios[1]))
}

async fn run(kind: &str, turn: usize) -> Result<(Row, TempDir), Failure> {
    let folder = tempfile::tempdir_in(std::env::current_dir()?.join("target"))?;
    make_orders(folder.path()).await?;
    let server = Server::own(&["serve", kind, &folder.path().display().to_string()])?;
    let (http, secret) = (client(), SigningSecret::parse(WEBHOOK_SECRET)?);
    let row = measure(&server, &format!("webhooks, {kind}, run {turn}"), |number| {
        let body = notice(number).into_bytes();
        let headers = signed_headers(&secret, &format!("msg_{number}"), Clock::wall().as_second(), &body);
        http.post(server.url("helper", "/webhooks/dodo")).headers(headers).body(body)
    })
    .await?;
    Ok((row, folder))
}

/// The inbox that was just filled, folded again.
fn rebuild(folder: &TempDir) -> Result<(), Failure> {
    let read = |source, kind: &str, body: &[u8]| match source {
        Source::Webhook => dodo::read_notice(body),
        Source::Refetch => dodo::read_answer(kind, body),
    };
    let begun = Instant::now();
    let verified = store::verify(&folder.path().join("checkout.db"), &rules()?, &read, Clock::wall(), |_| {})?;
    let rate = u128::from(verified.notices) * 1_000 / begun.elapsed().as_millis().max(1);
    let differences = verified.differences.len();
    say(&format!("rebuild: {} notices folded again, {rate} a second, {differences} differences", verified.notices))
}

/// Three notices a cycle for each order: its sale, then a renewal each month.
pub(crate) fn notice(number: usize) -> String {
    let (turn, place) = (number / 3, number % 3);
    let (order, month) = (turn % ORDERS, i64::try_from(turn / ORDERS).unwrap_or(0));
    let begun: Timestamp = Clock::wall() - SignedDuration::from_hours(1);
    let at = |hours: i64| (begun + SignedDuration::from_hours(hours)).to_string();
    let metadata = json!({ "order_id": checkout(order), "customer_reference": format!("user_{order}") });
    let customer = json!({ "customer_id": format!("cus_{order}"), "email": "buyer@example.com", "name": "A Buyer" });
    let (kind, data) = if place == 1 {
        let session = (month == 0).then(|| format!("cks_{order}"));
        let charge = if month == 0 { "new" } else { "renewal" };
        let data = json!({
            "payload_type": "Payment", "payment_id": format!("pay_{order}_{month}"), "metadata": metadata,
            "checkout_session_id": session, "created_at": at(month * 720), "status": "succeeded", "tax": 0,
            "total_amount": 2900, "currency": "EUR", "charge_type": charge, "subscription_id": format!("sub_{order}"),
            "product_cart": [], "customer": customer, "payment_method": "card", "settlement_amount": 2900,
        });
        ("payment.succeeded", data)
    } else {
        let data = json!({
            "payload_type": "Subscription", "subscription_id": format!("sub_{order}"), "metadata": metadata,
            "status": "active", "product_id": "pdt_0NqDemoProMonthly0001", "quantity": 1, "addons": [],
            "created_at": at(0), "previous_billing_date": at(month * 720), "next_billing_date": at((month + 1) * 720),
            "cancel_at_next_billing_date": false, "trial_period_days": 0, "customer": customer, "currency": "EUR",
            "recurring_pre_tax_amount": 2900, "tax_inclusive": false, "on_demand": false,
        });
        (if place == 0 { "subscription.active" } else { "subscription.renewed" }, data)
    };
    json!({ "business_id": "bus_1", "type": kind, "timestamp": at(month * 720), "data": data }).to_string()
}
