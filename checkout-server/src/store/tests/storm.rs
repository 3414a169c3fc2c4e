//! A thousand notices, a hundred deliveries of each, shuffled: what follows, follows once (G14).

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde_json::Value;

use super::world::{World, dunning, payment, refund, rules, subscription};
use crate::event::Source;
use crate::provider::dodo;
use crate::store::{Accepted, verify};

const DAY: i64 = 86_400;
const MONTH: i64 = 30 * DAY;
const CUSTOMERS: usize = 125;

/// Eight notices a customer.
fn notices(number: usize) -> [Value; 8] {
    [
        subscription(number, "subscription.active", "active", 0, 1),
        payment(number, "payment.succeeded", "new", "succeeded", 2),
        subscription(number, "subscription.renewed", "active", 0, 3),
        payment(number, "payment.failed", "renewal", "failed", MONTH),
        subscription(number, "subscription.on_hold", "on_hold", 0, MONTH + 1),
        dunning(number, "recovering", MONTH + 2),
        subscription(number, "subscription.renewed", "active", 1, MONTH + DAY),
        refund(number, "new", 2900, MONTH + 2 * DAY),
    ]
}

/// Numbers that look random and are the same on every run: xorshift.
fn shuffle<T>(all: &mut [T], mut seed: u64) {
    for last in (1..all.len()).rev() {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        let other = usize::try_from(seed % (last as u64 + 1)).unwrap();
        all.swap(last, other);
    }
}

fn counts(database: &Connection, sql: &str) -> BTreeMap<String, i64> {
    let mut rows = database.prepare(sql).unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_deliveries_of_each_of_a_thousand_notices_are_told_once() {
    let world = World::new();
    let mut deliveries = Vec::new();
    for number in 0..CUSTOMERS {
        world.order(number, Some(&format!("user_{number}"))).await;
        for (place, body) in notices(number).into_iter().enumerate() {
            deliveries.extend((0..100).map(|_| (format!("msg_{number}_{place}"), body.clone())));
        }
    }
    shuffle(&mut deliveries, 42);
    let mut new = 0;
    for group in deliveries.chunks(64) {
        let accepted = group.iter().map(|(id, body)| world.deliver(id, body));
        let accepted = futures_util::future::join_all(accepted).await;
        new += accepted.iter().filter(|accepted| matches!(accepted, Accepted::Stored(_))).count();
    }
    assert_eq!(new, CUSTOMERS * 8, "each notice is new once");

    let database = Connection::open(world.database()).unwrap();
    // Facts are told whatever the order; what was overtaken before it was known is not told at all.
    let kinds = counts(&database, "SELECT kind, count(*) FROM events GROUP BY kind");
    let each = i64::try_from(CUSTOMERS).unwrap();
    for fact in ["checkout.paid", "payment.succeeded", "payment.failed", "payment.refunded", "subscription.started"] {
        assert_eq!(kinds[fact], each, "{fact}: {kinds:?}");
    }
    for passing in ["subscription.past_due", "subscription.recovered", "subscription.renewed"] {
        assert!(kinds.get(passing).is_none_or(|told| *told <= each), "{passing}: {kinds:?}");
    }
    let count = |sql: &str| -> i64 { database.query_row(sql, [], |row| row.get(0)).unwrap() };
    let events = count("SELECT count(*) FROM events");
    assert_eq!(events, count("SELECT count(*) FROM (SELECT DISTINCT kind, object_id, cause FROM events)"));
    assert_eq!(count("SELECT count(*) FROM messages WHERE channel = 'webhook'"), events);
    assert_eq!(count("SELECT count(*) FROM messages WHERE channel = 'email'"), each, "one receipt each");
    let gaps = "SELECT count(*) FROM (SELECT customer, count(*) AS n, max(sequence) AS last, min(sequence) AS first
                FROM messages WHERE channel = 'webhook' GROUP BY customer) WHERE n != last OR first != 1";
    assert_eq!(count(gaps), 0, "no gaps");
    let read = |source, kind: &str, body: &[u8]| match source {
        Source::Webhook => dodo::read_notice(body),
        Source::Refetch => dodo::read_answer(kind, body),
    };
    let verified = verify(&world.database(), &rules(), &read, super::world::at(3), |_| {}).unwrap();
    assert_eq!((verified.notices, verified.differences.as_slice()), (1000, [].as_slice()));
}
