//! Prices come from the server, and everybody names the same one to the cent.

use checkout_tests::app::{GOOD_CARD, TestApp, read, session_of};
use checkout_tests::http::assert_problem;
use checkout_types::{CheckoutStatus, Quote};
use serde_json::{Value, json};

#[tokio::test]
async fn catalog_quote_session_and_payment_agree_in_every_kind_of_currency() {
    let app = TestApp::start().await;
    // Price, country, minor units before tax, tax, total.
    for (price, country, unit, tax, total) in [
        ("pro_monthly", "DE", 2_900, 551, 3_451),
        ("desktop_license", "SE", 14_900, 3_725, 18_625),
        ("handbook_ebook", "FR", 2_400, 400, 2_400),
        ("workshop_tokyo_seat", "JP", 4_800, 480, 5_280),
        ("workshop_kuwait_seat", "KW", 12_500, 0, 12_500),
    ] {
        let catalog: Value = read(app.get("/v1/catalog").send().await.unwrap(), 200).await;
        let offered =
            catalog["products"].as_array().unwrap().iter().flat_map(|product| product["prices"].as_array().unwrap());
        let offered = offered.clone().find(|offered| offered["id"] == price).expect("it is offered").clone();
        let quote = app.quote(price, country).await;
        assert_eq!(offered["amount"], unit, "{price}");
        assert_eq!(quote.lines[0].unit.amount, unit, "{price}");
        assert_eq!((quote.tax.map(|tax| tax.amount), quote.total.amount), (Some(tax), total), "{price}");
        assert_eq!(offered["currency"].as_str(), Some(quote.total.currency.code()));

        let created = app.checkout(&quote).await;
        let paid = app.pay(&created, GOOD_CARD).await;
        let state = app.wait_for(&created, CheckoutStatus::Paid).await;
        assert_eq!(state.total, quote.total, "{price}");
        let payment = app
            .http
            .get(format!("{}/payments/{}", app.ready().sandbox, paid["payment_id"].as_str().unwrap()))
            .bearer_auth(&app.ready().sandbox_key);
        let payment: Value = read(payment.send().await.unwrap(), 200).await;
        assert_eq!(payment["total_amount"], total, "{price}");
        assert_eq!(payment["currency"].as_str(), Some(quote.total.currency.code()));
        assert_eq!(payment["checkout_session_id"], session_of(&created));
        assert_eq!(payment["metadata"]["order_id"], created.id.as_str());
    }
}

#[tokio::test]
async fn quantity_addons_and_codes_are_priced_by_the_server() {
    let app = TestApp::start().await;
    let body = json!({
        "items": [{"price_id": "desktop_license", "quantity": 3}],
        "discount_code": "launch20",
        "customer": {"country": "DE"},
    });
    let quote: Quote = read(app.ask_quote(&body).await, 200).await;
    assert_eq!((quote.subtotal.amount, quote.discount.amount), (44_700, 8_940));
    assert_eq!((quote.tax.unwrap().amount, quote.total.amount), (6_794, 42_554));
    assert_eq!(quote.discount_code.as_deref(), Some("LAUNCH20"));

    let body = json!({
        "items": [{"price_id": "team_monthly", "quantity": 4, "addons": [{"addon_id": "priority_support"}]}],
        "customer": {"country": "US", "postal_code": "97201"},
    });
    let quote: Quote = read(app.ask_quote(&body).await, 200).await;
    assert_eq!(quote.lines[0].total.amount, 4 * 1_200 + 1_500);
    assert_eq!(quote.recurring[0].amount.amount, 4 * 1_200 + 1_500);
    assert_eq!(quote.total.amount, 0, "the trial comes first");
    assert!(quote.recurring[0].next_at.is_some());
}

#[tokio::test]
async fn a_trial_is_paid_with_nothing_now() {
    let app = TestApp::start().await;
    let body = json!({"items": [{"price_id": "team_monthly", "quantity": 3}], "customer": {"country": "DE"}});
    let quote: Quote = read(app.ask_quote(&body).await, 200).await;
    let created = app.checkout(&quote).await;
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
}

#[tokio::test]
async fn a_price_that_changed_after_the_quote_is_shown_before_it_is_charged() {
    let app = TestApp::start().await;
    let quote = app.quote("pro_monthly", "DE").await;
    app.scenario(json!({"price_change": {"product_id": "pdt_0NqDemoProMonthly0001", "price": 3_100}})).await;
    let body = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
    let problem = assert_problem(app.ask_checkout("agreed-to-29", &body).await, 409, "price_changed").await;
    assert_eq!(app.sessions(), 0, "nothing was made");
    let new: Quote = serde_json::from_value(problem["quote"].clone()).expect("the new quote");
    assert_eq!(new.total.amount, 3_689);

    let body = json!({"quote_token": new.quote_token, "customer": {"email": "ada@example.com"}});
    assert_eq!(app.ask_checkout("agreed-to-31", &body).await.status(), 201);
}

