//! A database full of purchases, made fast: a few are sold through the store, and their rows are copied with
//! other names, so that every table holds what a helper would have written.

use std::path::Path;

use checkout_server::catalog::Catalog;
use checkout_server::checkout::Order;
use checkout_server::clock::Clock;
use checkout_server::customer::Contact;
use checkout_server::outbox::{EndpointRoute, Filter, Routes};
use checkout_server::provider::dodo;
use checkout_server::random;
use checkout_server::store::{Claim, Delivery, Rules, Store, StoredSession};
use checkout_types::checkout::CheckoutItem;
use checkout_types::money::Money;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use crate::world::ENDPOINT;

/// What stands for a number in the names of the one that is copied.
const TOKEN: &str = "00000000";
/// The provider's product of `pro_monthly` in the example catalog.
const PRODUCT: &str = "pdt_0NqDemoProMonthly0001";
/// The tables, each after those that its rows name.
const TABLES: [&str; 9] = [
    "checkouts",
    "contacts",
    "notices",
    "payments",
    "subscription_payments",
    "subscriptions",
    "customers",
    "events",
    "messages",
];

type Failure = Box<dyn std::error::Error>;

/// Fills a new database in that folder with so many customers, each with an order, a subscription, three
/// notices and what followed from them; so many of their messages wait, each at the head of its line.
///
/// # Errors
/// The disk does not take it.
pub(crate) async fn fill(folder: &Path, catalog: &Catalog, customers: i64, waiting: i64) -> Result<(), Failure> {
    checkout_server::store::prepare_folder(folder)?;
    let path = folder.join("checkout.db");
    sell_one(&path, catalog).await?;
    let database = Connection::open(&path)?;
    database.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -200000")?;
    name_by_the_token(&database)?;
    for first in (1..=customers).step_by(2_000) {
        let last = (first + 1_999).min(customers);
        database.execute_batch("BEGIN")?;
        for table in TABLES {
            copy_rows(&database, table, first, last)?;
        }
        database.execute_batch("COMMIT")?;
    }
    database.execute(
        "UPDATE messages SET state = 'delivered', finished_at = created_at, attempts = 1
         WHERE seq <= (SELECT max(seq) FROM messages) - ?1",
        [waiting],
    )?;
    database.execute_batch(
        "INSERT OR REPLACE INTO lines SELECT target, customer, max(sequence) FROM messages
             WHERE channel = 'webhook' GROUP BY target, customer;
         PRAGMA wal_checkpoint(TRUNCATE)",
    )?;
    Ok(())
}

/// The one that is copied: an order, its payment and its subscription.
async fn sell_one(path: &Path, catalog: &Catalog) -> Result<(), Failure> {
    let routes = Routes {
        endpoints: vec![EndpointRoute { id: ENDPOINT.to_owned(), filter: Filter::default() }],
        mails: Vec::new(),
    };
    let store = Store::open(path, Rules::new(catalog, routes))?;
    let (id, now) = (format!("co_{TOKEN}"), Clock::wall());
    let item = CheckoutItem { price_id: "pro_monthly".to_owned(), name: "Fernway Pro".to_owned(), quantity: 1 };
    let claim = Claim {
        id: id.clone(),
        key_hash: random::bytes(),
        fingerprint: random::bytes(),
        order: Order {
            total: Money::new(2900, "EUR".parse()?),
            items: vec![item],
            products: vec![(PRODUCT.to_owned(), 1)],
        },
        customer_reference: Some(format!("user_{TOKEN}")),
        contact: Contact { email: format!("buyer{TOKEN}@example.com"), name: None },
        renews: None,
        buyer: None,
        created_at: now,
        expires_at: now,
    };
    store.claim(claim).await?;
    let session = StoredSession { id: format!("cks_{TOKEN}"), url: "https://example.com/pay".to_owned() };
    store.reveal(&id, session, now).await?;
    for (number, body) in notices(&now.to_string()).into_iter().enumerate() {
        let body = body.to_string().into_bytes();
        let delivery = Delivery {
            provider: "dodo",
            webhook_id: format!("msg_{TOKEN}_{number}"),
            observed_at: now,
            received_at: now,
            notice: dodo::read_notice(&body),
            body,
        };
        store.accept(delivery).await?;
    }
    store.close().await;
    Ok(())
}

