//! Every order of every canonical life of a customer, with repeats: the same rows and the same access.

use rusqlite::Connection;
use serde_json::Value;

use super::world::{at, checkout, dispute, dunning, observed, order, payment, refund, rules, subscription};
use crate::customer::CustomerKey;
use crate::store::fold::{self, Observation};
use crate::store::migration::migrate;
use crate::store::{Effects, projection, rows};

const DAY: i64 = 86_400;
const MONTH: i64 = 30 * DAY;

fn lives() -> Vec<(&'static str, Vec<Value>)> {
    vec![
        (
            "begun as the provider tells it",
            vec![
                payment(1, "payment.processing", "new", "processing", 0),
                subscription(1, "subscription.active", "active", 0, 1),
                payment(1, "payment.succeeded", "new", "succeeded", 2),
                subscription(1, "subscription.renewed", "active", 0, 3),
            ],
        ),
        (
            "declined, then paid, then all given back",
            vec![
                payment(1, "payment.failed", "new", "failed", 0),
                payment(1, "payment.succeeded", "new", "succeeded", 2),
                subscription(1, "subscription.active", "active", 0, 2),
                refund(1, "new", 2900, DAY),
                subscription(1, "subscription.cancelled", "cancelled", 0, DAY + 1),
            ],
        ),
        (
            "a renewal failed, was mended, and a part was given back",
            vec![
                subscription(1, "subscription.active", "active", 0, 1),
                payment(1, "payment.succeeded", "new", "succeeded", 2),
                payment(1, "payment.failed", "renewal", "failed", MONTH),
                subscription(1, "subscription.on_hold", "on_hold", 0, MONTH + 1),
                dunning(1, "recovering", MONTH + 2),
                payment(1, "payment.succeeded", "renewal", "succeeded", MONTH + 2 * DAY),
                subscription(1, "subscription.renewed", "active", 1, MONTH + 2 * DAY + 1),
                refund(1, "renewal", 900, MONTH + 3 * DAY),
            ],
        ),
        (
            "disputed, lost, cancelled, with late words",
            vec![
                subscription(1, "subscription.active", "active", 0, 1),
                payment(1, "payment.succeeded", "new", "succeeded", 2),
                dispute(1, "dispute_opened", DAY),
                dispute(1, "dispute_challenged", 2 * DAY),
                dispute(1, "dispute_lost", 3 * DAY),
                subscription(1, "subscription.cancelled", "cancelled", 0, 4 * DAY),
                payment(1, "payment.failed", "new", "failed", 3),
            ],
        ),
        (
            "renewals without our words in them",
            vec![
                subscription(1, "subscription.active", "active", 0, 1),
                payment(1, "payment.succeeded", "new", "succeeded", 2),
                nameless(payment(1, "payment.succeeded", "renewal", "succeeded", MONTH)),
                nameless(subscription(1, "subscription.renewed", "active", 1, MONTH + 1)),
                refund(1, "renewal", 2900, MONTH + DAY),
            ],
        ),
        (
            "given up",
            vec![
                payment(1, "payment.succeeded", "new", "succeeded", 2),
                subscription(1, "subscription.active", "active", 0, 2),
                subscription(1, "subscription.past_due", "past_due", 0, MONTH),
                dunning(1, "recovering", MONTH),
                dunning(1, "exhausted", MONTH + 13 * DAY),
                subscription(1, "subscription.expired", "expired", 0, MONTH + 14 * DAY),
            ],
        ),
        (
            "expired, and renewed all the same",
            vec![
                payment(1, "payment.succeeded", "new", "succeeded", 2),
                subscription(1, "subscription.active", "active", 0, 2),
                subscription(1, "subscription.expired", "expired", 0, MONTH),
                payment(1, "payment.succeeded", "renewal", "succeeded", MONTH + 2),
                subscription(1, "subscription.renewed", "active", 1, MONTH + 3),
                subscription(1, "subscription.updated", "active", 1, MONTH + 4),
            ],
        ),
    ]
}

/// As it comes from a provider that copies no metadata.
fn nameless(mut body: Value) -> Value {
    body["data"]["metadata"] = serde_json::json!({});
    body
}

