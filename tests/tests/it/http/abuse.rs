//! Robots that try stolen cards, and buyers who do not notice them (S12).

use std::collections::HashMap;
use std::time::Duration;

use checkout_tests::app::{DECLINED_CARD, GOOD_CARD, TestApp, read};
use checkout_tests::buyer::Buyer;
use checkout_tests::http::assert_problem;
use checkout_types::checkout::CreatedCheckout;
use checkout_types::{CheckoutStatus, Quote};
use futures_util::future::join_all;
use reqwest::header::{AUTHORIZATION, ORIGIN};
use serde_json::{Value, json};

use super::pages::hidden;

const STEP: Duration = Duration::from_mins(5);

async fn quote(app: &TestApp) -> Quote {
    app.quote("pro_monthly", "DE").await
}

/// Waits until the helper knows of a declined card.
async fn declined(app: &TestApp, created: &CreatedCheckout) {
    app.pay(created, DECLINED_CARD).await;
    app.wait_for(created, CheckoutStatus::Failed).await;
}

#[tokio::test]
async fn an_address_that_tries_cards_is_locked_and_the_others_are_not() {
    let app = TestApp::start().await;
    let (quote, robot) = (quote(&app).await, app.buyer("203.0.113.7"));
    let created = robot.checkout("first", &quote).await.unwrap();
    for _ in 0..5 {
        app.pay(&created, DECLINED_CARD).await;
    }
    for _ in 0..100 {
        let stored = app.demo.app.store.checkout(&created.id).await.unwrap().unwrap();
        if stored.failures == 5 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let locked = robot.ask_checkout("second", &quote).await;
    // The order and its five failures are six; five are allowed.
    assert_eq!(locked.headers()["retry-after"], "1440");
    assert_problem(locked, 429, "rate_limited").await;
    // The key that is known is answered all the same, to anybody who has it.
    assert_eq!(robot.ask_checkout("first", &quote).await.status(), 201);
    assert_eq!(app.buyer("203.0.113.8").ask_checkout("third", &quote).await.status(), 201);
    // Nor is that order made anew.
    let renewal =
        json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}, "renews": created.id});
    assert_problem(app.ask_checkout("fourth", &renewal).await, 409, "order_closed").await;
    // A restart hands out no new budgets.
    let app = app.restart().await;
    let quote = app.quote("pro_monthly", "DE").await;
    assert_problem(app.buyer("203.0.113.7").ask_checkout("fifth", &quote).await, 429, "rate_limited").await;
    app.clock.advance(Duration::from_hours(2));
    let quote = app.quote("pro_monthly", "DE").await;
    assert_eq!(app.buyer("203.0.113.7").ask_checkout("sixth", &quote).await.status(), 201);
}

#[tokio::test]
async fn the_fourth_order_solves_a_challenge_and_the_sixth_waits() {
    let app = TestApp::start().await;
    let quote = quote(&app).await;
    let ada = app.buyer("2001:db8::1");
    for number in 0..3 {
        assert_eq!(ada.clone().lazy().ask_checkout(&format!("key-{number}"), &quote).await.status(), 201);
    }
    // Another address of the same customer is the same customer.
    let asked = app.buyer("2001:db8::2").lazy().ask_checkout("key-3", &quote).await;
    assert_eq!(asked.headers()["retry-after"], "1");
    let problem = assert_problem(asked, 429, "challenge_required").await;
    assert_eq!(problem["challenge"]["bits"], 4);
    assert_eq!(app.sessions(), 3, "nothing was asked of the provider");
    for number in 3..5 {
        assert_eq!(ada.ask_checkout(&format!("key-{number}"), &quote).await.status(), 201);
    }
    assert_problem(ada.ask_checkout("key-5", &quote).await, 429, "rate_limited").await;
    // This machine itself is no buyer.
    for number in 0..20 {
        app.checkout(&Quote { id: format!("mine-{number}"), ..quote.clone() }).await;
    }
}

