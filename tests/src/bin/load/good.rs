//! Good clients: each asks for the catalog and for a quote in turn, ten times a second.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use checkout_tests::server::{Failure, Server};

use crate::Times;
use crate::line::Line;

const CLIENTS: u32 = 100;
const FOR: Duration = Duration::from_secs(6);
const PAUSE: Duration = Duration::from_millis(200);

/// The times of their requests, and how many failed.
pub(crate) async fn measure(server: &Server) -> Result<(Times, usize), Failure> {
    let (url, shop) = (server.url("helper", ""), server.text("shop").to_owned());
    let catalog = format!("GET /v1/catalog HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {shop}\r\n\r\n");
    let quote = post("/v1/quotes", &shop, "", r#"{"items":[{"price_id":"pro_monthly"}],"customer":{"country":"DE"}}"#);
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let (mut line, requests) = (Line::new(&url, Ipv4Addr::LOCALHOST), [catalog.clone(), quote.clone()]);
            tokio::spawn(async move {
                let (mut times, mut failed) = (Vec::new(), 0_usize);
                tokio::time::sleep(PAUSE * number / CLIENTS).await;
                let begun = Instant::now();
                for request in requests.iter().cycle() {
                    if begun.elapsed() > FOR {
                        break;
                    }
                    let sent = Instant::now();
                    if line.ask(request.as_bytes()).await == Some(200) {
                        times.push(sent.elapsed());
                    } else {
                        failed += 1;
                    }
                    tokio::time::sleep(PAUSE.saturating_sub(sent.elapsed())).await;
                }
                (times, failed)
            })
        })
        .collect();
    let (mut all, mut failures) = (Vec::new(), 0);
    for client in clients {
        let (times, failed) = client.await?;
        all.extend(times);
        failures += failed;
    }
    Ok((Times(all), failures))
}

/// A request of the shop's page.
pub(crate) fn post(path: &str, shop: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {shop}\r\nContent-Type: application/json\r\n\
         {headers}Content-Length: {length}\r\n\r\n{body}"
    )
}