/// As long as the provider's own are: about two kilobytes each.
fn notices(now: &str) -> [Value; 3] {
    let filler = json!({"order_id": format!("co_{TOKEN}"), "note": "x".repeat(1_400)});
    let payment = json!({
        "type": "payment.succeeded", "timestamp": now,
        "data": {
            "payload_type": "Payment", "payment_id": format!("pay_{TOKEN}"), "metadata": filler,
            "checkout_session_id": format!("cks_{TOKEN}"), "created_at": now, "status": "succeeded",
            "total_amount": 2900, "currency": "EUR", "charge_type": "new",
            "subscription_id": format!("sub_{TOKEN}"), "product_cart": [],
        },
    });
    let subscription = |kind: &str| {
        json!({
            "type": kind, "timestamp": now,
            "data": {
                "payload_type": "Subscription", "subscription_id": format!("sub_{TOKEN}"), "metadata": filler,
                "status": "active", "product_id": PRODUCT, "quantity": 1, "addons": [], "created_at": now,
                "previous_billing_date": "2026-11-01T00:00:00Z", "next_billing_date": "2036-11-01T00:00:00Z",
                "cancel_at_next_billing_date": false, "trial_period_days": 0,
            },
        })
    };
    [payment, subscription("subscription.active"), subscription("subscription.updated")]
}

/// Events and messages have names by chance; the one that is copied gets names with the token in them.
fn name_by_the_token(database: &Connection) -> Result<(), Failure> {
    let ids: Vec<(i64, String)> = {
        let mut events = database.prepare("SELECT seq, id FROM events")?;
        let rows = events.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect::<Result<_, _>>()?
    };
    for (seq, id) in ids {
        let named = format!("evt_{seq}_{TOKEN}");
        let data = "UPDATE events SET id = ?2, data = replace(data, ?1, ?2) WHERE id = ?1";
        database.execute("UPDATE messages SET event_id = ?2 WHERE event_id = ?1", [&id, &named])?;
        database.execute(data, [&id, &named])?;
    }
    database.execute(&format!("UPDATE messages SET id = 'msg_' || seq || '_{TOKEN}'"), [])?;
    for table in TABLES {
        database.execute_batch(&format!("CREATE TEMP TABLE one_{table} AS SELECT * FROM main.{table}"))?;
    }
    Ok(())
}

/// Copies the one's rows of a table for those numbers.
fn copy_rows(database: &Connection, table: &str, first: i64, last: i64) -> Result<(), Failure> {
    let mut columns = database.prepare("SELECT name, type, pk FROM pragma_table_info(?1)")?;
    let columns: Vec<(String, String, i64)> =
        columns.query_map([table], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<Result<_, _>>()?;
    let number = "printf('%08d', n.i)";
    let value = |(name, kind, key): &(String, String, i64)| match (name.as_str(), kind.as_str()) {
        ("seq", "INTEGER") if *key == 1 => "NULL".to_owned(),
        ("key_hash" | "body_sha256", _) => "randomblob(32)".to_owned(),
        ("body", _) => format!("CAST(replace(CAST(body AS TEXT), '{TOKEN}', {number}) AS BLOB)"),
        (name, "TEXT") => format!("replace({name}, '{TOKEN}', {number})"),
        (name, _) => name.to_owned(),
    };
    let names: Vec<&str> = columns.iter().map(|(name, ..)| name.as_str()).collect();
    let values: Vec<String> = columns.iter().map(value).collect();
    let sql = format!(
        "WITH RECURSIVE n (i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?2)
         INSERT INTO main.{table} ({}) SELECT {} FROM n, temp.one_{table} ORDER BY n.i",
        names.join(", "),
        values.join(", "),
    );
    database.execute(&sql, params![first, last])?;
    Ok(())
}