#[tokio::test]
async fn an_office_of_buyers_behind_one_address_goes_on() {
    let app = TestApp::start().await;
    let quote = quote(&app).await;
    for number in 0..25 {
        let buyer = app.buyer("198.51.100.1");
        let created = buyer.checkout(&format!("key-{number}"), &quote).await.expect("served");
        app.pay(&created, GOOD_CARD).await;
        app.wait_for(&created, CheckoutStatus::Paid).await;
    }
}

#[tokio::test]
async fn a_hundred_guesses_of_a_discount_code_are_ten() {
    let app = TestApp::start().await;
    let guess = |code: String| {
        let cart =
            json!({"items": [{"price_id": "pro_monthly"}], "customer": {"country": "DE"}, "discount_code": code});
        let app = &app;
        async move { app.ask_quote(&cart).await }
    };
    let mut told = HashMap::<u16, u32>::new();
    for number in 0..100 {
        let answer = guess(format!("GUESS{number}")).await;
        let status = answer.status().as_u16();
        *told.entry(status).or_default() += 1;
        assert_eq!(status == 429, answer.headers().contains_key("retry-after"));
    }
    assert_eq!(told, HashMap::from([(422, 10), (429, 90)]));
    // A right one is refused the same, and who has none is served.
    assert_problem(guess("LAUNCH20".into()).await, 429, "rate_limited").await;
    quote(&app).await;
    app.clock.advance(Duration::from_mins(6));
    assert_eq!(guess("LAUNCH20".into()).await.status(), 200);
}

#[tokio::test]
async fn one_checkout_is_read_at_a_pace_and_the_merchants_server_reads_as_it_likes() {
    let app = TestApp::start().await;
    let created = app.checkout(&quote(&app).await).await;
    let read_with = |key: &str| {
        let request = app.http.get(format!("{}/v1/checkouts/{}", app.ready().helper, created.id));
        request.header(AUTHORIZATION, format!("Bearer {key}")).send()
    };
    let mut refused = None;
    for _ in 0..150 {
        let answer = read_with(&created.client_secret).await.unwrap();
        if answer.status() == 429 {
            refused = Some(answer);
        }
    }
    let refused = refused.expect("a hundred and fifty at once are too many");
    assert_eq!(refused.headers()["retry-after"], "1");
    assert_problem(refused, 429, "rate_limited").await;
    assert_eq!(read_with(&app.ready().secret_key).await.unwrap().status(), 200);
    app.clock.advance(Duration::from_secs(30));
    let follow = || {
        let request = app.get(&format!("/v1/checkouts/{}/events", created.id));
        request.header(AUTHORIZATION, format!("Bearer {}", created.client_secret)).send()
    };
    let mut streams = join_all((0..8).map(|_| follow())).await;
    assert!(streams.iter().all(|stream| stream.as_ref().unwrap().status() == 200));
    assert_problem(follow().await.unwrap(), 429, "rate_limited").await;
    streams.clear();
    for _ in 0..50 {
        if follow().await.unwrap().status() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        app.clock.advance(Duration::from_secs(1));
    }
    panic!("those who went away are counted still");
}

/// A form of `/pay`, sent by somebody at that address.
async fn submit(app: &TestApp, address: &str, fields: &[(&str, &str)]) -> (u16, Option<String>, String) {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", value.replace('@', "%40")));
    let request = app.http.post(format!("{}/pay/pro_monthly", app.ready().helper)).header(ORIGIN, &app.ready().helper);
    let request =
        request.header("content-type", "application/x-www-form-urlencoded").header("x-forwarded-for", address);
    let answer = request.body(pairs.collect::<Vec<_>>().join("&")).send().await.unwrap();
    let after = answer.headers().get("retry-after").map(|after| after.to_str().unwrap().to_owned());
    (answer.status().as_u16(), after, answer.text().await.unwrap())
}

