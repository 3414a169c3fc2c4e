//! Every list, under every filter, is answered by an index, without sorting (G19's neighbour: reads that
//! stay quick with ten million rows).

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::*;
use crate::announcement::Kind;

/// The database as it is migrated, empty.
fn migrated() -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    crate::store::migration::migrate(&mut connection).unwrap();
    connection
}

fn plan(connection: &Connection, query: &Query) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {}", query.sql)).unwrap();
    statement.query_map(params_from_iter(&query.values), |row| row.get("detail")).unwrap().map(Result::unwrap).collect()
}

fn customer() -> CustomerKey {
    CustomerKey::Reference("user_1".to_owned())
}

fn events() -> Vec<Query> {
    let time = Some(Timestamp::UNIX_EPOCH);
    let none = EventFilter::default;
    [
        none(),
        EventFilter { kind: Some(Kind::CheckoutPaid), ..none() },
        EventFilter { customer: Some(customer()), ..none() },
        EventFilter { since: time, ..none() },
        EventFilter { until: time, ..none() },
        EventFilter { kind: Some(Kind::CheckoutPaid), since: time, until: time, customer: Some(customer()) },
    ]
    .iter()
    .flat_map(|filter| [None, Some(7)].map(|after| events::query(filter, &Slice { after, limit: 26 })))
    .collect()
}

fn messages() -> Vec<Query> {
    let none = MessageFilter::default;
    [
        none(),
        MessageFilter { state: Some(checkout_types::delivery::DeliveryState::Dead), ..none() },
        MessageFilter { target: Some("crm".to_owned()), ..none() },
        MessageFilter { kind: Some(Kind::CheckoutPaid), ..none() },
        MessageFilter { customer: Some(customer()), ..none() },
        MessageFilter { event: Some("evt_1".to_owned()), ..none() },
        MessageFilter { since: Some(Timestamp::UNIX_EPOCH), ..none() },
        MessageFilter {
            state: Some(checkout_types::delivery::DeliveryState::Dead),
            since: Some(Timestamp::UNIX_EPOCH),
            ..none()
        },
    ]
    .iter()
    .flat_map(|filter| [None, Some(7)].map(|after| messages::query(filter, &Slice { after, limit: 26 })))
    .collect()
}

fn dated() -> [Option<Dated>; 2] {
    [None, Some(Dated { at: 7, id: "x".to_owned() })]
}

fn payments() -> Vec<Query> {
    let none = PaymentFilter::default;
    [none(), PaymentFilter { state: Some("failed".to_owned()), ..none() }]
        .iter()
        .flat_map(|filter| dated().map(|after| payments::query(filter, &Slice { after, limit: 26 })))
        .collect()
}

fn subscriptions() -> Vec<Query> {
    let none = SubscriptionFilter::default;
    [none(), SubscriptionFilter { state: Some("active".to_owned()), ..none() }]
        .iter()
        .flat_map(|filter| dated().map(|after| subscriptions::query(filter, &Slice { after, limit: 26 })))
        .collect()
}

fn checkouts() -> Vec<Query> {
    let none = CheckoutFilter::default;
    [
        none(),
        CheckoutFilter { status: Some((checkout_types::CheckoutStatus::NeedsReview, Timestamp::UNIX_EPOCH)), ..none() },
    ]
    .iter()
    .flat_map(|filter| {
        [None, Some("co_1".to_owned())].map(|after| checkouts::query(filter, &Slice { after, limit: 26 }))
    })
    .collect()
}

/// What belongs to one customer or one order is little, and may be sorted.
fn of_one_customer() -> Vec<Query> {
    let checkout = || Some("co_1".to_owned());
    vec![
        payments::query(&PaymentFilter { customer: Some(customer()), ..Default::default() }, &Slice::first(26)),
        payments::query(&PaymentFilter { checkout: checkout(), ..Default::default() }, &Slice::first(26)),
        payments::query(&PaymentFilter { id: checkout(), ..Default::default() }, &Slice::first(1)),
        subscriptions::query(
            &SubscriptionFilter { customer: Some(customer()), ..Default::default() },
            &Slice::first(26),
        ),
        subscriptions::query(&SubscriptionFilter { checkout: checkout(), ..Default::default() }, &Slice::first(26)),
        subscriptions::query(&SubscriptionFilter { id: checkout(), ..Default::default() }, &Slice::first(1)),
        checkouts::query(&CheckoutFilter { customer: Some(customer()), ..Default::default() }, &Slice::first(26)),
        checkouts::query(&CheckoutFilter { id: checkout(), ..Default::default() }, &Slice::first(1)),
    ]
}

#[test]
fn every_list_is_read_by_an_index_in_its_order() {
    let connection = migrated();
    let mut asked = 0;
    for query in [events(), messages(), payments(), subscriptions(), checkouts()].into_iter().flatten() {
        for step in plan(&connection, &query) {
            let read_through = step.starts_with("SCAN") && !step.contains("CONSTANT");
            assert!(!read_through && !step.contains("TEMP B-TREE"), "{step}: {}", query.sql);
        }
        asked += 1;
    }
    println!("{asked} queries, none reads a table through or sorts");
}

#[test]
fn what_belongs_to_one_customer_is_found_by_them() {
    let connection = migrated();
    for query in of_one_customer() {
        let steps = plan(&connection, &query);
        let by_whom = ["(customer=?)", "(checkout_id=?)", "(id=?)"];
        assert!(by_whom.iter().any(|index| steps[0].contains(index)), "{steps:?}: {}", query.sql);
    }
}

#[test]
fn what_callers_say_is_never_a_part_of_a_statement() {
    let evil = "'; DROP TABLE messages; --";
    let filter = MessageFilter { target: Some(evil.to_owned()), ..MessageFilter::default() };
    let query = messages::query(&filter, &Slice::first(1));
    assert!(!query.sql.contains(evil) && query.values.contains(&Value::Text(evil.to_owned())));
}
