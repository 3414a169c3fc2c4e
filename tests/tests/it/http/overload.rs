//! More than can be served, and a provider that does not answer: what is shed, what goes on, and what
//! is finished all the same (G29, G32).

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use checkout_tests::app::{TestApp, read};
use checkout_tests::http::assert_problem;
use checkout_tests::socket::connect;
use checkout_types::checkout::CreatedCheckout;
use futures_util::future::join_all;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
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
    let app = TestApp::start().await;
    let quote = app.quote("pro_monthly", "DE").await;
    app.while_flooded(&quote, shed_and_served(&app)).await;
    // What had a place goes on, also now that its callers are gone.
    for _ in 0..100 {
        if app.sessions() > 0 {
            return;
        }
        tokio::time::sleep(SECOND / 10).await;
    }
    panic!("nothing that had a place went on");
}

async fn shed_and_served(app: &TestApp) {
    let cart = json!({"items": [{"price_id": "pro_monthly"}], "customer": {"country": "DE"}});
    // More than may wait: the last ones are refused at the connection, in the very same words.
    let asked = join_all((0..80).map(|_| app.ask_quote(&cart)));
    let (asked, ()) = tokio::join!(asked, a_page_refuses_in_words(app));
    let mut forms = BTreeSet::new();
    for answer in asked {
        let headers = answer.headers().clone();
        let problem: Value = answer.json().await.unwrap();
        if problem["code"] == "overloaded" {
            assert_eq!(headers[RETRY_AFTER], "1");
            assert_eq!(headers["access-control-allow-origin"], app.ready().shop.as_str(), "the widget may read it");
            forms.insert(form_of(&headers, problem));
        }
    }
    assert_eq!(forms.len(), 1, "{forms:#?}");
    for (number, path) in ["/v1/catalog", "/pay/pro_monthly", "/csp"].into_iter().enumerate() {
        let begun = Instant::now();
        let told = app.deliver(&format!("msg_{number}"), &json!({"type": "nothing.known", "data": {}})).await;
        assert_eq!(told.status(), 200, "webhooks have places of their own");
        assert_eq!(app.get(path).send().await.unwrap().status(), 200, "{path}");
        assert!(begun.elapsed() < SECOND, "{:?}", begun.elapsed());
    }
}

/// An answer but for what differs from one request to the next.
fn form_of(headers: &HeaderMap, mut problem: Value) -> (Vec<String>, String) {
    assert_eq!(problem["request_id"].take(), headers["x-request-id"].to_str().unwrap());
    let same = headers.iter().filter(|(name, _)| !["x-request-id", "date"].contains(&name.as_str()));
    let mut same: Vec<_> = same.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    same.sort_unstable();
    (same, problem.to_string())
}

async fn a_page_refuses_in_words(app: &TestApp) {
    let form = || {
        let form = app.http.post(format!("{}/pay/pro_monthly", app.ready().helper));
        form.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body("step=review").send()
    };
    let pages = join_all((0..40).map(|_| form())).await;
    let refused = pages.into_iter().map(Result::unwrap).find(|page| page.status() == 503).expect("one without a place");
    assert_eq!(refused.headers()[RETRY_AFTER], "1");
    assert!(refused.headers().contains_key("content-security-policy"));
    assert!(refused.text().await.unwrap().contains("more to do than it can"), "people read words");
}

/// The callers of one key wait for its answer, and so many of them that they take no more than half of the
/// places: whoever buys meanwhile is served (S12).
#[tokio::test]
async fn whoever_repeats_one_key_leaves_room_for_those_who_buy() {
    let app = TestApp::start().await;
    let quote = app.quote("pro_monthly", "DE").await;
    app.scenario(json!({"latency_ms": 1_000})).await;
    let order = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
    let robots = join_all((0..256).map(|_| app.ask_checkout("same", &order)));
    let buyers = async {
        tokio::time::sleep(SECOND / 2).await;
        let cart = json!({"items": [{"price_id": "pro_monthly"}], "customer": {"country": "DE"}});
        join_all((0..40).map(|_| app.ask_quote(&cart))).await
    };
    let (robots, buyers) = tokio::join!(robots, buyers);
    assert!(buyers.iter().all(|answer| answer.status() == 200), "all are served");
    let count = |status: u16| robots.iter().filter(|answer| answer.status().as_u16() == status).count();
    assert!(count(201) > 100 && count(201) + count(409) == 256, "{} and {}", count(201), count(409));
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
