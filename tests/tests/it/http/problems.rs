//! Every code of the table is met by somebody at a public door, with exactly its status.

use std::collections::BTreeSet;
use std::time::Duration;

use checkout_server::clock::Clock;
use checkout_server::error::Code;
use checkout_server::mail::mend;
use checkout_server::signature::SigningSecret;
use checkout_tests::app::{DECLINED_CARD, TestApp};
use checkout_tests::faulty::{Fault, quote_under};
use checkout_tests::http::assert_problem;
use checkout_tests::signing::signed_headers;
use checkout_types::CheckoutStatus;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

/// The codes that were met.
#[derive(Default)]
struct Met(BTreeSet<&'static str>);

impl Met {
    async fn answer(&mut self, code: Code, answer: Response) {
        assert_problem(answer, code.status(), code.as_str()).await;
        self.0.insert(code.as_str());
    }

    async fn request(&mut self, code: Code, request: RequestBuilder) {
        self.answer(code, request.send().await.unwrap()).await;
    }

    /// A refusal in words for people.
    async fn page(&mut self, code: Code, request: RequestBuilder) {
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status().as_u16(), code.status());
        let page = answer.text().await.unwrap();
        assert!(page.contains(code.title()) && page.contains(code.as_str()), "{page}");
        self.0.insert(code.as_str());
    }

    /// An answer as it came over the connection.
    fn raw(&mut self, code: Code, answer: &str) {
        let status = format!("HTTP/1.1 {} ", code.status());
        let body = format!("\"code\":\"{}\"", code.as_str());
        assert!(answer.starts_with(&status) && answer.contains(&body), "{}: {answer}", code.as_str());
        self.0.insert(code.as_str());
    }
}

#[tokio::test]
async fn every_code_is_met_at_a_public_door() {
    let app = TestApp::start().await;
    let mut met = Met::default();
    // These take their time, so they take it beside the others.
    let stalled = tokio::spawn(stalled_body());
    let waiting = tokio::spawn(waiting_for_the_first());
    let locked = tokio::spawn(locked_database());
    requests(&app, &mut met).await;
    bodies(&app, &mut met).await;
    carts(&app, &mut met).await;
    orders(&app, &mut met).await;
    prices(&mut met).await;
    webhooks(&app, &mut met).await;
    faults(&mut met).await;
    limits(&mut met).await;
    met.raw(Code::BodyTimeout, &stalled.await.unwrap());
    met.answer(Code::IdempotencyInProgress, waiting.await.unwrap()).await;
    met.answer(Code::StorageUnavailable, locked.await.unwrap()).await;

    let loader = app.get("/checkout.js").send().await.unwrap();
    if loader.status() == 200 {
        // Only an executable without a widget answers it; there, http/assets/tests.rs meets it.
        met.0.insert(Code::WidgetNotBuilt.as_str());
    } else {
        met.answer(Code::WidgetNotBuilt, loader).await;
    }
    assert_eq!(met.0, Code::ALL.iter().map(|code| code.as_str()).collect());
    println!("{} codes met", met.0.len());
}

async fn requests(app: &TestApp, met: &mut Met) {
    met.raw(Code::BadHost, &app.raw("GET /csp HTTP/1.1\r\nConnection: close\r\n\r\n").await);
    met.request(Code::UnknownHost, app.get("/csp").header(HOST, "evil.example")).await;
    let host = "Host: 127.0.0.1\r\nConnection: close\r\n";
    met.raw(Code::PathInvalid, &app.raw(format!("GET /v1/checkouts/%zz HTTP/1.1\r\n{host}\r\n")).await);
    met.request(Code::NotFound, app.get("/nothing")).await;
    met.request(Code::MethodNotAllowed, app.get("/v1/quotes")).await;
    met.page(Code::LinkBroken, app.get("/mend/x")).await;
    met.page(Code::LinkExpired, app.get(&format!("/mend/{}", expired_link(app)))).await;
    met.request(Code::OriginNotAllowed, app.http.get(format!("{}/v1/catalog", app.ready().helper))).await;
    met.request(Code::SecretKeyInBrowser, app.get("/v1/catalog").bearer_auth(&app.ready().secret_key)).await;
    met.request(Code::Unauthorized, app.http.post(format!("{}/v1/customer-tokens", app.ready().helper))).await;
    refunds(app, met).await;
    met.request(Code::CustomerTokenInvalid, app.get("/v1/customer").bearer_auth("ct_")).await;
    let key = &app.ready().secret_key;
    let slip = format!("{}/v1/customers/user_1/entitlements?name=pri", app.ready().helper);
    met.request(Code::UnknownEntitlement, app.http.get(slip).bearer_auth(key)).await;
    let list = |query: &str| {
        let url = format!("{}/v1/events?{query}", app.ready().helper);
        app.http.get(url).bearer_auth(&app.ready().secret_key)
    };
    met.request(Code::FilterInvalid, list("type=nothing.happened")).await;
    met.request(Code::CursorInvalid, list("cursor=x")).await;
    let chunks = format!(
        "POST /v1/quotes HTTP/1.1\r\n{host}Origin: {}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        app.ready().shop
    );
    met.raw(Code::BodyMalformed, &app.raw(chunks).await);
}