#[tokio::test]
async fn a_quote_holds_for_fifteen_minutes() {
    let app = TestApp::start().await;
    let quote = app.quote("pro_monthly", "DE").await;
    app.clock.advance(std::time::Duration::from_secs(15 * 60 + 1));
    let body = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
    let problem = assert_problem(app.ask_checkout("too-late", &body).await, 409, "quote_expired").await;
    assert_eq!(problem["quote"]["total"]["amount"], quote.total.amount);
}

#[tokio::test]
async fn a_forged_quote_is_no_quote() {
    let app = TestApp::start().await;
    let quote = app.quote("pro_monthly", "DE").await;
    let (payload, seal) = quote.quote_token.split_once('.').unwrap();
    let mut cheaper = payload.to_owned();
    cheaper.replace_range(10..11, if &payload[10..11] == "A" { "B" } else { "A" });
    for token in [format!("{cheaper}.{seal}"), payload.to_owned(), format!("{payload}."), String::new()] {
        let body = json!({"quote_token": token, "customer": {"email": "ada@example.com"}});
        assert_problem(app.ask_checkout("forged", &body).await, 422, "quote_invalid").await;
    }
    assert_eq!(app.sessions(), 0);
}

#[tokio::test]
async fn a_tampered_cart_never_reaches_the_provider() {
    let app = TestApp::start().await;
    let token = app.quote("pro_monthly", "DE").await.quote_token;
    let previews = app.demo.sandbox.request_count("POST /checkouts/preview");
    let cart = |extra: Value| {
        let mut item = json!({"price_id": "pro_monthly"});
        item.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"items": [item]})
    };
    for extra in [json!({"price": 1}), json!({"amount": 1}), json!({"currency": "JPY"}), json!({"product_id": "pdt_1"})]
    {
        assert_problem(app.ask_quote(&cart(extra)).await, 422, "unknown_field").await;
    }
    for (name, value) in [
        ("total", json!(1)),
        ("trial_period_days", json!(9_999)),
        ("subscription_data", json!({"trial_period_days": 9_999})),
        ("payment_method_id", json!("pm_1")),
        ("confirm", json!(true)),
        ("return_url", json!("https://evil.example/")),
        ("customer_id", json!("cus_1")),
    ] {
        let mut body = json!({"quote_token": token, "customer": {"email": "ada@example.com"}});
        body[name] = value;
        assert_problem(app.ask_checkout("tampered", &body).await, 422, "unknown_field").await;
    }
    let foreign = json!({"quote_token": token, "customer": {"email": "ada@example.com", "customer_id": "cus_1"}});
    assert_problem(app.ask_checkout("tampered", &foreign).await, 422, "unknown_field").await;
    for url in [
        "https://evil.example/",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example",
        "/thanks",
        "https://ok@evil.example/",
        "http:\\\\evil.example",
        "HTTP://evil.example",
        "https://shop.example.com.evil.example/",
    ] {
        let body = json!({"quote_token": token, "customer": {"email": "ada@example.com"}, "success_url": url});
        assert_problem(app.ask_checkout("tampered", &body).await, 422, "return_url_not_allowed").await;
    }
    let sandbox = &app.demo.sandbox;
    assert_eq!((app.sessions(), sandbox.request_count("POST /checkouts/preview")), (0, previews), "nothing went out");
}

#[tokio::test]
async fn where_tax_depends_on_the_postal_code_it_is_asked_for() {
    let app = TestApp::start().await;
    let ask = |code: Option<&str>| {
        let mut customer = json!({"country": "US"});
        if let Some(code) = code {
            customer["postal_code"] = code.into();
        }
        json!({"items": [{"price_id": "pro_monthly"}], "customer": customer})
    };
    let without: Quote = read(app.ask_quote(&ask(None)).await, 200).await;
    assert_eq!(without.tax, None, "it is not known yet");
    let body = json!({"quote_token": without.quote_token, "customer": {"email": "ada@example.com"}});
    assert_problem(app.ask_checkout("untaxed", &body).await, 422, "postal_code_required").await;
    for wrong in ["ZZZ", "1234", "123456", "12345-67"] {
        assert_problem(app.ask_quote(&ask(Some(wrong))).await, 422, "postal_code_invalid").await;
    }
    let with: Quote = read(app.ask_quote(&ask(Some("94103"))).await, 200).await;
    assert!(with.tax.unwrap().amount > 0);
}
