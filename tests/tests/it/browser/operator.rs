//! The operator's page in a real browser without script: from what is wrong to the button that mends
//! it, on a desk and on the smallest phone, in the light and in the dark.

use checkout_tests::app::{DECLINED_CARD, TestApp};
use checkout_tests::axe::assert_accessible;
use checkout_tests::browser::{Browser, Key, Options};
use checkout_tests::in_repository;
use checkout_tests::seeing::Left;
use checkout_types::CheckoutStatus;

/// Purchases of a few customers, and messages of every kind.
async fn busy(app: &TestApp) {
    app.bought("workshop_kuwait_seat", Some("acme-gmbh")).await;
    app.clock.advance(std::time::Duration::from_hours(31));
    app.bought("desktop_license", None).await;
    app.clock.advance(std::time::Duration::from_hours(5));
    let declined = app.checkout(&app.quote("pro_monthly", "DE").await).await;
    app.pay(&declined, DECLINED_CARD).await;
    app.wait_for(&declined, CheckoutStatus::Failed).await;
    app.clock.advance(std::time::Duration::from_mins(42));
    app.bought("pro_monthly", Some("user_4711")).await;
    app.leave("subscription.started", &Left::default());
    app.leave("payment.succeeded", &Left { channel: "email", target: "receipt", status_code: None, ..Left::default() });
    let refused = Left {
        state: "parked",
        target: "finance",
        status_code: Some(422),
        error: Some("the endpoint refused it"),
        ..Left::default()
    };
    app.leave("checkout.paid", &refused);
    let dead =
        Left { state: "dead", status_code: Some(503), error: Some("no answer within 15 seconds"), ..Left::default() };
    app.leave("entitlements.changed", &dead);
    app.rows()
        .execute("INSERT INTO endpoints (id, state, failures, changed_at) VALUES ('crm', 'failing', 6, 0)", ())
        .unwrap();
}

/// A browser that has given the key, as the password that it was asked for.
async fn signed_in(app: &TestApp, options: Options) -> Browser {
    let browser = Browser::open(options).await;
    let operations = app.ready().operations.trim_start_matches("http://");
    browser.go(&format!("http://operator:{}@{operations}/", app.ready().operator_key)).await;
    browser
}

async fn take(browser: &Browser, name: &str) {
    let folder = if std::env::var_os("CHECKOUT_PICTURES").is_some() { "docs/screenshots" } else { "target/pictures" };
    browser.screenshot(in_repository(format!("{folder}/operator-{name}.png"))).await;
}

#[tokio::test]
async fn from_what_is_wrong_to_the_button_that_mends_it() {
    let (app, merchant) = TestApp::with_quiet_endpoints().await;
    busy(&app).await;
    let shop = Browser::open(Options::default()).await;
    shop.go(&format!("{}/", app.ready().shop)).await;
    assert_eq!(shop.attribute(".operator a", "href").await, Some(format!("{}/", app.ready().operations)));
    assert_eq!(shop.text(".operator code").await, app.ready().operator_key, "the demo shows its key");
    drop(shop);
    let browser = signed_in(&app, Options::default()).await;
    browser.find_saying("h1", "Overview").await;
    browser.find_saying(".alarms", "1 message was given up").await;
    browser.click(".alarms a[href='/messages?state=dead']").await;
    browser.find_saying("h1", "Messages").await;
    browser.find_saying(".list", "503 no answer within 15 seconds").await;
    browser.click(".list td a").await;
    browser.find_saying(".note.bad", "answered with 503").await;
    browser.find_saying("pre", "entitlements.changed").await;
    browser.click("button.primary").await;
    browser.find_saying("[role=status]", "1 message is in the queue again").await;
    assert_eq!(merchant.wait_for(1).await.len(), 1, "and so it is");

    browser.fill("input[name=q]", "user_4711").await;
    browser.press(Key::Enter).await;
    browser.find_saying("h1", "user_4711").await;
    browser.find_saying(".access", "A subscription runs.").await;
    browser.find_saying("#payments ~ table", "34.51 EUR").await;
    browser.find_saying(".timeline", "A subscription began").await;
    browser.fill("input[name=q]", "nobody").await;
    browser.press(Key::Enter).await;
    browser.find_saying("[role=alert]", "Nobody is known by “nobody”").await;
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn every_page_is_accessible_and_fits_the_smallest_phone() {
    let app = TestApp::start().await;
    let empty = signed_in(&app, Options::default()).await;
    empty.find_saying(".calm", "Nothing is wrong").await;
    assert_accessible(&empty, "an empty overview").await;
    take(&empty, "empty").await;
    drop(empty);
    busy(&app).await;
    let message = app.list("/v1/deliveries?state=dead").await["items"][0]["id"].as_str().unwrap().to_owned();
    let event = app.list("/v1/events").await["items"][0]["id"].as_str().unwrap().to_owned();
    let desk = Options { width: 1_280, height: 1_000, still: true, ..Options::default() };
    let phone = Options { height: 1_400, still: true, ..Options::phone() };
    for (suffix, options) in [("light", desk), ("dark", Options { dark: true, ..desk }), ("phone", phone)] {
        let browser = signed_in(&app, options).await;
        for (name, path) in [
            ("overview", "/".to_owned()),
            ("messages", "/messages".to_owned()),
            ("events", "/events".to_owned()),
            ("customer", "/customers/ref%3Auser%5F4711".to_owned()),
            ("message", format!("/messages/{message}")),
            ("event", format!("/events/{event}")),
            ("orders", "/needs-review".to_owned()),
            ("stuck", "/stuck".to_owned()),
            ("missing", "/messages/msg_0".to_owned()),
        ] {
            browser.go(&format!("{}{path}", app.ready().operations)).await;
            browser.find("h1").await;
            assert_accessible(&browser, &format!("{name}, {suffix}")).await;
            assert!(!browser.scrolls_sideways().await, "{name}, {suffix}");
            take(&browser, &format!("{name}-{suffix}")).await;
        }
    }
}

#[tokio::test]
async fn it_goes_by_keyboard_without_any_script() {
    let app = TestApp::start().await;
    busy(&app).await;
    let browser = signed_in(&app, Options { no_js: true, ..Options::default() }).await;
    for _ in 0..100 {
        if browser.driver().source().await.unwrap().contains("Needs attention") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let source = browser.driver().source().await.unwrap();
    assert!(source.contains("1 message was given up") && source.contains("Skip to content"), "{source}");
}

/// What a browser shows to whoever has no key; it would ask for one if it had a person before it.
#[tokio::test]
async fn a_stranger_is_told_what_is_missing() {
    let app = TestApp::start().await;
    let browser = Browser::open(Options::default()).await;
    let operations = app.ready().operations.trim_start_matches("http://").to_owned();
    browser.go(&format!("http://operator:wrong@{operations}/")).await;
    let text = browser.driver().source().await.unwrap();
    assert!(!text.contains("Needs attention"), "{text}");
}
