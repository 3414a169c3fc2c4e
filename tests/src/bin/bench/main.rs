//! `make bench`: how fast the helper is, against an instant sandbox on the same machine. Prints a
//! table and asserts nothing: machines differ, so read the ratios.
//!
//! The servers run as their own processes, because their memory and processor time are part of the
//! answer. `bench orders`, `bench fold`, `bench webhooks` and `bench reads` measure one part. EVENTS=100000
//! stores fewer events for the reads than ten million, which take a few minutes and gigabytes.

use std::io::Write as _;
use std::time::Duration;

use checkout_tests::http::client;
use checkout_tests::server::{Failure, Server};
use measure::{header, measure};
use reqwest::Client;
use serde_json::{Value, json};

mod fold;
mod measure;
mod reads;
mod shop;
mod webhooks;

const CONNECTIONS: usize = 64;
const FOR: Duration = Duration::from_secs(5);

fn main() -> Result<(), Failure> {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [serve, kind, folder] = wanted.as_slice()
        && serve == "serve"
    {
        return runtime.block_on(shop::serve(kind, folder.as_ref()));
    }
    let wants = |part: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == part);
    runtime.block_on(async {
        say(&format!("{CONNECTIONS} connections, {} s each\n", FOR.as_secs()))?;
        if wants("orders") {
            orders(&Server::start()?).await?;
        }
        if wants("fold") {
            fold::compare().await?;
        }
        if wants("webhooks") {
            webhooks::compare().await?;
        }
        if wants("reads") {
            reads::compare().await?;
        }
        Ok(())
    })
}

/// What buyers ask for; processor time is of helper and sandbox together.
async fn orders(server: &Server) -> Result<(), Failure> {
    let http = client();
    say(&format!("start to ready (helper, sandbox and shop): {} ms", server.started_in.as_millis()))?;
    say(&format!("memory idle: {} KiB", server.usage()?.resident))?;
    header()?;
    let shop = server.ready["shop"].as_str().unwrap_or_default().to_owned();
    let ask = |http: &Client, path: &str| http.post(server.url("helper", path)).header("origin", &shop);
    let cart = json!({"items": [{"price_id": "pro_monthly"}], "customer": {"country": "DE"}});
    measure(server, "catalog", |_| http.get(server.url("helper", "/v1/catalog")).header("origin", &shop)).await?;
    measure(server, "quotes", |_| ask(&http, "/v1/quotes").json(&cart)).await?;
    let quote: Value = ask(&http, "/v1/quotes").json(&cart).send().await?.json().await?;
    let order = json!({"quote_token": quote["quote_token"], "customer": {"email": "ada@example.com"}});
    measure(server, "checkouts", |number| {
        ask(&http, "/v1/checkouts").header("idempotency-key", format!("bench-{number}")).json(&order)
    })
    .await?;
    measure(server, "checkouts, replayed", |_| {
        ask(&http, "/v1/checkouts").header("idempotency-key", "bench-1").json(&order)
    })
    .await?;
    Ok(())
}

fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
