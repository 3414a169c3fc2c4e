use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use tower::ServiceExt as _;

use super::*;
use crate::clock::Clock;

const EXAMPLE: &str = include_str!("../../../catalog.example.toml");

const ENDPOINT_SECRET: &str = "whsec_ZGVtby1vbmx5LXNlY3JldC0wMDAwMDAwMDA=";

fn activity() -> Activity {
    Activity::new(Clock::default())
}

fn shop(activity: Activity, sandbox_control: &str) -> Router {
    router(DemoConfig {
        helper_url: "http://127.0.0.1:4243".to_owned(),
        sandbox_url: "http://127.0.0.1:4245".to_owned(),
        activity,
        mailbox: Mailbox::new(Clock::default()),
        catalog: Catalog::parse(EXAMPLE).unwrap(),
        sandbox_control: sandbox_control.to_owned(),
        operations_url: "http://127.0.0.1:4244".to_owned(),
        operator_key: "op_demo_of_a_test".to_owned(),
        endpoint_secret: SigningSecret::parse(ENDPOINT_SECRET).unwrap(),
        secret_key: "sk_demo_of_a_test".to_owned().into(),
    })
}

async fn ask(router: &Router, request: Request<Body>) -> Response {
    router.clone().oneshot(request).await.unwrap()
}

