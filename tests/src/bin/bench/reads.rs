//! Entitlement reads a second, with few and with very many events stored.

use checkout_server::store::Store;
use checkout_tests::http::client;
use checkout_tests::server::{Failure, Server};
use rusqlite::Connection;

use crate::measure::{Row, header, measure};
use crate::say;
use crate::shop::{SECRET_KEY, rules};

const FEW: i64 = 10_000;
const MANY: i64 = 10_000_000;
/// Notices that a customer has on average.
const EACH: i64 = 5;

/// The same reads on both.
#[expect(clippy::disallowed_methods, reason = "how many events, from whoever runs the bench")]
pub(crate) async fn compare() -> Result<(), Failure> {
    let many = std::env::var("EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(MANY);
    say("\nentitlement reads, of any customer")?;
    header()?;
    let few = run(FEW).await?;
    let many = run(many).await?;
    let (rate, p99) = (few.rate * 100 / many.rate.max(1), many.p99 * 100 / few.p99.max(1));
    say(&format!(
        "many events: {rate} % of the time each, p99 {p99} %, processor {} % (aim: 120)",
        many.processor * 100 / few.processor.max(1)
    ))
}

async fn run(events: i64) -> Result<Row, Failure> {
    let folder = tempfile::tempdir_in(std::env::current_dir()?.join("target"))?;
    let path = folder.path().join("checkout.db");
    drop(Store::open(&path, rules()?)?);
    fill(&path, events)?;
    let customers = events / EACH;
    let server = Server::own(&["serve", "full", &folder.path().display().to_string()])?;
    let http = client();
    measure(&server, &format!("{events} events, {customers} customers"), |number| {
        // Every customer is as likely as another: multiplied by a large prime.
        let number = i64::try_from(number).unwrap_or(0);
        let customer = number.wrapping_mul(2_654_435_761).rem_euclid(customers);
        http.get(server.url("helper", &format!("/v1/customers/user_{customer}/entitlements"))).bearer_auth(SECRET_KEY)
    })
    .await
}

/// Rows as a helper would have written them over the years, without its care for power cuts.
fn fill(path: &std::path::Path, events: i64) -> Result<(), Failure> {
    let database = Connection::open(path)?;
    database.execute_batch("PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; BEGIN")?;
    let numbers = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1)";
    database.execute(
        &format!(
            "{numbers} INSERT INTO notices (provider, webhook_id, body_sha256, kind, observed_at, received_at, body, object_id)
             SELECT 'dodo', printf('msg_%010d', i), randomblob(32), 'subscription.renewed', i, i, zeroblob(200), NULL FROM n"
        ),
        [events],
    )?;
    let standing = r#"{"checkouts":{},"payments":{},"refunds":{},"disputes":{},"subscriptions":{},"entitlements":{"pro":
        {"access":{"state":"active","reason":"purchase","until":null},"limits":{"projects":{"fixed":10}}}}}"#;
    database.execute(
        &format!(
            "{numbers} INSERT INTO customers (customer, version, standing, next_change_at, changed_at)
             SELECT 'ref:user_' || i, 1, ?2, NULL, i FROM n"
        ),
        (events / EACH, standing),
    )?;
    database.execute_batch("COMMIT")?;
    Ok(())
}
