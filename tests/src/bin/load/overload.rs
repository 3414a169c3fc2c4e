//! The most orders a second, and what is left of them when three times as many come.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use checkout_server::clock::Clock;
use checkout_server::signature::SigningSecret;
use checkout_tests::http::client;
use checkout_tests::server::{Failure, Server};
use checkout_tests::signing::signed_headers;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::good::post;
use crate::line::Line;
use crate::{Times, millis, say};

const CLOSED_FOR: Duration = Duration::from_secs(4);
const OPEN_FOR: Duration = Duration::from_secs(10);
/// How many times the capacity comes.
const TIMES: usize = 3;
/// The generator's connections at most.
const LINES: usize = 1_500;
/// An answer that takes longer is of no use to a buyer.
const USEFUL: Duration = Duration::from_secs(5);

/// One shop's orders: each has a key of its own.
struct Orders {
    helper: String,
    shop: String,
    body: String,
    number: AtomicUsize,
}

impl Orders {
    fn next(&self) -> String {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        post("/v1/checkouts", &self.shop, &format!("Idempotency-Key: load-{number}\r\n"), &self.body)
    }

    /// From this machine itself, whose orders nobody counts.
    fn line(&self) -> Line {
        Line::new(&self.helper, Ipv4Addr::LOCALHOST)
    }
}

/// What became of the orders that were sent.
#[derive(Default)]
struct Outcome {
    made: usize,
    late: usize,
    shed: usize,
    failed: usize,
    unsent: usize,
    made_in: Vec<Duration>,
    shed_in: Vec<Duration>,
}

impl Outcome {
    fn count(&mut self, status: Option<u16>, took: Duration) {
        match status {
            Some(201) if took <= USEFUL => {
                self.made += 1;
                self.made_in.push(took);
            }
            Some(201) => self.late += 1,
            Some(503) => {
                self.shed += 1;
                self.shed_in.push(took);
            }
            _ => self.failed += 1,
        }
    }
}

pub(crate) async fn measure(server: &Server) -> Result<(), Failure> {
    let http = client();
    let shop = server.text("shop").to_owned();
    let cart = json!({"items": [{"price_id": "pro_monthly"}], "customer": {"country": "DE"}});
    let quote = http.post(server.url("helper", "/v1/quotes")).header("origin", &shop).json(&cart).send().await?;
    let quote: Value = quote.json().await?;
    let body = json!({"quote_token": quote["quote_token"], "customer": {"email": "ada@example.com"}}).to_string();
    let orders = Arc::new(Orders { helper: server.url("helper", ""), shop, body, number: AtomicUsize::new(0) });

    say("\n(b) orders; the helper under a flood")?;
    let mut peak = 0;
    for connections in [16, 16, 64, 256] {
        let before = server.usage()?.ticks;
        let outcome = closed(&orders, connections).await?;
        let busy = (server.usage()?.ticks - before) / CLOSED_FOR.as_secs();
        let rate = outcome.made * 1_000 / usize::try_from(CLOSED_FOR.as_millis())?;
        let p99 = Times(outcome.made_in).percentile(99);
        say(&format!(
            "closed loop, {connections:>3} connections: {rate:>6} a second, p99 {} ms, {} shed, {} failed, \
             {busy} % of a processor",
            millis(p99),
            outcome.shed,
            outcome.failed
        ))?;
        peak = peak.max(rate);
    }

    let before = server.usage()?;
    let webhooks =
        tokio::spawn(webhooks(server.url("helper", "/webhooks/dodo"), server.text("webhook_secret").to_owned()));
    let outcome = open(&orders, peak * TIMES).await?;
    let (mut acks, refused) = webhooks.await??;
    let after = server.usage()?;
    let rate = outcome.made * 1_000 / usize::try_from(OPEN_FOR.as_millis())?;
    let (made, shed) = (&mut Times(outcome.made_in), &mut Times(outcome.shed_in));
    say(&format!("open loop, {} a second for {} s", peak * TIMES, OPEN_FOR.as_secs()))?;
    say(&format!("  goodput {rate} a second, {} % of the peak (aim: at least 90 %)", rate * 100 / peak.max(1)))?;
    say(&format!(
        "  made p50 {} ms, p99 {} ms; {} too late",
        millis(made.percentile(50)),
        millis(made.percentile(99)),
        outcome.late
    ))?;
    say(&format!(
        "  shed {}: p50 {} ms, p99 {} ms",
        outcome.shed,
        millis(shed.percentile(50)),
        millis(shed.percentile(99))
    ))?;
    say(&format!("  {} without an answer, {} not sent for want of a connection", outcome.failed, outcome.unsent))?;
    say(&format!(
        "  webhooks: p99 {} ms, {refused} of {} refused (aim: 1 s, 0)",
        millis(acks.percentile(99)),
        acks.0.len()
    ))?;
    say(&format!(
        "  helper: {} MiB at its highest (aim: 256), {} % of a processor",
        after.peak / 1_024,
        (after.ticks - before.ticks) * 100 / (OPEN_FOR.as_secs() * 100)
    ))
}

