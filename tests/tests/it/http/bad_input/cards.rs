//! Card numbers in places where nobody should type one (S11).

use checkout_server::error::Code;
use checkout_server::http::json::check_text;
use checkout_tests::app::TestApp;
use checkout_tests::http::assert_problem;
use reqwest::header::ORIGIN;
use serde_json::{Value, json};

/// Test numbers that schemes and processors publish.
const CARDS: [&str; 36] = [
    "4242424242424242",
    "4000056655665556",
    "4111111111111111",
    "4012888888881881",
    "4000000000000002",
    "4222222222222",
    "4917610000000000003",
    "5555555555554444",
    "5200828282828210",
    "5105105105105100",
    "5454545454545454",
    "2223003122003222",
    "2221000000000009",
    "2223000048400011",
    "2720990000000007",
    "378282246310005",
    "371449635398431",
    "378734493671000",
    "341111111111111",
    "6011111111111117",
    "6011000990139424",
    "6011981111111113",
    "3056930009020004",
    "36227206271667",
    "30569309025904",
    "38520000023237",
    "6555900000604105",
    "3566002020360505",
    "3530111333300000",
    "6200000000000005",
    "6200000000000047",
    "6205500000000000004",
    "6759649826438453",
    "6304000000000000",
    "6070000000000009",
    "6521111111111117",
];

