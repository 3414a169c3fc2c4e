//! What must not give or take access: payments of strangers that name an order, money that went back
//! for something else, dates of bills that nobody paid, states that nobody knows.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::world::{World, at, checkout, dispute, payment, refund, subscription};
use crate::customer::CustomerKey;
use crate::entitlement::{Reason, State};

const DAY: i64 = 86_400;
const MONTH: i64 = 30 * DAY;

/// A paid month of order 1, then these notices; how access stands afterwards, at that second.
async fn after(notices: &[Value], second: i64) -> (State, Reason) {
    let (world, access) = told(notices, second).await;
    drop(world);
    access
}

async fn told(notices: &[Value], second: i64) -> (World, (State, Reason)) {
    let world = World::new();
    world.order(1, Some("user_1")).await;
    world.deliver("msg_a", &subscription(1, "subscription.active", "active", 0, 1)).await;
    world.deliver("msg_b", &payment(1, "payment.succeeded", "new", "succeeded", 2)).await;
    for (place, body) in notices.iter().enumerate() {
        world.deliver(&format!("msg_{place}"), body).await;
    }
    let customer = CustomerKey::Reference("user_1".to_owned());
    let access = world.store.access(&customer, at(second)).await.unwrap().entitlements["pro"].access;
    (world, (access.state, access.reason))
}

/// A payment of somebody else's, in a session of their own, whose metadata names order 1.
fn strangers(second: i64) -> Value {
    let mut body = payment(1, "payment.succeeded", "new", "succeeded", second);
    let data = &mut body["data"];
    data["payment_id"] = "pay_stranger".into();
    data["checkout_session_id"] = "cks_stranger".into();
    data["subscription_id"] = Value::Null;
    data["total_amount"] = 1.into();
    body
}

/// A charge for the subscription of order 1 that pays for no period.
fn charged(id: &str, charge: &str, second: i64) -> Value {
    let mut body = payment(1, "payment.succeeded", charge, "succeeded", second);
    body["data"]["payment_id"] = id.into();
    body["data"]["service_periods"] = json!([]);
    body
}

fn refunded(id: &str, second: i64) -> Value {
    let mut body = refund(1, "new", 2900, second);
    body["data"]["payment_id"] = id.into();
    body
}

#[tokio::test]
async fn a_strangers_payment_that_names_an_order_is_nobodys() {
    let mut lost = dispute(1, "dispute_lost", 20);
    lost["data"]["payment_id"] = "pay_stranger".into();
    let (world, access) = told(&[strangers(10), lost], DAY).await;
    assert_eq!(access, (State::Active, Reason::Subscription));
    let database = Connection::open(world.database()).unwrap();
    let twice: bool = database.query_row("SELECT paid_twice FROM checkouts", [], |row| row.get(0)).unwrap();
    let told: i64 = database
        .query_row("SELECT count(*) FROM events WHERE object_id IN ('pay_stranger', 'dp_1')", [], |row| row.get(0))
        .unwrap();
    assert!(!twice && told == 0, "nobody is told of it, and the order is not paid twice");

    let full_refund = refund(1, "new", 2900, 30);
    assert_eq!(after(&[strangers(10), full_refund], DAY).await, (State::Ended, Reason::Refunded));
}

#[tokio::test]
async fn a_strangers_payment_moves_no_open_order() {
    let world = World::new();
    world.order(1, None).await;
    for state in ["succeeded", "failed", "processing", "cancelled"] {
        let mut body = strangers(10);
        body["data"]["status"] = state.into();
        body["data"]["payment_id"] = format!("pay_{state}").into();
        world.deliver(state, &body).await;
    }
    let order = world.store.checkout(&checkout(1)).await.unwrap().unwrap();
    assert_eq!((order.status.as_str(), order.failures), ("open", 0));
}

#[tokio::test]
async fn only_what_paid_for_the_period_takes_it_back() {
    let sold = (State::Active, Reason::Subscription);
    let gone = (State::Ended, Reason::Refunded);
    for (charge, id) in [("renewal", "pay_usage"), ("plan_change", "pay_proration"), ("on_demand", "pay_extra")] {
        let extra = || charged(id, charge, DAY);
        assert_eq!(after(&[extra(), refunded(id, 2 * DAY)], 3 * DAY).await, sold, "{charge}: given back");
        assert_eq!(after(&[extra(), refund(1, "new", 2900, 2 * DAY)], 3 * DAY).await, gone, "{charge}: the sale was");
    }
}

#[tokio::test]
async fn a_state_that_nobody_knows_extends_nothing() {
    let mut leaving = subscription(1, "subscription.updated", "active", 0, 10);
    leaving["data"]["cancel_at_next_billing_date"] = true.into();
    let odd = subscription(1, "subscription.updated", "hibernating", 100, 20);
    assert_eq!(after(&[leaving, odd], MONTH + 1).await, (State::Ended, Reason::Cancelled));
}

#[tokio::test]
async fn dates_of_bills_that_nobody_paid_extend_nothing() {
    let held = subscription(1, "subscription.on_hold", "on_hold", 0, MONTH);
    let canceled = subscription(1, "subscription.cancelled", "cancelled", 1, MONTH + DAY);
    assert_eq!(after(&[held.clone(), canceled.clone()], MONTH + 2 * DAY).await, (State::Ended, Reason::Cancelled));
    let mut paid = vec![held.clone(), canceled, payment(1, "payment.succeeded", "renewal", "succeeded", MONTH)];
    assert_eq!(after(&paid, MONTH + 2 * DAY).await, (State::Active, Reason::Cancelled), "a payment proves it");
    paid.reverse();
    assert_eq!(after(&paid, MONTH + 2 * DAY).await, (State::Active, Reason::Cancelled), "in any order");

    let again = subscription(1, "subscription.on_hold", "on_hold", 1, MONTH + 9 * DAY);
    assert_eq!(after(&[held, again], MONTH + 10 * DAY).await, (State::Suspended, Reason::PaymentFailed));
}
