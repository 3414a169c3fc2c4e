//! Webhook deliveries that are malformed in ways that `webhooks.rs` does not tell of.

use checkout_server::clock::Clock;
use checkout_server::signature::SigningSecret;
use checkout_tests::app::TestApp;
use checkout_tests::http::assert_problem;
use checkout_tests::signing::signed_headers;
use reqwest::header::HeaderMap;
use serde_json::json;

const BODY: &[u8] = br#"{"type":"moon.landed","data":{}}"#;

fn signed(app: &TestApp, id: &str, off: i64) -> HeaderMap {
    let secret = SigningSecret::parse(&app.ready().webhook_secret).unwrap();
    signed_headers(&secret, id, Clock::wall().as_second() + off, BODY)
}

#[tokio::test]
async fn signatures_that_are_none_are_answered_alike() {
    let app = TestApp::start().await;
    let url = format!("{}/webhooks/dodo", app.ready().helper);
    let good = signed(&app, "msg_1", 0)["webhook-signature"].to_str().unwrap().to_owned();
    let encoded = good.strip_prefix("v1,").unwrap();
    let many = format!("{}{good}", "v1,AAAA ".repeat(16));
    let crowd = format!("{}{good}", "v1,A= ".repeat(2_000));
    let mut bodies = std::collections::BTreeSet::new();
    for signature in [
        "v1,",
        "v1",
        "v2,AAAA",
        &good[..good.len() - 4],
        &good.replacen("v1,", "v2,", 1),
        &good.replacen("v1,", "V1,", 1),
        &good.replacen("v1,", "v1, ", 1),
        &good.replace('=', ""),
        &format!("{good}="),
        &encoded.to_lowercase(),
        encoded,
        "v1,!!!",
        &many,
        &crowd,
    ] {
        let mut headers = signed(&app, "msg_1", 0);
        headers.insert("webhook-signature", signature.parse().unwrap());
        let answer = app.http.post(&url).headers(headers).body(BODY).send().await.unwrap();
        let mut problem = assert_problem(answer, 401, "webhook_signature_invalid").await;
        problem["request_id"] = json!(null);
        bodies.insert(problem.to_string());
    }
    assert_eq!(bodies.len(), 1, "one constant body");
}

#[tokio::test]
async fn times_that_are_none_and_times_that_are_far() {
    let app = TestApp::start().await;
    let url = format!("{}/webhooks/dodo", app.ready().helper);
    for time in ["now", "-1", "+1", "1e9", "0x1", "1.0", "01", " ", "99999999999999999999", "１"] {
        let mut headers = signed(&app, "msg_1", 0);
        headers.insert("webhook-timestamp", reqwest::header::HeaderValue::from_bytes(time.as_bytes()).unwrap());
        let answer = app.http.post(&url).headers(headers).body(BODY).send().await.unwrap();
        assert_problem(answer, 400, "webhook_header_missing").await;
    }
    for off in [-302, 302] {
        let stale = app.http.post(&url).headers(signed(&app, "msg_1", off)).body(BODY);
        assert_problem(stale.send().await.unwrap(), 400, "webhook_timestamp_out_of_tolerance").await;
    }
    let metrics = app.http.get(format!("{}/metrics", app.ready().operations)).send().await.unwrap();
    assert!(metrics.text().await.unwrap().contains(r#"checkout_webhooks_refused_total{reason="timestamp"}"#));
}

#[tokio::test]
async fn a_thousand_repeats_change_nothing() {
    let app = TestApp::start().await;
    let url = format!("{}/webhooks/dodo", app.ready().helper);
    let headers = signed(&app, "msg_1", 0);
    for _ in 0..1_000 {
        let answer = app.http.post(&url).headers(headers.clone()).body(BODY).send().await.unwrap();
        assert_eq!(answer.status(), 200);
    }
    let database = rusqlite::Connection::open(app.database()).unwrap();
    let kept: i64 = database.query_row("SELECT count(*) FROM notices", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn while_the_store_is_down_the_provider_is_asked_to_come_again() {
    let app = TestApp::start().await;
    let other = rusqlite::Connection::open(app.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let url = format!("{}/webhooks/dodo", app.ready().helper);
    let answer = app.http.post(&url).headers(signed(&app, "msg_1", 0)).body(BODY).send().await.unwrap();
    assert!(answer.headers().contains_key("retry-after"));
    assert_problem(answer, 503, "storage_unavailable").await;
    other.execute_batch("ROLLBACK").unwrap();
    let again = app.http.post(&url).headers(signed(&app, "msg_1", 0)).body(BODY).send().await.unwrap();
    assert_eq!(again.status(), 200);
}
