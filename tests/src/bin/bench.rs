//! `make bench`: how fast the helper is, against an instant sandbox on the same machine. Prints a
//! table and asserts nothing: machines differ, so read the ratios.
//!
//! The helper runs as its own process (`checkout-server demo`), because its memory and processor
//! time are part of the answer.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use checkout_server::clock::Clock;
use checkout_server::signature::SigningSecret;
use checkout_tests::http::client;
use checkout_tests::in_repository;
use checkout_tests::server::{Failure, Server};
use checkout_tests::signing::signed_headers;
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

const CONNECTIONS: usize = 64;
const FOR: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let server = Server::start()?;
    let http = client();
    say(&format!("start to ready (helper, sandbox and shop): {} ms", server.started_in.as_millis()))?;
    say(&format!("memory idle: {} KiB", server.usage()?.resident))?;
    say(&format!(
        "{CONNECTIONS} connections, {} s each; processor time is of helper and sandbox together\n",
        FOR.as_secs()
    ))?;
    say(&format!(
        "{:<28} {:>9} {:>9} {:>9} {:>11} {:>10} {:>7}",
        "", "per s", "p50 ms", "p99 ms", "cpu us each", "memory KiB", "failed"
    ))?;
    let shop = server.ready["shop"].as_str().unwrap_or_default().to_owned();

    let ask = |http: &Client, path: &str| http.post(server.url("helper", path)).header("origin", &shop);
    let cart = json!({"items": [{"price_id": "pro_monthly"}], "customer": {"country": "DE"}});
    measure(&server, "catalog", |_| http.get(server.url("helper", "/v1/catalog")).header("origin", &shop)).await?;
    measure(&server, "quotes", |_| ask(&http, "/v1/quotes").json(&cart)).await?;
    let quote: Value = ask(&http, "/v1/quotes").json(&cart).send().await?.json().await?;
    let order = json!({"quote_token": quote["quote_token"], "customer": {"email": "ada@example.com"}});
    measure(&server, "checkouts", |number| {
        ask(&http, "/v1/checkouts").header("idempotency-key", format!("bench-{number}")).json(&order)
    })
    .await?;
    measure(&server, "checkouts, replayed", |_| {
        ask(&http, "/v1/checkouts").header("idempotency-key", "bench-1").json(&order)
    })
    .await?;
    webhooks(&server, &http).await
}

async fn webhooks(server: &Server, http: &Client) -> Result<(), Failure> {
    let secret = SigningSecret::parse(server.ready["webhook_secret"].as_str().unwrap_or_default())?;
    let text = std::fs::read_to_string(in_repository("tests/fixtures/dodo/webhook.payment.succeeded.json"))?;
    let notice: Value = serde_json::from_str(&text)?;
    measure(server, "webhooks, FULL", |number| {
        let mut notice = notice.clone();
        notice["data"]["payment_id"] = format!("pay_bench{number}").into();
        let body = notice.to_string().into_bytes();
        let headers = signed_headers(&secret, &format!("msg_{number}"), Clock::wall().as_second(), &body);
        http.post(server.url("helper", "/webhooks/dodo")).headers(headers).body(body)
    })
    .await
}

/// Keeps all connections busy for a while and prints a row.
async fn measure(server: &Server, name: &str, request: impl Fn(usize) -> RequestBuilder) -> Result<(), Failure> {
    let before = server.usage()?.ticks;
    let numbers = Arc::new(AtomicUsize::new(0));
    let begun = Instant::now();
    let worker = async || {
        let (mut times, mut failed) = (Vec::new(), 0_u32);
        while begun.elapsed() < FOR {
            let number = numbers.fetch_add(1, Ordering::Relaxed);
            let sent = Instant::now();
            let fine = match request(number).send().await {
                Ok(answer) => answer.status().is_success() && answer.bytes().await.is_ok(),
                Err(_) => false,
            };
            times.push(sent.elapsed());
            failed += u32::from(!fine);
        }
        (times, failed)
    };
    let results = futures_util::future::join_all((0..CONNECTIONS).map(|_| worker())).await;
    let took = begun.elapsed();
    let failed: u32 = results.iter().map(|(_, failed)| failed).sum();
    let mut times: Vec<Duration> = results.into_iter().flat_map(|(times, _)| times).collect();
    times.sort_unstable();
    let (memory, after) = (server.usage()?.resident, server.usage()?.ticks);
    let at =
        |percent: usize| times.get((times.len() * percent / 100).min(times.len() - 1)).map_or(0, Duration::as_micros);
    let count = times.len() as u128;
    let tenths = |micros: u128| format!("{}.{}", micros / 1_000, micros % 1_000 / 100);
    say(&format!(
        "{name:<28} {:>9} {:>9} {:>9} {:>11} {memory:>10} {failed:>7}",
        count * 1_000 / took.as_millis(),
        tenths(at(50)),
        tenths(at(99)),
        u128::from(after - before) * 10_000 / count,
    ))
}

fn say(line: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout(), "{line}")?)
}