#[tokio::test]
async fn a_page_without_script_asks_for_ten_seconds_and_keeps_what_was_typed() {
    let app = TestApp::start().await;
    let robot = app.buyer("203.0.113.7");
    let quoted = quote(&app).await;
    for number in 0..3 {
        robot.checkout(&format!("key-{number}"), &quoted).await.unwrap();
    }
    let key = "k".repeat(32);
    let mut fields =
        vec![("step", "pay"), ("quote_token", &*quoted.quote_token), ("key", &*key), ("email", "ada@example.com")];
    let (status, after, page) = submit(&app, "203.0.113.7", &fields).await;
    assert_eq!((status, after.as_deref()), (429, Some("10")));
    assert!(
        page.contains("Many orders are being made right now. Wait ten seconds, then press the button again."),
        "{page}"
    );
    assert_eq!((hidden(&page, "key"), hidden(&page, "email").as_str()), (key.clone(), "ada@example.com"));
    let patience = hidden(&page, "patience");
    fields.push(("patience", &*patience));
    let (early, _, page) = submit(&app, "203.0.113.7", &fields).await;
    assert_eq!((early, hidden(&page, "patience")), (429, patience.clone()), "its age goes on");
    app.clock.advance(Duration::from_secs(10));
    let (other, ..) =
        submit(&app, "2001:db8::1", &[&fields[..1], &[("quote_token", "x"), ("key", "x")]].concat()).await;
    assert_ne!(other, 303);
    assert_eq!(submit(&app, "203.0.113.7", &fields).await.0, 303);
    // Once; then the hard limit is told as a page as well.
    let second = "s".repeat(32);
    fields[2] = ("key", &second);
    let (again, _, page) = submit(&app, "203.0.113.7", &fields).await;
    assert_eq!(again, 429);
    assert_ne!(hidden(&page, "patience"), patience);
    robot.checkout("key-4", &quoted).await.unwrap();
    let (locked, after, page) = submit(&app, "203.0.113.7", &fields).await;
    assert_eq!((locked, page.contains("Too many attempts came from your network.")), (429, true));
    assert!(after.unwrap().parse::<u64>().unwrap() > 600);
}

#[tokio::test]
async fn the_switch_stops_what_is_new_and_nothing_else() {
    let app = TestApp::start().await;
    let quoted = quote(&app).await;
    let before = app.checkout(&quoted).await;
    let turn = |app: &TestApp, key: &str, body: Value| {
        app.http.put(format!("{}/selling", app.ready().operations)).bearer_auth(key).json(&body).send()
    };
    let stop = json!({"selling": false, "reason": "cards are being tested"});
    for key in ["", "wrong", &app.ready().secret_key] {
        assert_problem(turn(&app, key, stop.clone()).await.unwrap(), 401, "unauthorized").await;
    }
    quote(&app).await;
    let stopped: Value = read(turn(&app, &app.ready().operator_key, stop).await.unwrap(), 200).await;
    assert_eq!((&stopped["selling"], &stopped["reason"]), (&json!(false), &json!("cards are being tested")));

    let app = app.restart().await;
    let shown = app.http.get(format!("{}/selling", app.ready().operations)).send().await.unwrap();
    assert_eq!(read::<Value>(shown, 200).await["selling"], false, "after a restart too");
    let cart = json!({"items": [{"price_id": "pro_monthly"}], "customer": {"country": "DE"}});
    let refused = app.ask_quote(&cart).await;
    assert_eq!(refused.headers()["retry-after"], "300");
    let problem = assert_problem(refused, 503, "selling_stopped").await;
    assert!(!problem.to_string().contains("tested"), "the reason is the operator's");
    let order = json!({"quote_token": quoted.quote_token, "customer": {"email": "ada@example.com"}});
    assert_problem(app.ask_checkout("new", &order).await, 503, "selling_stopped").await;
    let page = app.http.get(format!("{}/pay/pro_monthly", app.ready().helper)).send().await.unwrap();
    assert_eq!((page.status().as_u16(), &page.headers()["retry-after"]), (503, &"300".parse().unwrap()));
    assert!(page.text().await.unwrap().contains("Nothing can be bought here at the moment."));
    // What was begun goes on.
    assert_eq!(app.checkout(&quoted).await.id, before.id, "the same key, the same order");
    assert_eq!(app.state(&before).await.status, CheckoutStatus::Open);
    let metrics = app.http.get(format!("{}/metrics", app.ready().operations)).send().await.unwrap();
    assert_eq!(metrics.status(), 200);

    turn(&app, &app.ready().operator_key, json!({"selling": true})).await.unwrap();
    quote(&app).await;
}