/// A route, and a body of it with a number in some field; the other text is a quote's token.
type Body = (&'static str, fn(&str, &str) -> Value);

/// A kind of order number, how one is made of chance, and how many of all may be taken for a card.
type Form = (&'static str, fn([u64; 4]) -> String, usize);

/// The number as people and programs write it.
fn dresses(card: &str) -> [String; 5] {
    let grouped = |by: &str| {
        let groups: Vec<String> =
            card.as_bytes().chunks(4).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
        groups.join(by)
    };
    [card.to_owned(), grouped(" "), grouped("-"), format!("my card is {card}, thanks"), format!("{card} 12/30 123")]
}

#[tokio::test]
async fn card_numbers_are_refused_in_every_field_of_every_route() {
    let app = TestApp::start().await;
    let cards: Vec<&str> = CARDS.into_iter().filter(|card| luhn(card)).collect();
    assert!(cards.len() >= 30, "{}", cards.len());
    let token = app.quote("pro_monthly", "DE").await.quote_token;
    let fields: [Body; 16] = [
        ("/v1/quotes", |_, card| json!({"items": [{"price_id": card}]})),
        ("/v1/quotes", |_, card| json!({"items": [{"price_id": "pro_monthly", "addons": [{"addon_id": card}]}]})),
        ("/v1/quotes", |_, card| json!({"items": [], "discount_code": card})),
        ("/v1/quotes", |_, card| json!({"items": [], "currency": card})),
        ("/v1/quotes", |_, card| json!({"items": [], "customer": {"country": card}})),
        ("/v1/quotes", |_, card| json!({"items": [], "customer": {"country": "DE", "postal_code": card}})),
        ("/v1/quotes", |_, card| json!({"items": [], "customer": {"country": "DE", "tax_id": card}})),
        ("/v1/quotes", |_, card| json!({"items": [], "no_such_field": {"deep": [card]}})),
        ("/v1/checkouts", |_, card| json!({"quote_token": card, "customer": {"email": "ada@example.com"}})),
        (
            "/v1/checkouts",
            |token, card| json!({"quote_token": token, "customer": {"email": format!("{card}@example.com")}}),
        ),
        ("/v1/checkouts", |token, card| json!({"quote_token": token, "customer": {"email": "a@b.co", "name": card}})),
        (
            "/v1/checkouts",
            |token, card| json!({"quote_token": token, "customer": {"email": "a@b.co"}, "success_url": card}),
        ),
        (
            "/v1/checkouts",
            |token, card| json!({"quote_token": token, "customer": {"email": "a@b.co"}, "custom_data": {"k": card}}),
        ),
        ("/v1/checkouts", |token, card| json!({"quote_token": token, "customer": {"email": "a@b.co"}, "renews": card})),
        (
            "/v1/checkouts",
            |token, card| json!({"quote_token": token, "customer": {"email": "a@b.co"}, "customer_token": card}),
        ),
        ("/v1/customer-tokens", |_, card| json!({"reference": card})),
    ];
    let mut asked = 0;
    for (path, body) in fields {
        for (number, card) in cards.iter().enumerate() {
            // Each dress on some cards; each card in each field.
            let card = &dresses(card)[number % 5];
            let answer = if path == "/v1/customer-tokens" {
                app.ask_token(&body(&token, card)).await
            } else {
                let request = app.post(path).header("idempotency-key", "cards").json(&body(&token, card));
                request.send().await.unwrap()
            };
            let problem = assert_problem(answer, 422, "card_data_refused").await;
            assert!(!problem.to_string().contains(card.as_str()), "{path} repeats it");
            asked += 1;
        }
    }
    for field in ["quantity", "email", "country", "postal_code", "discount_code", "key", "quote_token"] {
        for card in &cards {
            let form =
                app.http.post(format!("{}/pay/pro_monthly", app.ready().helper)).header(ORIGIN, &app.ready().helper);
            let form = form.header("content-type", "application/x-www-form-urlencoded").body(format!("{field}={card}"));
            let answer = form.send().await.unwrap();
            assert_eq!(answer.status(), 422, "{field}");
            let page = answer.text().await.unwrap();
            assert!(page.contains("card_data_refused") && !page.contains(card), "{field}: {page}");
            asked += 1;
        }
    }
    assert_eq!(app.sessions(), 0);
    let database = std::fs::read(app.database()).unwrap();
    assert!(cards.iter().all(|card| !database.windows(card.len()).any(|window| window == card.as_bytes())));
    println!("{} test numbers, {asked} requests, all refused", cards.len());
}

fn luhn(card: &str) -> bool {
    let digits = card.bytes().rev().map(|digit| u32::from(digit - b'0')).enumerate();
    let sum: u32 = digits.map(|(place, digit)| if place % 2 == 0 { digit } else { digit * 2 % 10 + digit / 5 }).sum();
    sum.is_multiple_of(10)
}

/// How often an order's number looks like a card's by chance. Printed, because shops have to know.
#[test]
fn how_often_an_order_number_is_taken_for_a_card() {
    const MANY: usize = 100_000;
    // A linear congruential sequence (Knuth, MMIX): the same numbers each time.
    let mut state = 20_261_122_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 8
    };
    // The most of 100,000 that may be taken for one.
    let forms: [Form; 6] = [
        ("ORD-2026-0001234", |[a, ..]| format!("ORD-2026-{:07}", a % 10_000_000), 0),
        (
            "UUID",
            |[a, b, c, d]| {
                let words = [a % (1 << 32), b % (1 << 16), b >> 16 & 0xfff, c % 0xfff, d % (1 << 48)];
                format!("{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}", words[0], words[1], words[2], words[3], words[4])
            },
            0,
        ),
        ("10 digits", |[a, ..]| format!("{:010}", a % 10_000_000_000), 0),
        ("12 digits", |[a, ..]| format!("{:012}", a % 1_000_000_000_000), 0),
        ("Unix milliseconds", |[a, ..]| format!("{}", 1_700_000_000_000 + a % 200_000_000_000), 0),
        ("16 random digits", |[a, ..]| format!("{:016}", a % 10_000_000_000_000_000), 10_000),
    ];
    for (form, made, most) in forms {
        let taken = (0..MANY)
            .filter(|_| check_text(&made([next(), next(), next(), next()])) == Err(Code::CardDataRefused))
            .count();
        println!("{form}: {taken} of {MANY} taken for a card number");
        assert!(taken <= most, "{form}: {taken}");
    }
}
