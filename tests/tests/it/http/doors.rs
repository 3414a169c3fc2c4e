//! Who may come in, and what every answer looks like.

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::http::assert_problem;
use checkout_types::CheckoutStatus;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, HOST, ORIGIN};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn only_listed_origins_may_use_the_browser_routes() {
    let app = TestApp::start().await;
    let shop = app.ready().shop.clone();
    let url = format!("{}/v1/catalog", app.ready().helper);
    let listed = app.http.get(&url).header(ORIGIN, &shop).send().await.unwrap();
    assert_eq!(listed.status(), 200);
    assert_eq!(listed.headers()["access-control-allow-origin"], shop.as_str());
    assert_eq!(listed.headers()["vary"], "Origin");
    assert!(!listed.headers().contains_key("access-control-allow-credentials"));

    for origin in [
        "null".to_owned(),
        format!("{shop}.evil.example"),
        format!("{shop}/"),
        shop.replace("http://", "https://"),
        shop.to_uppercase(),
        format!("{shop}1"),
        "http://127.0.0.1".to_owned(),
        "https://evil.example".to_owned(),
        "chrome-extension://abc".to_owned(),
        "*".to_owned(),
        String::new(),
    ] {
        let answer = app.http.get(&url).header(ORIGIN, &origin).send().await.unwrap();
        assert!(!answer.headers().contains_key("access-control-allow-origin"), "{origin}");
        assert_problem(answer, 403, "origin_not_allowed").await;
    }
    let twice = app.http.get(&url).header(ORIGIN, &shop).header(ORIGIN, &shop).send().await.unwrap();
    assert_problem(twice, 403, "origin_not_allowed").await;
    assert_problem(app.http.get(&url).send().await.unwrap(), 403, "origin_not_allowed").await;
}

#[tokio::test]
async fn a_preflight_names_what_is_allowed_and_nothing_else() {
    let app = TestApp::start().await;
    let ask = |origin: &str, method: &str, headers: &str| {
        app.http
            .request(Method::OPTIONS, format!("{}/v1/checkouts", app.ready().helper))
            .header(ORIGIN, origin)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", headers)
            .send()
    };
    let shop = app.ready().shop.clone();
    let fine = ask(&shop, "POST", "content-type,idempotency-key").await.unwrap();
    assert_eq!(fine.status(), 204);
    assert_eq!(fine.headers()["access-control-max-age"], "7200");
    for (origin, method, headers) in
        [("https://evil.example", "POST", ""), (shop.as_str(), "DELETE", ""), (shop.as_str(), "POST", "x-evil")]
    {
        assert_problem(ask(origin, method, headers).await.unwrap(), 403, "origin_not_allowed").await;
    }
}

#[tokio::test]
async fn a_secret_key_is_for_servers() {
    let app = TestApp::start().await;
    let url = format!("{}/v1/catalog", app.ready().helper);
    let server = app.http.get(&url).bearer_auth(&app.ready().secret_key).send().await.unwrap();
    assert_eq!(server.status(), 200);
    let browser = app.get("/v1/catalog").bearer_auth(&app.ready().secret_key).send().await.unwrap();
    assert_problem(browser, 403, "secret_key_in_browser").await;
}

#[tokio::test]
async fn what_is_not_yours_looks_like_what_is_not_there() {
    let app = TestApp::start().await;
    let mine = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let other = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let mut bodies = Vec::new();
    for (id, secret) in [
        (mine.id.as_str(), other.client_secret.as_str()),
        ("co_00000000000000000000000000000000", mine.client_secret.as_str()),
        (mine.id.as_str(), ""),
        (mine.id.as_str(), app.ready().secret_key.as_str()),
    ] {
        for path in ["", "/events"] {
            let request = app.http.get(format!("{}/v1/checkouts/{id}{path}", app.ready().helper));
            let request = request.header(ORIGIN, &app.ready().shop).header(AUTHORIZATION, format!("Bearer {secret}"));
            let answer = request.send().await.unwrap();
            if secret == app.ready().secret_key {
                assert_problem(answer, 403, "secret_key_in_browser").await;
            } else {
                let mut problem = assert_problem(answer, 404, "not_found").await;
                problem["request_id"] = json!(null);
                bodies.push(problem);
            }
        }
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "one body for all");
}

