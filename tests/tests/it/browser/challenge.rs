//! A helper under attack asks for work before it takes a request. The widget does it by itself: a
//! person notices nothing, or reads a sentence.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::browser::{Browser, Options};
use checkout_tests::pages::{Page, Site, reserve};
use checkout_tests::proxy::{Asked, Proxy};
use sha2::{Digest as _, Sha256};

use super::widget::{COUNTRY, EMAIL, PAY, card, paid};

/// A door that takes nothing without its work, and remembers what it was asked.
#[derive(Clone)]
struct Door {
    bits: u8,
    /// Whether work that was done well is enough.
    opens: bool,
    asked: Arc<Mutex<Vec<Knock>>>,
}

/// One request: what it asked for, and the proof that it brought.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Knock {
    what: (String, String, Vec<u8>),
    proof: String,
}

impl Door {
    fn new(bits: u8, opens: bool) -> Self {
        Self { bits, opens, asked: Arc::default() }
    }

    fn answer(&self, asked: &mut Asked) -> Option<Response> {
        if asked.method == Method::OPTIONS {
            return Some(StatusCode::NO_CONTENT.into_response());
        }
        if !matches!(asked.path.as_str(), "/v1/quotes" | "/v1/checkouts") {
            return None;
        }
        let what = (asked.path.clone(), asked.header("idempotency-key").to_owned(), asked.body.clone());
        let proof = asked.header("checkout-proof").to_owned();
        asked.headers.remove("checkout-proof");
        let mut all = self.asked.lock().unwrap();
        all.push(Knock { what, proof: proof.clone() });
        if self.opens && is_proof(&proof, self.bits) {
            return None;
        }
        let problem = serde_json::json!({
            "type": "/problems/challenge-required", "title": "Solve the challenge.", "status": 429,
            "code": "challenge_required", "retryable": true,
            "challenge": {"token": format!("sealed-{}", all.len()), "bits": self.bits},
        });
        let headers = [(header::CONTENT_TYPE, "application/problem+json")];
        Some((StatusCode::TOO_MANY_REQUESTS, headers, problem.to_string()).into_response())
    }

    fn knocks(&self) -> Vec<Knock> {
        self.asked.lock().unwrap().clone()
    }
}

/// As the contract says it, in the plainest words: bit by bit.
fn is_proof(proof: &str, bits: u8) -> bool {
    let hash = Sha256::digest(proof);
    proof.starts_with("sealed-") && (0..usize::from(bits)).all(|bit| hash[bit / 8] & (0x80 >> (bit % 8)) == 0)
}

/// A page of somebody's with a button, whose helper is behind that door.
async fn visit(door: &Door) -> (TestApp, Browser) {
    let (origin, site): (String, Site) = reserve().await;
    let app = TestApp::start_for(vec![origin.clone()]).await;
    let answering = door.clone();
    let helper = Proxy::to(&app.ready().helper).before(move |asked| answering.answer(asked)).serve().await;
    let body = format!(
        "<!doctype html><html lang=\"en\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
        <title>A shop</title><main><h1>Shop</h1>
        <script type=\"module\" src=\"{helper}/checkout.js\"></script>
        <checkout-button price-id=\"pro_monthly\">Upgrade</checkout-button></main></html>"
    );
    site.serve(vec![Page::html("/", body)]);
    let patience = Duration::from_secs(40);
    let browser = Browser::open(Options { still: true, patience, ..Options::phone() }).await;
    browser.go(&format!("{origin}/")).await;
    (app, browser)
}

#[tokio::test]
async fn a_buyer_pays_through_a_challenge_and_notices_nothing() {
    let door = Door::new(12, true);
    let (_app, browser) = visit(&door).await;
    browser.click("checkout-button").await;
    browser.choose(COUNTRY, "DE").await;
    browser.fill(EMAIL, "ada@example.com").await;
    browser.find_saying(PAY, "€34.51").await;
    browser.click(PAY).await;
    browser.find("input[name=card]").await;
    card(&browser, GOOD_CARD).await;
    paid(&browser).await;

    let knocks = door.knocks();
    let proven: Vec<_> = knocks.iter().filter(|knock| !knock.proof.is_empty()).collect();
    assert!(proven.iter().all(|knock| is_proof(&knock.proof, 12)), "{proven:?}");
    for knock in &proven {
        let before = knocks.iter().find(|before| before.proof.is_empty() && before.what == knock.what);
        assert!(before.is_some(), "the same request, key and body, was asked without a proof: {knock:?}");
    }
    for path in ["/v1/quotes", "/v1/checkouts"] {
        assert!(proven.iter().any(|knock| knock.what.0 == path), "{path}");
    }
    let orders = knocks.iter().filter(|knock| knock.what.0 == "/v1/checkouts").count();
    assert_eq!(orders, 2, "once without and once with the proof");
}

#[tokio::test]
async fn longer_work_is_spoken_of_while_the_page_lives_on() {
    let door = Door::new(21, true);
    let (_app, browser) = visit(&door).await;
    let frames = "window.frames_seen = 0; const tick = () => { window.frames_seen++; requestAnimationFrame(tick) };
        requestAnimationFrame(tick)";
    browser.script::<()>(frames, &[]).await;
    browser.click("checkout-button").await;
    browser.find_saying(".notice", "One moment: many orders are being made").await;
    let before: u32 = browser.script("return window.frames_seen", &[]).await;
    browser.script::<()>("return new Promise((done) => setTimeout(done, 500))", &[]).await;
    let after: u32 = browser.script("return window.frames_seen", &[]).await;
    assert!(after - before >= 5, "{} frames in half a second", after - before);
    assert!(!browser.scrolls_sideways().await);
    browser.screenshot(checkout_tests::in_repository("target/pictures/challenge-light.png")).await;
    // Let go of it: nothing is sent any more.
    browser.click("#close").await;
    browser.wait_gone("dialog").await;
    let count = door.knocks().len();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(door.knocks().len(), count, "{:?}", door.knocks());
}

#[tokio::test]
async fn a_door_that_never_opens_is_given_up_after_two_tries() {
    let door = Door::new(8, false);
    let (_app, browser) = visit(&door).await;
    browser.click("checkout-button").await;
    browser.find_saying("section.status", "could not check that this order comes from a person").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let knocks = door.knocks();
    assert_eq!(knocks.len(), 3, "{knocks:?}");
    assert_eq!(knocks.iter().filter(|knock| is_proof(&knock.proof, 8)).count(), 2);
}

#[tokio::test]
async fn work_without_end_is_not_begun() {
    let door = Door::new(25, true);
    let (_app, browser) = visit(&door).await;
    browser.click("checkout-button").await;
    browser.find_saying("section.status", "could not check that this order comes from a person").await;
    assert_eq!(door.knocks().len(), 1);
}