fn get_request(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

fn told(activity: &Activity) -> Vec<String> {
    activity.since(0).entries.into_iter().map(|entry| entry.text).collect()
}

#[tokio::test]
async fn every_page_renders_and_sells_through_the_helper() {
    let shop = shop(activity(), "");
    for (path, status, sells) in [
        ("/", StatusCode::OK, r#"<checkout-button price-id="pro_monthly">Upgrade to Pro</checkout-button>"#),
        ("/?checkout_return=co_1", StatusCode::OK, r#"price-id="workshop_kuwait_seat""#),
        ("/app", StatusCode::OK, r#"price-id="team_monthly""#),
        ("/inline", StatusCode::OK, r#"<checkout-inline price-id="handbook_ebook" payment="frame">"#),
        ("/elsewhere", StatusCode::NOT_FOUND, "nothing at this address"),
        ("/files/elsewhere", StatusCode::NOT_FOUND, "nothing at this address"),
    ] {
        let response = ask(&shop, get_request(path)).await;
        assert_eq!(response.status(), status, "{path}");
        let html = text(response).await;
        assert!(html.contains(sells), "{path}: {html}");
        assert!(html.contains(r#"src="http:&#x2f;&#x2f;127.0.0.1:4243/checkout.js""#), "{path}: {html}");
    }
}

#[tokio::test]
async fn every_price_that_a_page_names_is_in_the_catalog() {
    let catalog = Catalog::parse(EXAMPLE).unwrap();
    let shop = shop(activity(), "");
    for path in ["/", "/app", "/inline"] {
        let html = text(ask(&shop, get_request(path)).await).await;
        let named: Vec<&str> = html.split("price-id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(!named.is_empty(), "{path}");
        for id in named {
            assert!(catalog.price(id).is_some(), "{path} names {id:?}");
        }
        assert!(!html.contains("<b></b>"), "{path} has a price that is not shown");
    }
}

#[tokio::test]
async fn the_pages_live_under_a_strict_policy() {
    let shop = shop(activity(), "");
    for path in ["/", "/app", "/inline", "/files/shop.css", "/elsewhere"] {
        let response = ask(&shop, get_request(path)).await;
        assert_eq!(
            response.headers()[header::CONTENT_SECURITY_POLICY],
            "default-src 'none'; script-src 'self' http://127.0.0.1:4243 'wasm-unsafe-eval'; style-src 'self'; \
             connect-src 'self' http://127.0.0.1:4243; frame-src 'self' http://127.0.0.1:4243 http://127.0.0.1:4245; \
             img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        );
        let html = text(response).await;
        assert!(!html.contains(" style=") && !html.contains("<style") && !html.contains(" onclick="), "{path}");
        assert!(!html.contains("<script>"), "{path}");
    }
}

#[tokio::test]
async fn files_come_with_their_media_type() {
    let response = ask(&shop(activity(), ""), get_request("/files/panel.js")).await;
    assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript; charset=utf-8");
    assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
}

#[tokio::test]
async fn the_panel_is_told_only_what_is_new() {
    let activity = activity();
    let shop = shop(activity.clone(), "");
    for status in [checkout_types::CheckoutStatus::Open, checkout_types::CheckoutStatus::Paid] {
        activity.record_checkout(status, checkout_types::Money::new(2900, "EUR".parse().unwrap()));
    }
    let news = text(ask(&shop, get_request("/activity?after=1")).await).await;
    let news: serde_json::Value = serde_json::from_str(&news).unwrap();
    assert_eq!(news["last"], 2);
    assert_eq!(news["entries"].as_array().unwrap().len(), 1);
    assert_eq!(news["entries"][0]["status"], "paid");
    assert_eq!(news["entries"][0]["who"], "checkout");
    let after_a_restart = activity.since(99);
    assert_eq!((after_a_restart.last, after_a_restart.entries.len()), (2, 2));
}

#[test]
fn only_the_last_entries_are_kept() {
    let activity = activity();
    for number in 0..1_000 {
        let text = number.to_string();
        activity.record(Entry { at: activity.now(), who: Who::Helper, text, status: None, detail: None });
    }
    let told = told(&activity);
    assert_eq!((told.len(), told[0].as_str(), told[299].as_str()), (300, "700", "999"));
}

/// A helper that answers the way ours does, with what must not get into the panel.
fn pretend_helper(activity: &Activity) -> Router {
    let problem = || async {
        let kind = [(header::CONTENT_TYPE, "application/problem+json")];
        (StatusCode::CONFLICT, kind, r#"{"code":"price_changed","title":"secret"}"#).into_response()
    };
    let echo = |body: String| async { body };
    Router::new()
        .route("/v1/quotes", post(echo))
        .route("/v1/checkouts", post(problem))
        .route("/webhooks/dodo", post(echo))
        .route("/c/{id}", get(|| async { "" }))
        .route("/assets/{*path}", get(|| async { "" }))
        .layer(activity_layer(activity.clone(), Who::Helper))
}

#[tokio::test]
async fn requests_are_told_in_words_and_without_their_contents() {
    let activity = activity();
    let helper = pretend_helper(&activity);
    let webhook = r#"{"type":"payment.succeeded","data":{"email":"mira@example.com"}}"#;
    for (request, body) in [
        (Request::post("/v1/quotes"), "mira@example.com"),
        (Request::post("/v1/checkouts"), "mira@example.com"),
        (Request::post("/webhooks/dodo"), webhook),
        (Request::post("/webhooks/dodo"), r#"{"type":"<img src=x>"}"#),
        (Request::get("/c/co_123?t=secret-token"), ""),
        (Request::get("/assets/abc/checkout-ui.js"), ""),
        (Request::get("/nowhere"), ""),
    ] {
        ask(&helper, request.body(Body::from(body)).unwrap()).await;
    }
    assert_eq!(
        told(&activity),
        [
            "Browser asked the helper for a quote",
            "Browser asked the helper for a checkout, with the signed quote",
            "Sandbox sent webhook payment.succeeded",
            "Sandbox sent a webhook",
            "Browser opened the checkout's status page",
        ]
    );
    let news = serde_json::to_string(&activity.since(0)).unwrap();
    assert!(news.contains("409 price_changed") && news.contains("accepted"), "{news}");
    assert!(!news.contains("mira") && !news.contains("secret") && !news.contains("co_123"), "{news}");
}

#[tokio::test]
async fn what_is_watched_arrives_unchanged() {
    let helper = pretend_helper(&activity());
    let body = r#"{ "type": "payment.succeeded" }"#;
    let echoed = ask(&helper, Request::post("/webhooks/dodo").body(Body::from(body)).unwrap()).await;
    assert_eq!(text(echoed).await, body);
    let problem = ask(&helper, Request::post("/v1/checkouts").body(Body::empty()).unwrap()).await;
    assert_eq!(problem.status(), StatusCode::CONFLICT);
    assert_eq!(text(problem).await, r#"{"code":"price_changed","title":"secret"}"#);
}

/// Starts a sandbox that notes what it is asked, and answers with its address.
async fn pretend_sandbox(asked: tokio::sync::mpsc::UnboundedSender<String>) -> String {
    let note = move |request: Request<Body>| async move {
        let line = format!("{} {}", request.method(), request.uri());
        let body = to_bytes(request.into_body(), 4_096).await.unwrap();
        asked.send(format!("{line} {}", String::from_utf8_lossy(&body))).unwrap();
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(note)).await });
    format!("http://{address}")
}

fn press(scenario: &str, origin: &str) -> Request<Body> {
    Request::post("/scenario")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::HOST, "127.0.0.1:4242")
        .header(header::ORIGIN, origin)
        .header(header::REFERER, "http://127.0.0.1:4242/app")
        .body(Body::from(format!("scenario={scenario}")))
        .unwrap()
}

#[tokio::test]
async fn a_button_asks_the_sandbox() {
    let (sender, mut asked) = tokio::sync::mpsc::unbounded_channel();
    let activity = activity();
    let shop = shop(activity.clone(), &pretend_sandbox(sender).await);
    let response = ask(&shop, press("hour", "http://127.0.0.1:4242")).await;
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[header::LOCATION], "/app#what-happened");
    assert_eq!(asked.recv().await.unwrap(), r#"POST /control/clock/advance {"seconds":3600}"#);
    assert_eq!(told(&activity), ["You asked the sandbox: Advance the clock 1 hour"]);
    for (scenario, expected) in [
        ("decline", r#"PUT /control/scenario {"next_payment":"decline"}"#),
        ("slow", r#"PUT /control/scenario {"webhooks":{"mode":"slow"}}"#),
        ("price", r#"PUT /control/scenario {"price_change":{"price":3100,"product_id":"pdt_0NqDemoProMonthly0001"}}"#),
        ("renewals", r#"PUT /control/scenario {"next_renewals":"decline"}"#),
        ("month", r#"POST /control/clock/advance {"seconds":2678400}"#),
        ("normal", "DELETE /control/scenario {}"),
    ] {
        ask(&shop, press(scenario, "http://127.0.0.1:4242")).await;
        // As values: whether serde_json keeps the order of keys is up to any crate of a build.
        let asked = asked.recv().await.unwrap();
        let parts = |line: &str| {
            let (request, body) = line.split_at(line.find('{').unwrap());
            (request.to_owned(), serde_json::from_str::<serde_json::Value>(body).unwrap())
        };
        assert_eq!(parts(&asked), parts(expected));
    }
}

#[tokio::test]
async fn a_strangers_page_presses_no_button() {
    let shop = shop(activity(), "http://127.0.0.1:1");
    for origin in ["https://evil.example", "null", "http://127.0.0.1:4243"] {
        assert_eq!(ask(&shop, press("hour", origin)).await.status(), StatusCode::FORBIDDEN, "{origin}");
    }
    let unknown = ask(&shop, press("everything", "http://127.0.0.1:4242")).await;
    assert_eq!(unknown.status(), StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn a_sandbox_that_is_away_is_told() {
    let shop = shop(activity(), "http://127.0.0.1:1");
    let mut request = press("hour", "http://127.0.0.1:4242");
    request.headers_mut().insert(header::ACCEPT, "application/json".parse().unwrap());
    let response = ask(&shop, request).await;
    assert_eq!(response.status(), StatusCode::BAD_GATEWAY);
    assert_eq!(text(response).await, r#"{"message":"The sandbox does not answer."}"#);
}

#[tokio::test]
async fn the_shop_hears_what_is_signed_and_nothing_else() {
    let activity = activity();
    let shop = shop(activity.clone(), "");
    let secret = SigningSecret::parse(ENDPOINT_SECRET).unwrap();
    let body = r#"{"type":"subscription.past_due","sequence":3,"customer":{"email":"ada@example.com"},
        "entitlements":{"version":2,"items":[{"name":"pro","state":"grace"},{"name":"seats","state":"none"}]}}"#;
    let seconds = Clock::wall().as_second();
    for (signature, status) in [(secret.sign("msg_1", seconds, body.as_bytes()), 204), ("v1,AAAA".to_owned(), 401)] {
        let request = Request::post("/webhooks/checkout")
            .header("webhook-id", "msg_1")
            .header("webhook-timestamp", seconds)
            .header("webhook-signature", signature);
        assert_eq!(ask(&shop, request.body(Body::from(body)).unwrap()).await.status(), status);
    }
    let news = serde_json::to_string(&activity.since(0)).unwrap();
    assert!(news.contains("The helper told the shop: subscription.past_due"), "{news}");
    assert!(news.contains("no. 3 for this customer; pro: grace") && !news.contains("ada@"), "{news}");
    assert!(news.contains("refused, 401"), "{news}");
}
