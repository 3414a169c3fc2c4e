//! No answer repeats what was sent: a marker, put wherever a caller can write, comes back nowhere.

use checkout_tests::app::TestApp;
use checkout_tests::http::client;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

/// Pseudo-random, and the same each time (Knuth, MMIX).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.roll(from.len() as u64)).unwrap()]
    }
}

/// A body of some shape, with the marker in keys and values at random places.
fn body(dice: &mut Dice, marker: &str, depth: u32) -> Value {
    let names =
        ["items", "price_id", "quantity", "customer", "email", "country", "quote_token", "custom_data", "reference"];
    match dice.roll(if depth > 4 { 4 } else { 7 }) {
        0 => json!(dice.roll(1_000)),
        1 => Value::Null,
        2 | 3 => json!(format!(
            "{}{marker}{}",
            dice.pick(&["", " ", "<b>", "\u{0}", "..", "%"]),
            dice.pick(&["", "\"", "'", "\n"])
        )),
        4 => (0..dice.roll(4)).map(|_| body(dice, marker, depth + 1)).collect(),
        _ => {
            let entries = 1 + dice.roll(4);
            let mut object = serde_json::Map::new();
            for _ in 0..entries {
                let name =
                    if dice.roll(3) == 0 { format!("{marker}{}", dice.roll(9)) } else { dice.pick(&names).to_owned() };
                object.insert(name, body(dice, marker, depth + 1));
            }
            Value::Object(object)
        }
    }
}

#[tokio::test]
async fn nothing_that_was_sent_comes_back() {
    const ROUNDS: u64 = 400;
    let app = TestApp::start().await;
    let mut dice = Dice(1_122);
    let mut answers = 0;
    for round in 0..ROUNDS {
        let marker = format!("mArKeR{round}x{}", dice.roll(1_000_000));
        let mut requests = Vec::new();
        for (path, key) in [("/v1/quotes", None), ("/v1/checkouts", Some("echo")), ("/v1/customer-tokens", None)] {
            let value = body(&mut dice, &marker, 0);
            let mut text = value.to_string();
            if dice.roll(4) == 0 {
                text.truncate(text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at));
            }
            let mut request =
                app.http.post(format!("{}{path}", app.ready().helper)).header("content-type", "application/json");
            request = if path == "/v1/customer-tokens" {
                request.bearer_auth(&app.ready().secret_key)
            } else {
                request.header("origin", &app.ready().shop)
            };
            if let Some(key) = key {
                request = request.header("idempotency-key", format!("{key}-{marker}"));
            }
            requests.push(request.header("x-note", &marker).body(text));
        }
        let path = dice.pick(&["/v1/checkouts/", "/", "/pay/", "/c/", "/problems/", "/assets/", "/v1/"]);
        let method = dice.pick(&["GET", "POST", "PUT", "OPTIONS"]).parse::<Method>().unwrap();
        let url = format!("{}{path}{marker}?{marker}={marker}", app.ready().helper);
        let elsewhere = client().request(method, url).header("origin", format!("https://{marker}.example"));
        requests
            .push(elsewhere.bearer_auth(format!("cs_{marker}")).header("content-type", &marker).body(marker.clone()));
        for answer in join_all(requests.into_iter().map(reqwest::RequestBuilder::send)).await {
            let answer = answer.unwrap();
            let (status, headers) = (answer.status(), format!("{:?}", answer.headers()));
            let text = answer.text().await.unwrap();
            // A customer token holds its customer, sealed for the one who named them.
            assert!(status == 201 || status.is_client_error() || status == 204, "{status}: {text}");
            assert!(!text.contains(&marker) && !headers.contains(&marker), "{status} repeats it: {headers} {text}");
            answers += 1;
        }
    }
    println!("{answers} answers, none repeats what was sent");
}