#[tokio::test]
async fn a_host_that_is_not_ours_is_misdirected() {
    let app = TestApp::start().await;
    let answer = app.get("/v1/catalog").header(HOST, "evil.example").send().await.unwrap();
    assert_problem(answer, 421, "unknown_host").await;
    let answer = raw(&app, "GET /v1/catalog HTTP/1.1\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("bad_host"), "{answer}");
    let answer =
        raw(&app, "GET http://evil.example/csp HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
    let answer = raw(&app, "GET /csp HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
}

/// Bytes as no client library would send them.
async fn raw(app: &TestApp, request: &str) -> String {
    let mut stream = TcpStream::connect(app.ready().helper.trim_start_matches("http://")).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn what_is_not_http_is_closed_and_what_is_too_much_is_refused() {
    let app = TestApp::start().await;
    let host = "Host: 127.0.0.1\r\n";
    let many = (0..120).map(|number| format!("X-{number}: 1\r\n")).collect::<Vec<_>>().concat();
    for (request, expected) in [
        (format!("GET /csp HTTP/1.1\r\n{host}{many}Connection: close\r\n\r\n"), "431"),
        (format!("GET /{} HTTP/1.1\r\n{host}\r\n", "a".repeat(70_000)), "431"),
        (format!("GET /csp HTTP/1.1\r\n{host}X: a\0b\r\n\r\n"), "400"),
        (format!("GET /csp HTTP/1.1\r\n{host}X : a\r\n\r\n"), "400"),
        (format!("POST /v1/quotes HTTP/1.1\r\n{host}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}}"), "400"),
        (
            format!(
                "POST /csp HTTP/1.1\r\n{host}Transfer-Encoding: gzip, chunked\r\nConnection: close\r\n\r\n0\r\n\r\n"
            ),
            "400",
        ),
        (format!("GET /csp HTTP/1.1\r\n{host}X: {}\r\n\r\n", "a".repeat(40_000)), "431"),
        ("\u{16}\u{3}\u{1}\u{2}\u{0}".repeat(9), "400"),
    ] {
        let answer = raw(&app, &request).await;
        let head = answer.lines().next().unwrap_or_default();
        assert!(head.contains(expected), "{expected}: {head}");
    }
    assert_eq!(app.get("/csp").send().await.unwrap().status(), 200, "it goes on");
}

#[tokio::test]
async fn paths_and_methods_that_are_none_are_problems_too() {
    let app = TestApp::start().await;
    for path in ["/nothing", "//v1/catalog", "/v1/catalog/", "/v1/checkouts/x/y", "/pay", "/assets/x"] {
        assert_problem(app.get(path).send().await.unwrap(), 404, "not_found").await;
    }
    for (method, path, allow) in [
        (Method::GET, "/v1/quotes", "POST"),
        (Method::PUT, "/v1/checkouts", "POST,GET,HEAD"),
        (Method::DELETE, "/webhooks/dodo", "POST"),
    ] {
        let request = app.http.request(method, format!("{}{path}", app.ready().helper));
        let answer = request.header(ORIGIN, &app.ready().shop).send().await.unwrap();
        assert_eq!(answer.headers().get("allow").map(|allow| allow.to_str().unwrap()), Some(allow), "{path}");
        assert_problem(answer, 405, "method_not_allowed").await;
    }
}

#[tokio::test]
async fn operations_are_on_their_own_listener() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    for (path, expected) in [("/healthz", "ok"), ("/readyz", "ready")] {
        let answer = app.http.get(format!("{}{path}", app.ready().operations)).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(answer.text().await.unwrap().contains(expected));
    }
    assert_eq!(app.http.get(format!("{}/metrics", app.ready().operations)).send().await.unwrap().status(), 200);
    assert_problem(app.get("/metrics").send().await.unwrap(), 404, "not_found").await;
}

#[tokio::test]
async fn a_web_page_cannot_order_the_sandbox_about() {
    let app = TestApp::start().await;
    let url = format!("{}/control/webhooks/send", app.ready().sandbox);
    let body = r#"{"type":"payment.succeeded","data":{}}"#;
    let page =
        app.http.post(&url).header(ORIGIN, "https://evil.example").header("content-type", "text/plain").body(body);
    assert_eq!(page.send().await.unwrap().status(), 403);
    let rebound = app.http.get(format!("{}/control/state", app.ready().sandbox)).header(HOST, "rebind.evil.example");
    assert_eq!(rebound.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn the_merchants_own_server_may_ask_after_an_order() {
    let app = TestApp::start().await;
    let created = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let url = format!("{}/v1/checkouts/{}", app.ready().helper, created.id);
    for key in [&app.ready().secret_key, &created.client_secret] {
        assert_eq!(app.http.get(&url).bearer_auth(key).send().await.unwrap().status(), 200);
    }
    let nobody = app.http.get(&url).bearer_auth("cs_nobody").send().await.unwrap();
    assert_problem(nobody, 404, "not_found").await;
}