/// A database in memory with one open order, inside a transaction.
fn shop() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    migrate(&mut connection).unwrap();
    connection.set_prepared_statement_cache_capacity(128);
    connection.execute_batch("BEGIN").unwrap();
    connection
        .execute(
            "INSERT INTO checkouts (id, key_hash, fingerprint, sends, order_json, session_id, url, created_at,
                expires_at, changed_at, customer)
             VALUES (?1, x'00', x'00', 1, ?2, 'cks_1', 'https://example.com', 0, 0, 0, ?3)",
            (checkout(1), rows::json(&order()).unwrap(), customer().stored()),
        )
        .unwrap();
    connection
}

fn customer() -> CustomerKey {
    CustomerKey::Guest(checkout(1))
}

/// Everything that the fold has written, as text.
fn written(connection: &Connection) -> String {
    let mut text = String::new();
    for sql in [
        "SELECT group_concat(quote(id) || status || quote(payment_id) || quote(error_code) || paid_twice || failures) FROM checkouts",
        "SELECT group_concat(id || quote(checkout_id) || quote(session_id) || state || quote(amount) || charge
            || subscriptions || quote(customer) || version_changed || ' ' || version_event || ' ' || version_rank) FROM (SELECT * FROM payments ORDER BY id)",
        "SELECT group_concat(id || quote(checkout_id) || quote(customer) || data) FROM (SELECT * FROM subscriptions ORDER BY id)",
        "SELECT group_concat(data) FROM (SELECT * FROM refunds ORDER BY id)",
        "SELECT group_concat(data) FROM (SELECT * FROM disputes ORDER BY id)",
        "SELECT group_concat(data) FROM (SELECT * FROM dunnings ORDER BY subscription_id)",
        "SELECT group_concat(standing || quote(next_change_at)) FROM customers",
    ] {
        let rows: Option<String> = connection.prepare_cached(sql).unwrap().query_row([], |row| row.get(0)).unwrap();
        text.push_str(&rows.unwrap_or_default());
        text.push('\n');
    }
    text
}

fn join(connection: &Connection, observation: &Observation) {
    let Observation { notice, observed_at, source } = observation;
    let again = Observation { notice: notice.clone(), observed_at: *observed_at, source: *source };
    fold::join(connection, again, at(2 * MONTH), &mut Effects::default()).unwrap();
}

/// Goes through all orders of what is left, sharing what they have in common.
fn every_order(
    connection: &Connection,
    left: &mut Vec<Observation>,
    done: &mut Vec<Observation>,
    end: &mut dyn FnMut(&[Observation]),
) {
    if left.is_empty() {
        end(done);
        return;
    }
    for turn in 0..left.len() {
        connection.execute_batch("SAVEPOINT step").unwrap();
        let next = left.remove(turn);
        join(connection, &next);
        done.push(next);
        every_order(connection, left, done, end);
        left.insert(turn, done.pop().unwrap());
        connection.execute_batch("ROLLBACK TO step; RELEASE step").unwrap();
    }
}

#[test]
fn every_order_of_every_life_gives_the_same_rows() {
    std::thread::scope(|scope| {
        for (name, life) in lives() {
            scope.spawn(move || in_every_order(name, &life));
        }
    });
}

fn in_every_order(name: &str, life: &[Value]) {
    let (rules, connection) = (rules(), shop());
    let mut left: Vec<_> = life.iter().map(observed).collect();
    let (mut first, mut orders) = (None::<String>, 0_usize);
    every_order(&connection, &mut left, &mut Vec::new(), &mut |done| {
        connection.execute_batch("SAVEPOINT leaf").unwrap();
        // What comes again changes nothing: another one each time.
        join(&connection, &done[orders % done.len()]);
        join(&connection, &done[(orders / 7) % done.len()]);
        projection::settle(&connection, &rules, &customer(), at(2 * MONTH), &mut Effects::default()).unwrap();
        let now = written(&connection);
        assert_eq!(first.get_or_insert_with(|| now.clone()), &now, "{name}");
        orders += 1;
        connection.execute_batch("ROLLBACK TO leaf; RELEASE leaf").unwrap();
    });
    assert_eq!(orders, (1..=life.len()).product::<usize>(), "{name}");
}