/// A robot's hour: it tries every five minutes, `tries` times each, and uses a declined card.
async fn attack(app: &TestApp, robots: &[(Buyer<'_>, usize)], sessions: &mut [usize], quote: &Quote, round: usize) {
    for group in (0..robots.len()).collect::<Vec<_>>().chunks(16) {
        let attempts = group.iter().map(|index| async move {
            let ((robot, tries), mut made) = (&robots[*index], 0);
            for attempt in 0..*tries {
                let Some(created) = robot.checkout(&format!("robot-{index}-{round}-{attempt}"), quote).await else {
                    break;
                };
                app.pay(&created, DECLINED_CARD).await;
                made += 1;
            }
            (*index, made)
        });
        for (index, made) in join_all(attempts).await {
            sessions[index] += made;
        }
    }
}

/// An honest buyer; whether they got what they wanted.
async fn buy(app: &TestApp, number: usize, quote: &Quote) -> bool {
    let address = if number < 20 { format!("198.51.100.{}", number % 2) } else { format!("192.0.2.{number}") };
    let Some(created) = app.buyer(address).checkout(&format!("honest-{number}"), quote).await else { return false };
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    true
}

/// One simulated hour of robots beside a hundred honest buyers, of whom twenty share two addresses.
/// Returns the most sessions of a robot, and how many buyers were served.
async fn hour(app: &TestApp, robots: &[(Buyer<'_>, usize)]) -> (usize, usize) {
    let (mut sessions, mut served) = (vec![0; robots.len()], 0);
    for round in 0..12 {
        let quote = quote(app).await;
        // Patient robots come back each round; the many come twice.
        let present: Vec<_> = robots
            .iter()
            .enumerate()
            .map(|(index, (robot, tries))| {
                (robot.clone(), if *tries > 1 || round == index % 12 || round == (index + 5) % 12 { *tries } else { 0 })
            })
            .collect();
        attack(app, &present, &mut sessions, &quote, round).await;
        let buyers = (0..100).filter(|number| number % 12 == round).map(|number| buy(app, number, &quote));
        served += join_all(buyers).await.into_iter().filter(|bought| *bought).count();
        app.clock.advance(STEP);
    }
    (sessions.into_iter().max().unwrap_or(0), served)
}

#[tokio::test]
async fn an_hour_of_card_testing_from_one_address_beside_a_hundred_buyers() {
    let app = TestApp::start().await;
    let (most, served) = hour(&app, &[(app.buyer("203.0.113.7"), 30)]).await;
    println!("1 address: {most} sessions, {served} of 100 buyers served");
    assert!((1..=10).contains(&most), "{most} sessions of one address");
    assert!(served >= 99, "{served} of 100 buyers were served");
}

#[tokio::test]
async fn an_hour_of_card_testing_from_a_thousand_addresses_beside_a_hundred_buyers() {
    let app = TestApp::start().await;
    let robots: Vec<_> = (0..1_000_usize)
        .map(|number| {
            let robot = app.buyer(format!("10.1.{}.{}", number / 250, number % 250));
            // One in ten solves challenges; one in fifty tries again and again.
            let robot = if number % 10 == 0 { robot } else { robot.lazy() };
            (robot, if number % 50 == 0 { 20 } else { 1 })
        })
        .collect();
    let (most, served) = hour(&app, &robots).await;
    println!("1,000 addresses: at most {most} sessions each, {served} of 100 buyers served");
    assert!((1..=10).contains(&most), "{most} sessions of one address");
    assert!(served >= 99, "{served} of 100 buyers were served");
}

#[tokio::test]
async fn a_declined_card_and_then_a_good_one_is_a_buyer() {
    let app = TestApp::start().await;
    let quote = quote(&app).await;
    let created = app.buyer("203.0.113.9").checkout("one", &quote).await.unwrap();
    declined(&app, &created).await;
    app.pay(&created, GOOD_CARD).await;
    app.wait_for(&created, CheckoutStatus::Paid).await;
    assert_eq!(app.buyer("203.0.113.9").lazy().ask_checkout("two", &quote).await.status(), 201);
}
