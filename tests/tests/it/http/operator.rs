//! The operator's page at its door: who gets in, what may be done with its pages, and that no other
//! page presses its buttons. What it looks like is in `browser/operator.rs`.

use std::collections::BTreeSet;

use checkout_tests::app::TestApp;
use checkout_tests::in_repository;
use checkout_tests::seeing::Left;
use reqwest::Method;
use serde_json::Value;

/// Every page, with what a story put there.
async fn pages(app: &TestApp) -> Vec<String> {
    let created = app.bought("pro_monthly", Some("user/4711")).await;
    let message = app.leave("checkout.paid", &Left { state: "dead", status_code: Some(500), ..Left::default() });
    let event = app.list(&format!("/v1/deliveries/{message}")).await["event"].as_str().unwrap().to_owned();
    [
        "/",
        "/events",
        "/messages",
        "/messages?state=dead",
        "/needs-review",
        "/paid-twice",
        "/stuck",
        "/customers/ref%3Auser%2F4711",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([format!("/events/{event}"), format!("/messages/{message}"), format!("/checkouts/{}", created.id)])
    .collect()
}

#[tokio::test]
async fn only_who_has_the_operators_key_sees_a_page() {
    let app = TestApp::start().await;
    let (key, secret) = (app.ready().operator_key.clone(), app.ready().secret_key.clone());
    let mut asked = 0;
    for path in pages(&app).await {
        let url = format!("{}{path}", app.ready().operations);
        let seen = app.operator_page(Method::GET, &path).send().await.unwrap();
        assert!(seen.status().is_success() || seen.status() == 303, "{path}: {}", seen.status());
        let strangers = [
            app.http.get(&url),
            app.http.get(&url).basic_auth("anybody", Some("wrong")),
            app.http.get(&url).basic_auth("anybody", Some("")),
            app.http.get(&url).basic_auth(&key, None::<&str>),
            app.http.get(&url).basic_auth("anybody", Some(&secret)),
            app.http.get(&url).basic_auth("anybody", Some(&key[1..])),
            app.http.get(&url).bearer_auth(&key),
            app.http.get(&url).header("authorization", "Basic !"),
        ];
        for stranger in strangers {
            let answer = stranger.send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path}");
            let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Basic realm="), "{challenge}");
            let text = answer.text().await.unwrap();
            assert!(text.contains("This page is for operators") && !text.contains("4711"), "{path}: {text}");
            asked += 1;
        }
    }
    println!("{asked} strangers, none let in");
}

#[tokio::test]
async fn no_other_page_presses_its_buttons() {
    let (app, merchant) = TestApp::with_quiet_endpoints().await;
    pages(&app).await;
    let dead = app.list("/v1/deliveries?state=dead").await["items"][0]["id"].as_str().unwrap().to_owned();
    let operations = app.ready().operations.clone();
    let state = async || app.list(&format!("/v1/deliveries/{dead}")).await["state"].clone();
    let mut refused = 0;
    for path in [format!("/messages/{dead}/replay"), "/messages/replay".to_owned(), "/search".to_owned()] {
        let ask = || {
            let request = app.operator_page(Method::POST, &path);
            request.header("content-type", "application/x-www-form-urlencoded").body("state=dead&q=user%2F4711")
        };
        for request in [
            ask(),
            ask().header("origin", "https://evil.example"),
            ask().header("origin", "null"),
            ask().header("origin", &app.ready().shop),
            ask().header("origin", &operations).header("sec-fetch-site", "cross-site"),
            ask().header("origin", &operations).header("sec-fetch-site", "same-site"),
            ask().header("sec-fetch-site", "none"),
        ] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 403, "{path}");
            assert!(answer.text().await.unwrap().contains("That did not come from this page"));
            refused += 1;
        }
    }
    assert_eq!(state().await, "dead");
    let pressed = app.press(&format!("/messages/{dead}/replay"), "back=%2Fmessages").await;
    assert_eq!(
        (pressed.status().as_u16(), pressed.headers()["location"].to_str().unwrap()),
        (303, "/messages?replayed=1")
    );
    app.arrived(&dead).await;
    assert_eq!(merchant.received().len(), 1);
    println!("{refused} presses from elsewhere, none counted");
}

