//! More than can be served, and a provider that does not answer: what is shed, what goes on, and what
//! is finished all the same (G29, G32).

use std::sync::Arc;
use std::time::{Duration, Instant};

use checkout_tests::app::{TestApp, read};
use checkout_tests::http::assert_problem;
use checkout_tests::socket::connect;
use checkout_types::checkout::CreatedCheckout;
use futures_util::future::join_all;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_buyer_who_goes_away_finds_the_order_made() {
    let app = TestApp::start().await;
    let quote = app.quote("pro_monthly", "DE").await;
    app.scenario(json!({"latency_ms": 600})).await;
    let order = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
    let body = order.to_string();
    let mut stream = connect(&app.ready().helper).await;
    let request = format!(
        "POST /v1/checkouts HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {}\r\nIdempotency-Key: gone\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        app.ready().shop,
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    tokio::time::sleep(SECOND / 3).await;
    drop(stream);
    assert_eq!(app.sessions(), 0, "the provider has not even been asked");
    tokio::time::sleep(SECOND * 2).await;
    assert_eq!(app.sessions(), 1, "what was begun was finished");
    let answer = app.ask_checkout("gone", &order).await;
    assert_eq!(answer.headers()["idempotent-replayed"], "true");
    let created: CreatedCheckout = read(answer, 201).await;
    assert!(created.url.starts_with("http"));
    assert_eq!(app.sessions(), 1);
}

#[tokio::test]
async fn a_hundred_callers_with_one_key_are_all_served() {
    let app = TestApp::start().await;
    let quote = app.quote("pro_monthly", "DE").await;
    app.scenario(json!({"latency_ms": 300})).await;
    let order = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
    let answers = join_all((0..100).map(|_| app.ask_checkout("one", &order))).await;
    let mut bodies = Vec::new();
    for answer in answers {
        bodies.push(read::<Value>(answer, 201).await);
    }
    bodies.dedup();
    assert_eq!((bodies.len(), app.sessions()), (1, 1));
}

#[tokio::test]
async fn orders_are_shed_quickly_and_take_nothing_from_the_rest() {
    let app = Arc::new(TestApp::start().await);
    let cart = json!({"items": [{"price_id": "pro_monthly"}], "customer": {"country": "DE"}});
    let quote = app.quote("pro_monthly", "DE").await;
    app.scenario(json!({"latency_ms": 4_000})).await;
    // One waits for the provider, 255 for its answer, and the places of all orders are taken.
    let flood = tokio::spawn({
        let app = Arc::clone(&app);
        let order = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
        async move { join_all((0..300).map(|_| app.ask_checkout("same", &order))).await }
    });
    tokio::time::sleep(SECOND * 2).await;

    let mut quickest = SECOND;
    for _ in 0..10 {
        let begun = Instant::now();
        let answer = app.ask_quote(&cart).await;
        quickest = quickest.min(begun.elapsed());
        assert_eq!(answer.headers()[RETRY_AFTER], "1");
        assert_problem(answer, 503, "overloaded").await;
    }
    assert!(quickest < Duration::from_millis(60), "{quickest:?}");
    // More than may wait: the last ones are refused at the connection, in the very same words.
    let flood_of_quotes = join_all((0..80).map(|_| app.ask_quote(&cart))).await;
    let mut forms = std::collections::BTreeSet::new();
    for answer in flood_of_quotes {
        let headers = answer.headers().clone();
        assert_eq!(headers["access-control-allow-origin"], app.ready().shop.as_str(), "the widget may read it");
        let mut problem = assert_problem(answer, 503, "overloaded").await;
        assert_eq!(problem["request_id"].take(), headers["x-request-id"].to_str().unwrap());
        let mut headers: Vec<_> = headers
            .iter()
            .filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()))
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        headers.sort_unstable();
        forms.insert((headers, problem.to_string()));
    }
    assert_eq!(forms.len(), 1, "{forms:#?}");
    let form = app.http.post(format!("{}/pay/pro_monthly", app.ready().helper));
    let form = form.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body("step=review");
    let page = form.send().await.unwrap();
    assert_eq!(page.status(), 503);
    assert_eq!(page.headers()[RETRY_AFTER], "1");
    assert!(page.headers().contains_key("content-security-policy"));
    assert!(page.text().await.unwrap().contains("more to do than it can"), "people read words");

    for (number, path) in ["/v1/catalog", "/pay/pro_monthly", "/csp"].into_iter().enumerate() {
        let begun = Instant::now();
        let told = app.deliver(&format!("msg_{number}"), &json!({"type": "nothing.known", "data": {}})).await;
        assert_eq!(told.status(), 200, "webhooks have places of their own");
        assert_eq!(app.get(path).send().await.unwrap().status(), 200, "{path}");
        assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
    }
    let mut statuses: Vec<u16> = flood.await.unwrap().iter().map(|answer| answer.status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[255], statuses[256]), (201, 503), "256 places, and nobody who had one was dropped");
    assert_eq!(app.sessions(), 1);
}

#[tokio::test]
async fn a_provider_that_takes_half_a_minute_harms_nobody_else() {
    let app = TestApp::start().await;
    let quote = app.quote("pro_monthly", "DE").await;
    app.scenario(json!({"latency_ms": 30_000})).await;
    let order = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
    let checkouts = join_all((0..100).map(async |number| {
        let begun = Instant::now();
        let answer = app.ask_checkout(&format!("slow-{number}"), &order).await;
        (begun.elapsed(), answer)
    }));
    let others = async {
        let mut slowest = Duration::ZERO;
        for number in 0..80 {
            let begun = Instant::now();
            assert_eq!(app.get("/v1/catalog").send().await.unwrap().status(), 200);
            let told = app.deliver(&format!("msg_{number}"), &json!({"type": "nothing.known", "data": {}})).await;
            assert_eq!(told.status(), 200);
            slowest = slowest.max(begun.elapsed());
            tokio::time::sleep(SECOND / 10).await;
        }
        slowest
    };
    let (answers, slowest) = tokio::join!(checkouts, others);
    assert!(slowest < SECOND, "others waited {slowest:?}");
    for (took, answer) in answers {
        assert!(took < SECOND * 12, "{took:?}");
        assert!(answer.headers().contains_key(RETRY_AFTER));
        assert_problem(answer, 503, "provider_unavailable").await;
    }
    // Now it is known: nobody waits for it any more.
    let begun = Instant::now();
    assert_problem(app.ask_checkout("after", &order).await, 503, "provider_unavailable").await;
    assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
    assert_eq!(app.sessions(), 0, "nothing was made that nobody heard of");

    app.scenario(json!({"latency_ms": 0})).await;
    tokio::time::sleep(SECOND * 5).await;
    let created: CreatedCheckout = read(app.ask_checkout("slow-0", &order).await, 201).await;
    assert_eq!(app.sessions(), 1, "{} was made with the same key", created.id);
}
