//! Who may do what (S14): every protected route against every wrong way to ask, the secret key
//! where it does not belong, and customer tokens.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::Router;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use checkout_server::customer::{Known, token};
use checkout_server::http::serve::{ListenerLimits, serve};
use checkout_server::http::{openapi, who};
use checkout_server::keys::Keys;
use checkout_tests::app::{TestApp, read};
use checkout_tests::http::assert_problem;
use checkout_types::checkout::CreatedCheckout;
use reqwest::header::{AUTHORIZATION, ORIGIN};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// A problem without what differs from request to request.
async fn body_of(answer: Response, status: u16, code: &str) -> Value {
    let mut problem = assert_problem(answer, status, code).await;
    problem["request_id"] = Value::Null;
    problem
}

/// A body that is in order but for who sends it.
async fn order(app: &TestApp) -> Value {
    let quote = app.quote("pro_monthly", "DE").await;
    json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}})
}

/// Every wrong way to say who one is, by name.
async fn spoofs(app: &TestApp) -> Vec<(&'static str, String)> {
    let helper = app.ready().helper.clone();
    let strangers = Keys::new("the secret key of quite another shop".to_owned().into());
    let ada = |expires_at| token::SignedIn {
        customer: Known { reference: "ada".into(), email: None, name: None },
        expires_at,
    };
    let soon = app.clock.now() + Duration::from_mins(10);
    let alg_none = format!(
        "ct_{}.{}.",
        URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#),
        URL_SAFE_NO_PAD.encode(format!(r#"{{"ref":"ada","exp":{},"aud":"{helper}"}}"#, soon.as_second()))
    );
    let good = app.token("ada").await;
    let (payload, mac) = good.split_once('.').unwrap();
    let eves = app.token("eve").await;
    let expired: Value = read(app.ask_token(&json!({"reference": "ada", "expires_in": 60})).await, 201).await;
    app.clock.advance(Duration::from_mins(1));
    vec![
        ("nothing", String::new()),
        ("wrong", "wrong".to_owned()),
        ("another shop's secret key", "the secret key of quite another shop".to_owned()),
        ("another shop's client secret", strangers.client_secret("co_0")),
        ("another shop's customer token", token::seal(&strangers.customers, &helper, &ada(soon))),
        ("a token for another shop", token::seal(&app.demo.app.keys.customers, "https://pay.example.org", &ada(soon))),
        ("expired by now", expired["token"].as_str().unwrap().to_owned()),
        ("alg none", alg_none),
        ("cut off", good[..good.len() - 1].to_owned()),
        ("another customer's payload", format!("{}.{mac}", eves.split_once('.').unwrap().0)),
        ("no seal", payload.to_owned()),
    ]
}

#[tokio::test]
async fn whoever_is_nobody_is_answered_alike_on_every_route() {
    let app = TestApp::start().await;
    let mine = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let other = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let absent = "co_00000000000000000000000000000000";
    let mut spoofs = spoofs(&app).await;
    spoofs.push(("another customer's client secret", other.client_secret.clone()));
    let good = app.token("ada").await;
    let mut covered = BTreeSet::new();
    let mut asked = 0;
    // Route, with an origin?, status and code.
    for (method, route, with_origin, status, code) in [
        ("GET", "/v1/checkouts/{id}", true, 404, "not_found"),
        ("GET", "/v1/checkouts/{id}/events", true, 404, "not_found"),
        ("GET", "/v1/customer", true, 401, "customer_token_invalid"),
        ("POST", "/v1/customer-tokens", false, 401, "unauthorized"),
        ("GET", "/v1/customers/{reference}/entitlements", false, 401, "unauthorized"),
        ("POST", "/v1/customers/{reference}/claims", false, 401, "unauthorized"),
        ("GET", "/v1/catalog", false, 403, "origin_not_allowed"),
        ("POST", "/v1/quotes", false, 403, "origin_not_allowed"),
        ("POST", "/v1/checkouts", false, 403, "origin_not_allowed"),
        ("POST", "/v1/payments/{id}/refunds", false, 401, "unauthorized"),
        ("GET", "/v1/refunds/{id}", false, 401, "unauthorized"),
        ("POST", "/webhooks/dodo", false, 400, "webhook_header_missing"),
        ("GET", "/v1/checkouts", false, 401, "unauthorized"),
        ("GET", "/v1/deliveries", false, 401, "unauthorized"),
        ("POST", "/v1/deliveries/replay", false, 401, "unauthorized"),
        ("GET", "/v1/deliveries/{id}", false, 401, "unauthorized"),
        ("POST", "/v1/deliveries/{id}/replay", false, 401, "unauthorized"),
        ("GET", "/v1/events", false, 401, "unauthorized"),
        ("GET", "/v1/events/{id}", false, 401, "unauthorized"),
        ("POST", "/v1/events/{id}/replay", false, 401, "unauthorized"),
        ("GET", "/v1/payments", false, 401, "unauthorized"),
        ("GET", "/v1/subscriptions", false, 401, "unauthorized"),
        ("GET", "/v1/subscriptions/{id}", false, 401, "unauthorized"),
    ] {
        covered.insert(format!("{method} {route}"));
        let mut bodies = BTreeSet::new();
        let customer_token = ("a customer token", good.clone());
        let elsewhere = Some(customer_token).filter(|_| route != "/v1/customer");
        for (case, credential) in spoofs.iter().cloned().chain(elsewhere) {
            for id in [mine.id.as_str(), absent] {
                let url = format!("{}{}", app.ready().helper, route.replace("{id}", id).replace("{reference}", id));
                let mut request = app.http.request(method.parse::<Method>().unwrap(), url);
                if with_origin {
                    request = request.header(ORIGIN, &app.ready().shop);
                }
                if case != "nothing" {
                    request = request.header(AUTHORIZATION, format!("Bearer {credential}"));
                }
                let answer = request.send().await.unwrap();
                assert_eq!(answer.headers().contains_key("www-authenticate"), status == 401, "{route}, {case}");
                bodies.insert(body_of(answer, status, code).await.to_string());
                asked += 1;
            }
        }
        assert_eq!(bodies.len(), 1, "one body for all: {route} {bodies:?}");
    }
    assert_eq!(covered, protected_routes(), "every route that asks who one is");
    println!("{asked} requests on {} routes, none let in", covered.len());
}

/// Those of the document that do not serve everybody.
fn protected_routes() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&openapi::document()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if operation["security"].as_array().unwrap().iter().any(|needs| needs != &json!({})) {
                routes.insert(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    routes
}

#[tokio::test]
async fn a_status_page_is_for_whoever_has_its_whole_address() {
    let app = TestApp::start().await;
    let mine = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let other = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    let keys = &app.demo.app.keys;
    let strangers = Keys::new("the secret key of quite another shop".to_owned().into());
    let mut pages = BTreeSet::new();
    for (id, token) in [
        (mine.id.as_str(), String::new()),
        (mine.id.as_str(), "wrong".to_owned()),
        (mine.id.as_str(), keys.page_token(&other.id)),
        (mine.id.as_str(), strangers.page_token(&mine.id)),
        (mine.id.as_str(), mine.client_secret.clone()),
        ("co_00000000000000000000000000000000", keys.page_token(&mine.id)),
    ] {
        let answer = app.http.get(format!("{}/c/{id}?t={token}", app.ready().helper)).send().await.unwrap();
        assert_eq!(answer.status(), 404);
        pages.insert(answer.text().await.unwrap());
    }
    assert_eq!(pages.len(), 1);
    let good = format!("{}/c/{}?t={}", app.ready().helper, mine.id, keys.page_token(&mine.id));
    assert_eq!(app.http.get(good).send().await.unwrap().status(), 200, "and that one sees it");
}

#[tokio::test]
async fn the_secret_key_is_refused_wherever_it_does_not_belong() {
    let app = TestApp::start().await;
    let key = app.ready().secret_key.clone();
    let helper = app.ready().helper.clone();
    let basic = STANDARD.encode(format!("{key}:"));
    let places: [(&str, &dyn Fn(RequestBuilder) -> RequestBuilder); 10] = [
        ("with an origin", &|it| it.bearer_auth(&key).header(ORIGIN, &app.ready().shop)),
        ("with a foreign origin", &|it| it.bearer_auth(&key).header(ORIGIN, "https://evil.example")),
        ("from a page of our own", &|it| it.bearer_auth(&key).header("sec-fetch-site", "same-origin")),
        ("from an address bar", &|it| it.bearer_auth(&key).header("sec-fetch-dest", "document")),
        ("in the query", &|it| it.query(&[("key", &key)])),
        ("as Basic", &|it| it.header(AUTHORIZATION, format!("Basic {basic}"))),
        ("as another scheme", &|it| it.header(AUTHORIZATION, format!("Token {key}"))),
        ("in another header", &|it| it.header("x-api-key", &key)),
        ("as a cookie", &|it| it.header("cookie", format!("a=b; key={key}"))),
        ("twice", &|it| it.bearer_auth(&key).bearer_auth(&key)),
    ];
    let mut asked = 0;
    for (method, path) in [
        ("GET", "/v1/catalog"),
        ("POST", "/v1/quotes"),
        ("POST", "/v1/checkouts"),
        ("GET", "/v1/checkouts/co_1"),
        ("GET", "/v1/checkouts/co_1/events"),
        ("GET", "/v1/customer"),
        ("POST", "/v1/customer-tokens"),
        ("GET", "/v1/customers/user_1/entitlements"),
        ("POST", "/v1/customers/user_1/claims"),
        ("GET", "/v1/events"),
        ("POST", "/v1/deliveries/replay"),
        ("GET", "/v1/payments"),
        ("GET", "/pay/pro_monthly"),
        ("POST", "/pay/pro_monthly"),
        ("GET", "/c/co_1"),
        ("GET", "/problems/internal"),
        ("GET", "/pages.css"),
        ("GET", "/openapi.json"),
        ("GET", "/checkout.js"),
        ("GET", "/assets/x/y"),
        ("GET", "/csp"),
        ("POST", "/webhooks/dodo"),
        ("GET", "/nothing"),
        ("OPTIONS", "/v1/quotes"),
    ] {
        for (place, with_key) in places {
            let request = with_key(app.http.request(method.parse().unwrap(), format!("{helper}{path}")));
            let answer = request.send().await.unwrap();
            assert!(!answer.headers().contains_key("access-control-allow-origin"), "{path}, {place}");
            let problem = assert_problem(answer, 403, "secret_key_in_browser").await;
            assert!(!problem.to_string().contains(&key), "{path}, {place}");
            asked += 1;
        }
    }
    let escaped: String = key.bytes().fold(String::new(), |text, byte| [text, format!("%{byte:02x}")].concat());
    let in_query = app.http.get(format!("{helper}/csp?a=b&key={escaped}")).send().await.unwrap();
    assert_problem(in_query, 403, "secret_key_in_browser").await;
    // In the path itself, and in bodies that are read.
    let in_path = app.http.get(format!("{helper}/pay/{key}")).send().await.unwrap();
    assert_problem(in_path, 403, "secret_key_in_browser").await;
    let quote = json!({"items": [{"price_id": key}]});
    assert_problem(app.ask_quote(&quote).await, 403, "secret_key_in_browser").await;
    let form = app.http.post(format!("{helper}/pay/pro_monthly")).header(ORIGIN, &helper);
    let form = form.header("content-type", "application/x-www-form-urlencoded").body(format!("key={key}"));
    assert_eq!(form.send().await.unwrap().status(), 403);

    let metrics = app.http.get(format!("{}/metrics", app.ready().operations)).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let counted = metrics.lines().find_map(|line| line.strip_prefix("checkout_secret_key_in_browser_total "));
    assert!(counted.is_some_and(|count| count.parse::<u64>().unwrap() >= asked), "{counted:?}");
    println!("{asked} requests with the key in the wrong place, all refused");

    // `fetch` of Node.js sends Sec-Fetch-Mode, though it is no browser.
    let node = app.http.get(format!("{helper}/v1/catalog")).bearer_auth(&key).header("sec-fetch-mode", "cors");
    assert_eq!(node.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_order_is_tied_to_the_customer_of_its_token() {
    let app = TestApp::start().await;
    let mut body = order(&app).await;
    body["customer_token"] = app.token("user_4711").await.into();
    let created: CreatedCheckout = read(app.ask_checkout("tied", &body).await, 201).await;
    let sent = app.demo.sandbox.checkout_bodies();
    assert_eq!(sent[0]["metadata"]["customer_reference"], "user_4711");
    assert_eq!(sent[0]["metadata"]["order_id"], created.id.as_str());

    // Another token of the same customer is the same command; another customer's is not.
    app.clock.advance(Duration::from_secs(5));
    body["customer_token"] = app.token("user_4711").await.into();
    let again = app.ask_checkout("tied", &body).await;
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(read::<CreatedCheckout>(again, 201).await.id, created.id);
    let mut others = body.clone();
    others["customer_token"] = app.token("user_0815").await.into();
    assert_problem(app.ask_checkout("tied", &others).await, 422, "idempotency_key_reused").await;
    others.as_object_mut().unwrap().remove("customer_token");
    assert_problem(app.ask_checkout("tied", &others).await, 422, "idempotency_key_reused").await;
    // What was answered is answered again when the token has run out; nothing new is made with it.
    app.clock.advance(Duration::from_mins(14));
    let quote = app.quote("pro_monthly", "DE").await;
    app.clock.advance(Duration::from_mins(2));
    assert_eq!(app.ask_checkout("tied", &body).await.status(), 201);
    body["quote_token"] = quote.quote_token.into();
    assert_problem(app.ask_checkout("anew", &body).await, 401, "customer_token_invalid").await;

    let app = app.restart().await;
    let url = format!("{}/v1/checkouts/{}", app.ready().helper, created.id);
    let merchant: Value =
        read(app.http.get(&url).bearer_auth(&app.ready().secret_key).send().await.unwrap(), 200).await;
    assert_eq!(merchant["customer_reference"], "user_4711", "it is on the disk");
    let page: Value = read(app.http.get(&url).bearer_auth(&created.client_secret).send().await.unwrap(), 200).await;
    assert_eq!(page.get("customer_reference"), None, "a page learns nothing of it");
}

#[tokio::test]
async fn a_token_that_is_not_good_is_never_passed_over() {
    let app = TestApp::start().await;
    for (case, spoof) in spoofs(&app).await {
        let mut body = order(&app).await;
        body["customer_token"] = spoof.into();
        let problem = assert_problem(app.ask_checkout("spoofed", &body).await, 401, "customer_token_invalid").await;
        assert_eq!(problem["errors"][0]["pointer"], "/customer_token", "{case}");
    }
    assert_eq!(app.sessions(), 0);
}

#[tokio::test]
async fn a_page_asks_who_is_signed_in() {
    let app = TestApp::start().await;
    let wanted = json!({"reference": "user_1", "email": "Ada@EXAMPLE.com", "name": " Ada ", "expires_in": 60});
    let answer = app.ask_token(&wanted).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let token: Value = read(answer, 201).await;
    let ask = || app.get("/v1/customer").bearer_auth(token["token"].as_str().unwrap()).send();
    let known: Value = read(ask().await.unwrap(), 200).await;
    let expected =
        json!({"reference": "user_1", "email": "Ada@example.com", "name": "Ada", "expires_at": token["expires_at"]});
    assert_eq!(known, expected);
    app.clock.advance(Duration::from_secs(59));
    assert_eq!(ask().await.unwrap().status(), 200);
    app.clock.advance(Duration::from_secs(1));
    assert_problem(ask().await.unwrap(), 401, "customer_token_invalid").await;
}

#[tokio::test]
async fn a_merchants_server_is_told_what_is_wrong_with_a_customer() {
    let app = TestApp::start().await;
    for (body, code, pointer) in [
        (json!({}), "required", "/reference"),
        (json!({"reference": ""}), "text_invalid", "/reference"),
        (json!({"reference": " user_1"}), "text_invalid", "/reference"),
        (json!({"reference": "r".repeat(201)}), "text_invalid", "/reference"),
        (json!({"reference": "user\u{0}1"}), "text_invalid", "/reference"),
        (json!({"reference": "user\u{202e}1"}), "text_invalid", "/reference"),
        (json!({"reference": "4242424242424242"}), "card_data_refused", "/reference"),
        (json!({"reference": 7}), "type_mismatch", "/reference"),
        (json!({"reference": "u", "email": "ada"}), "email_invalid", "/email"),
        (json!({"reference": "u", "name": "n".repeat(121)}), "text_invalid", "/name"),
        (json!({"reference": "u", "expires_in": 59}), "out_of_range", "/expires_in"),
        (json!({"reference": "u", "expires_in": 901}), "out_of_range", "/expires_in"),
        (json!({"reference": "u", "expires_in": -1}), "out_of_range", "/expires_in"),
        (json!({"reference": "u", "aud": "https://evil.example"}), "unknown_field", "/aud"),
    ] {
        let problem = assert_problem(app.ask_token(&body).await, 422, code).await;
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{body}");
    }
}

#[tokio::test]
async fn only_an_operator_changes_what_operators_change() {
    let app = TestApp::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    // Any route that asks for an operator.
    let router = Router::new().route("/", post(async |_: who::Operator| "done"));
    let router = router.with_state(app.demo.app.clone());
    tokio::spawn(serve(listener, router, ListenerLimits::trusting(), CancellationToken::new()));
    let ask = |key: &str| app.http.post(&url).bearer_auth(key).send();
    let key = app.ready().operator_key.clone();
    assert_eq!(ask(&key).await.unwrap().status(), 200);
    for wrong in ["", "wrong", &app.ready().secret_key, &key[1..], &format!("{key}x")] {
        assert_eq!(ask(wrong).await.unwrap().status(), 401, "{wrong}");
    }
    assert_eq!(app.http.post(&url).send().await.unwrap().status(), 401);
}