#[tokio::test]
async fn its_pages_run_nothing_and_stand_in_no_frame() {
    let app = TestApp::start().await;
    for path in pages(&app).await {
        let answer = app.operator_page(Method::GET, &path).send().await.unwrap();
        if answer.status() == 303 {
            continue;
        }
        let headers = answer.headers().clone();
        assert_eq!(
            headers["content-security-policy"],
            "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "{path}"
        );
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        let text = answer.text().await.unwrap();
        for never in ["<script", "javascript:", " style=", " onclick", "http-equiv", &app.ready().operator_key] {
            assert!(!text.contains(never), "{path} holds {never}");
        }
    }
    let missing = app.operator_page(Method::GET, "/messages/msg_0").send().await.unwrap();
    assert_eq!(missing.status(), 404);
    assert!(missing.text().await.unwrap().contains("There is nothing here"));
}

#[tokio::test]
async fn a_search_finds_by_whatever_somebody_has_at_hand() {
    let app = TestApp::start().await;
    let mine = app.bought("pro_monthly", Some("user_1")).await;
    let guest = app.bought("desktop_license", None).await;
    let payment = app.list(&format!("/v1/payments?checkout={}", mine.id)).await["items"][0]["id"].clone();
    let subscription = app.list("/v1/subscriptions").await["items"][0]["id"].clone();
    let event = app.list("/v1/events").await["items"][0]["id"].as_str().unwrap().to_owned();
    let leads = async |text: &str| {
        let answer = app.press("/search", &format!("q={}", text.replace('@', "%40"))).await;
        let to = answer.headers().get("location").map(|to| to.to_str().unwrap().to_owned());
        (to, answer.text().await.unwrap())
    };
    let user = Some("/customers/ref%3Auser%5F1".to_owned());
    for text in ["user_1", " user_1 ", &mine.id, payment.as_str().unwrap(), subscription.as_str().unwrap()] {
        assert_eq!(leads(text).await.0, user, "{text}");
    }
    let page = format!("/customers/co%3A{}", guest.id.replace('_', "%5F"));
    assert_eq!(leads(&guest.id).await.0, Some(page));
    assert_eq!(leads(&event).await.0, Some(format!("/events/{event}")));
    let (to, text) = leads("nobody@example.org").await;
    assert!(to.is_none() && text.contains("Nobody is known by"), "{text}");
    let (to, text) = leads("").await;
    assert!(to.is_none() && text.contains("Say whom to look for"), "{text}");
    // Not as markup, whatever was typed.
    let (_, text) = leads("%3Cb%3Ehello%3C%2Fb%3E").await;
    assert!(text.contains("&lt;b&gt;hello") && !text.contains("<b>hello"), "{text}");
}

#[tokio::test]
async fn every_expression_of_the_dashboard_names_metrics_that_are_there() {
    let app = TestApp::start().await;
    app.bought("pro_monthly", Some("user_1")).await;
    let told = app.metrics().await;
    let there: BTreeSet<&str> = told.lines().filter_map(|line| line.split(['{', ' ']).next()).collect();
    let text = std::fs::read_to_string(in_repository("docs/grafana-dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let (mut expressions, mut named) = (0, BTreeSet::new());
    for expression in targets.map(|target| target["expr"].as_str().unwrap()) {
        let words = expression.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
        let metrics: Vec<&str> = words.filter(|word| word.starts_with("checkout_")).collect();
        assert!(!metrics.is_empty(), "{expression}");
        for metric in metrics {
            assert!(there.contains(metric), "{metric} of {expression} is not in /metrics");
            named.insert(metric);
        }
        expressions += 1;
    }
    assert!(expressions >= 25, "{expressions}");
    println!("{expressions} expressions about {} metrics, all there", named.len());
    // And what it shows is written down for whoever reads.
    let manual = std::fs::read_to_string(in_repository("docs/operations.md")).unwrap();
    for metric in ["checkout_webhook_lag_seconds", "checkout_revenue_minor_units_total", "checkout_outbox_messages"] {
        assert!(manual.contains(metric), "{metric}");
    }
}
