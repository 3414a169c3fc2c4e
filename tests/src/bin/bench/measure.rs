//! Keeps all connections busy for a while, and prints a row.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use checkout_tests::server::{Failure, Server};
use reqwest::RequestBuilder;

use crate::{CONNECTIONS, FOR, say};

/// One row of the table.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// Answers a second.
    pub(crate) rate: u128,
    /// Microseconds that 99 of 100 answers stayed below.
    pub(crate) p99: u128,
    /// Microseconds of the server's processor time for each.
    pub(crate) processor: u128,
}

/// Says what the columns are.
pub(crate) fn header() -> Result<(), Failure> {
    say(&format!(
        "{:<34} {:>9} {:>9} {:>9} {:>11} {:>10} {:>7}",
        "", "per s", "p50 ms", "p99 ms", "cpu us each", "memory KiB", "failed"
    ))
}

/// Sends request after request for [`FOR`], over all connections; each gets a number of its own.
pub(crate) async fn measure(
    server: &Server,
    name: &str,
    request: impl Fn(usize) -> RequestBuilder,
) -> Result<Row, Failure> {
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
    let row = Row {
        rate: count * 1_000 / took.as_millis(),
        p99: at(99),
        processor: u128::from(after - before) * 10_000 / count,
    };
    let tenths = |micros: u128| format!("{}.{}", micros / 1_000, micros % 1_000 / 100);
    say(&format!(
        "{name:<34} {:>9} {:>9} {:>9} {:>11} {memory:>10} {failed:>7}",
        row.rate,
        tenths(at(50)),
        tenths(row.p99),
        row.processor,
    ))?;
    Ok(row)
}