/// Each connection sends its next order when the last is answered.
async fn closed(orders: &Arc<Orders>, connections: usize) -> Result<Outcome, Failure> {
    let begun = Instant::now();
    let workers: Vec<_> = (0..connections)
        .map(|_| {
            let (orders, mut line) = (Arc::clone(orders), orders.line());
            tokio::spawn(async move {
                let mut outcome = Outcome::default();
                while begun.elapsed() < CLOSED_FOR {
                    let sent = Instant::now();
                    let status = line.ask(orders.next().as_bytes()).await;
                    outcome.count(status, sent.elapsed());
                }
                outcome
            })
        })
        .collect();
    let mut all = Outcome::default();
    for worker in workers {
        let Outcome { made, late, shed, failed, made_in, .. } = worker.await?;
        all.made += made + late;
        all.shed += shed;
        all.failed += failed;
        all.made_in.extend(made_in);
    }
    Ok(all)
}

/// Orders come on a schedule, whatever becomes of those before; times count from the schedule.
async fn open(orders: &Arc<Orders>, rate: usize) -> Result<Outcome, Failure> {
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let (idle, mut free) = mpsc::unbounded_channel();
    for _ in 0..LINES {
        idle.send(orders.line())?;
    }
    let begun = Instant::now();
    let mut sent = 0_usize;
    while begun.elapsed() < OPEN_FOR {
        let due = usize::try_from(begun.elapsed().as_micros())? * rate / 1_000_000;
        while sent < due {
            sent += 1;
            let Ok(mut line) = free.try_recv() else {
                outcome.lock().expect("no panics").unsent += 1;
                continue;
            };
            let (request, idle, outcome, scheduled) =
                (orders.next(), idle.clone(), Arc::clone(&outcome), Instant::now());
            tokio::spawn(async move {
                let asked = tokio::time::timeout(USEFUL * 2, line.ask(request.as_bytes())).await;
                outcome.lock().expect("no panics").count(asked.ok().flatten(), scheduled.elapsed());
                drop(idle.send(line));
            });
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    // What was sent in time is answered in time.
    tokio::time::sleep(USEFUL).await;
    let taken = std::mem::take(&mut *outcome.lock().expect("no panics"));
    Ok(taken)
}

/// Twenty deliveries a second for as long as the orders come: their times, and how many were refused.
async fn webhooks(url: String, secret: String) -> Result<(Times, usize), String> {
    let secret = SigningSecret::parse(&secret).map_err(|error| error.to_string())?;
    let (http, mut times, mut refused) = (client(), Vec::new(), 0);
    let mut deliveries = Vec::new();
    for number in 0..OPEN_FOR.as_secs() * 20 {
        let body = json!({"type": "nothing.known", "data": {}, "number": number}).to_string().into_bytes();
        let headers = signed_headers(&secret, &format!("msg_load{number}"), Clock::wall().as_second(), &body);
        let request = http.post(&url).headers(headers).body(body);
        deliveries.push(tokio::spawn(async move {
            let sent = Instant::now();
            (request.send().await.is_ok_and(|answer| answer.status() == 200), sent.elapsed())
        }));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for delivery in deliveries {
        let (accepted, took) = delivery.await.map_err(|error| error.to_string())?;
        times.push(took);
        refused += usize::from(!accepted);
    }
    Ok((Times(times), refused))
}