/// What a mail of long ago leads to.
fn expired_link(app: &TestApp) -> String {
    let helper = &app.demo.app;
    let event = "evt_00000000000000000000000000000000";
    mend::seal(&helper.keys.mends, &helper.public_url, event, jiff::Timestamp::UNIX_EPOCH).unwrap()
}

async fn refunds(app: &TestApp, met: &mut Met) {
    let unpaid = app.checkout(&app.quote("desktop_license", "DE").await).await;
    let declined = app.pay(&unpaid, DECLINED_CARD).await;
    app.wait_for(&unpaid, CheckoutStatus::Failed).await;
    let declined = declined["payment_id"].as_str().unwrap();
    met.answer(Code::PaymentNotRefundable, app.ask_refund(declined, "refund-1", &json!({})).await).await;
    let (paid, payment) = app.buy("desktop_license").await;
    app.wait_for(&paid, CheckoutStatus::Paid).await;
    let too_much = json!({"amount": {"amount": 1_000_000, "currency": "EUR"}});
    met.answer(Code::RefundExceedsPayment, app.ask_refund(&payment, "refund-2", &too_much).await).await;
    let elsewhere = json!({"amount": {"amount": 500, "currency": "USD"}});
    met.answer(Code::RefundCurrencyMismatch, app.ask_refund(&payment, "refund-3", &elsewhere).await).await;
    let made: Value = app.ask_refund(&payment, "refund-4", &json!({})).await.json().await.unwrap();
    let review = format!("/v1/refunds/{}/review", made["id"].as_str().unwrap());
    let decision = json!({"outcome": "not_made", "who": "grace", "why": "looked"});
    met.answer(Code::RefundNotInReview, app.operate(Method::POST, &review, &decision).await).await;
    let grant = json!({
        "reference": "user_1", "entitlement": "pro", "action": "grant", "limits": {"seat": 1}, "who": "w", "why": "w",
    });
    met.answer(Code::UnknownLimit, app.operate(Method::POST, "/access", &grant).await).await;
}

async fn bodies(app: &TestApp, met: &mut Met) {
    let quote = || app.post("/v1/quotes").header(CONTENT_TYPE, "application/json");
    met.request(Code::UnsupportedMediaType, app.post("/v1/quotes").body("{}")).await;
    met.request(Code::UnsupportedEncoding, quote().header(CONTENT_ENCODING, "gzip").body("x")).await;
    met.request(Code::BodyTooLarge, quote().body(" ".repeat(66_000))).await;
    let deep = format!("{{\"items\":{}{}}}", "[".repeat(20), "]".repeat(20));
    for (code, body) in [
        (Code::JsonInvalid, "{"),
        (Code::JsonTooDeep, deep.as_str()),
        (Code::JsonDuplicateKey, r#"{"items":[],"items":[]}"#),
        (Code::ObjectExpected, "[]"),
        (Code::UnknownField, r#"{"total":1}"#),
        (Code::TypeMismatch, r#"{"items":"1"}"#),
        (Code::Required, "{}"),
        (Code::OutOfRange, r#"{"items":[{"price_id":"pro_monthly","quantity":-1}]}"#),
        (Code::TextInvalid, r#"{"items":[{"price_id":"\u0000"}]}"#),
        (Code::CardDataRefused, r#"{"items":[{"price_id":"4242424242424242"}]}"#),
    ] {
        met.request(code, quote().body(body.to_owned())).await;
    }
}

async fn carts(app: &TestApp, met: &mut Met) {
    let cart = |more: Value| {
        let mut body = json!({"items": [{"price_id": "pro_monthly"}]});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let many: Vec<Value> = (0..21).map(|number| json!({"price_id": format!("p{number}")})).collect();
    for (code, body) in [
        (Code::CartEmpty, cart(json!({"items": []}))),
        (Code::TooManyItems, cart(json!({"items": many}))),
        (
            Code::MixedCurrency,
            cart(json!({"items": [{"price_id": "pro_monthly"}, {"price_id": "workshop_tokyo_seat"}]})),
        ),
        (Code::UnsupportedCurrency, cart(json!({"currency": "JPY"}))),
        (Code::UnsupportedCountry, cart(json!({"customer": {"country": "XX"}}))),
        (Code::PostalCodeInvalid, cart(json!({"customer": {"country": "US", "postal_code": "x"}}))),
        (Code::DiscountInvalid, cart(json!({"discount_code": "NOSUCHCODE"}))),
    ] {
        met.answer(code, app.ask_quote(&body).await).await;
    }
    // What is wrong with a line is told beside its pointer.
    for (code, items) in [
        (Code::UnknownProduct, json!([{"price_id": "nothing"}])),
        (Code::DuplicateItem, json!([{"price_id": "pro_monthly"}, {"price_id": "pro_monthly"}])),
        (Code::UnknownAddon, json!([{"price_id": "pro_monthly", "addons": [{"addon_id": "x"}]}])),
    ] {
        let problem = assert_problem(app.ask_quote(&json!({"items": items})).await, 422, "cart_invalid").await;
        assert_eq!((problem["errors"][0]["code"].as_str(), code.status()), (Some(code.as_str()), 422));
        met.0.extend([code.as_str(), Code::CartInvalid.as_str()]);
    }
}

async fn orders(app: &TestApp, met: &mut Met) {
    let token = app.quote("pro_monthly", "DE").await.quote_token;
    let order = |more: Value| {
        let mut body = json!({"quote_token": token, "customer": {"email": "ada@example.com"}});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let quoted = async |customer: Value| {
        let body = json!({"items": [{"price_id": "pro_monthly"}], "customer": customer});
        app.ask_quote(&body).await.json::<Value>().await.unwrap()["quote_token"].clone()
    };
    for (code, body) in [
        (Code::QuoteInvalid, order(json!({"quote_token": "x"}))),
        (Code::CountryRequired, order(json!({"quote_token": quoted(Value::Null).await}))),
        (Code::PostalCodeRequired, order(json!({"quote_token": quoted(json!({"country": "US"})).await}))),
        (
            Code::TaxIdInvalid,
            order(json!({"quote_token": quoted(json!({"country": "SE", "tax_id": "DE123456789"})).await})),
        ),
        (Code::EmailInvalid, order(json!({"customer": {"email": "ada"}}))),
        (Code::ReturnUrlNotAllowed, order(json!({"success_url": "https://evil.example/"}))),
        (Code::MetadataInvalid, order(json!({"custom_data": {"order_id": "x"}}))),
        (Code::UnknownCheckout, order(json!({"renews": "co_00000000000000000000000000000000"}))),
        (Code::CustomerTokenInvalid, order(json!({"customer_token": "ct_x"}))),
    ] {
        met.answer(code, app.ask_checkout("every-code", &body).await).await;
    }
    met.request(Code::IdempotencyKeyMissing, app.post("/v1/checkouts").json(&order(json!({})))).await;
    met.answer(Code::IdempotencyKeyInvalid, app.ask_checkout("two words", &order(json!({}))).await).await;
    assert_eq!(app.ask_checkout("used", &order(json!({}))).await.status(), 201);
    let other = order(json!({"custom_data": {"a": "b"}}));
    met.answer(Code::IdempotencyKeyReused, app.ask_checkout("used", &other).await).await;
}

/// What the provider brings about, on helpers of their own.
async fn prices(met: &mut Met) {
    const PRO: &str = "pdt_0NqDemoProMonthly0001";
    const DESKTOP: &str = "pdt_0NqDemoDesktopOnce001";
    let app = TestApp::start().await;
    let order = async |key: &str, price: &str| {
        let quote = app.quote(price, "DE").await;
        (key.to_owned(), json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}}))
    };
    let (key, body) = order("changes", "pro_monthly").await;
    app.scenario(json!({"price_change": {"product_id": PRO, "price": 3_100}})).await;
    met.answer(Code::PriceChanged, app.ask_checkout(&key, &body).await).await;
    app.scenario(json!({"price_change": {"product_id": PRO, "price": 10}})).await;
    let (key, body) = order("small", "pro_monthly").await;
    met.answer(Code::AmountTooSmall, app.ask_checkout(&key, &body).await).await;
    app.scenario(json!({"price_change": {"product_id": DESKTOP, "price": 9_007_199_254_740_991_i64}})).await;
    let cart = json!({"items": [{"price_id": "desktop_license", "quantity": 25}]});
    met.answer(Code::AmountTooLarge, app.ask_quote(&cart).await).await;

    let (key, body) = order("lost", "pro_yearly").await;
    app.scenario(json!({"outage": "drop_reply", "outage_count": 3, "outage_route": "POST /checkouts"})).await;
    for _ in 0..3 {
        met.answer(Code::ProviderUnknown, app.ask_checkout(&key, &body).await).await;
    }
    met.answer(Code::OrderClosed, app.ask_checkout(&key, &body).await).await;
    let (key, body) = order("late", "pro_yearly").await;
    app.clock.advance(Duration::from_secs(901));
    met.answer(Code::QuoteExpired, app.ask_checkout(&key, &body).await).await;
    app.scenario(json!({"outage": "error500"})).await;
    met.answer(Code::ProviderUnavailable, app.ask_quote(&json!({"items": [{"price_id": "pro_yearly"}]})).await).await;
}

async fn webhooks(app: &TestApp, met: &mut Met) {
    let url = format!("{}/webhooks/dodo", app.ready().helper);
    let other = SigningSecret::parse("whsec_c29tZWJvZHkgZWxzZQ==").unwrap();
    let now = Clock::wall().as_second();
    let signed = |at| app.http.post(&url).headers(signed_headers(&other, "msg_1", at, b"{}")).body("{}");
    met.request(Code::WebhookHeaderMissing, app.http.post(&url).body("{}")).await;
    met.request(Code::WebhookTimestampOutOfTolerance, signed(now - 310)).await;
    met.request(Code::WebhookSignatureInvalid, signed(now)).await;
}

async fn faults(met: &mut Met) {
    for code in [Code::ItemUnavailable, Code::AlreadySubscribed] {
        met.answer(code, quote_under(Fault::Refuses(code)).await).await;
    }
    met.answer(Code::Internal, quote_under(Fault::Panics).await).await;
}

async fn stalled_body() -> String {
    let app = TestApp::start().await;
    let head = format!(
        "POST /v1/quotes HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: {}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{{",
        app.ready().shop
    );
    app.raw(head).await
}

async fn waiting_for_the_first() -> Response {
    let app = TestApp::start().await;
    let quote = app.quote("pro_monthly", "DE").await;
    let body = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
    app.scenario(json!({"latency_ms": 8_000})).await;
    // The price and the page take eight seconds each; nobody waits for more than ten.
    let (first, second) = tokio::join!(app.ask_checkout("twice", &body), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        app.ask_checkout("twice", &body).await
    });
    assert_eq!(first.status(), 201);
    second
}

async fn locked_database() -> Response {
    let app = TestApp::start().await;
    let quote = app.quote("pro_monthly", "DE").await;
    let other = rusqlite::Connection::open(app.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let body = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
    app.ask_checkout("locked", &body).await
}

/// What robots meet, a shop that is closed, and a helper that has too much to do.
async fn limits(met: &mut Met) {
    let app = TestApp::start().await;
    let wrong_code = json!({"items": [{"price_id": "pro_monthly"}], "discount_code": "GUESSED"});
    for _ in 0..10 {
        met.answer(Code::DiscountInvalid, app.ask_quote(&wrong_code).await).await;
    }
    met.answer(Code::RateLimited, app.ask_quote(&wrong_code).await).await;

    let quote = app.quote("pro_monthly", "DE").await;
    let robot = app.buyer("203.0.113.7").lazy();
    for number in 0..3 {
        assert_eq!(robot.ask_checkout(&format!("robot-{number}"), &quote).await.status(), 201);
    }
    met.answer(Code::ChallengeRequired, robot.ask_checkout("robot-3", &quote).await).await;

    let selling = format!("{}/selling", app.ready().operations);
    let stop = app.http.put(&selling).bearer_auth(&app.ready().operator_key).json(&json!({"selling": false}));
    assert_eq!(stop.send().await.unwrap().status(), 200);
    met.answer(Code::SellingStopped, app.ask_quote(&json!({"items": [{"price_id": "pro_monthly"}]})).await).await;

    assert_eq!(overloaded().await["status"], Code::Overloaded.status());
    met.0.insert(Code::Overloaded.as_str());
}

/// What a quote is told while all the places of orders are taken; some find one that is just free.
async fn overloaded() -> Value {
    let app = TestApp::start().await;
    let quote = app.quote("pro_monthly", "DE").await;
    let shed = async {
        loop {
            let answer = app.ask_quote(&json!({"items": [{"price_id": "pro_monthly"}]})).await;
            let told: Value = answer.json().await.unwrap();
            if told["code"] == Code::Overloaded.as_str() {
                break told;
            }
        }
    };
    app.while_flooded(&quote, shed).await
}
