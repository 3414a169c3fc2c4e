//! Somebody at an address of their own: the demo believes `X-Forwarded-For` of this machine.

use checkout_types::checkout::CreatedCheckout;
use checkout_types::problem::Challenge;
use checkout_types::{Problem, Quote};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::app::TestApp;

/// How often a challenge is solved before somebody gives up.
const MOST_TRIES: usize = 4;

/// A buyer, or a robot.
#[derive(Clone)]
pub struct Buyer<'a> {
    app: &'a TestApp,
    address: String,
    /// Whether challenges are solved, as the widget does.
    solves: bool,
}

impl TestApp {
    /// Somebody at that address, who solves challenges.
    pub fn buyer(&self, address: impl Into<String>) -> Buyer<'_> {
        Buyer { app: self, address: address.into(), solves: true }
    }
}

impl Buyer<'_> {
    /// The same, who does not solve challenges.
    #[must_use]
    pub fn lazy(self) -> Self {
        Self { solves: false, ..self }
    }

    /// A request of the shop's page, from this address.
    pub fn post(&self, path: &str) -> RequestBuilder {
        self.app.post(path).header("x-forwarded-for", &self.address)
    }

    /// Asks for a quote.
    pub async fn ask_quote(&self, body: &Value) -> Response {
        self.send(|| self.post("/v1/quotes").json(body)).await
    }

    /// Asks for a checkout of a quote.
    pub async fn ask_checkout(&self, key: &str, quote: &Quote) -> Response {
        let body = json!({"quote_token": quote.quote_token, "customer": {"email": "ada@example.com"}});
        self.send(|| self.post("/v1/checkouts").header("idempotency-key", key).json(&body)).await
    }

    /// An open checkout; `None` where it was refused for now.
    pub async fn checkout(&self, key: &str, quote: &Quote) -> Option<CreatedCheckout> {
        let response = self.ask_checkout(key, quote).await;
        match response.status().as_u16() {
            201 => Some(response.json().await.expect("a checkout")),
            429 => None,
            status => panic!("{status}: {}", response.text().await.unwrap_or_default()),
        }
    }

    /// Sends a request until it is answered without a challenge, or the challenge is left alone.
    async fn send(&self, request: impl Fn() -> RequestBuilder) -> Response {
        let mut response = request().send().await.expect("an answer");
        for _ in 0..MOST_TRIES {
            if !self.solves || response.status() != 429 {
                break;
            }
            let bytes = response.bytes().await.expect("a body");
            let problem: Problem = serde_json::from_slice(&bytes).expect("a problem");
            let Some(challenge) = problem.challenge else {
                // Refused for good: the same answer again, unread.
                return request().send().await.expect("an answer");
            };
            response = request().header("checkout-proof", solve(&challenge)).send().await.expect("an answer");
        }
        response
    }
}

/// Finds a number for which SHA-256 of `{token}:{number}` begins with so many zero bits.
#[must_use]
pub fn solve(challenge: &Challenge) -> String {
    let Challenge { token, bits } = challenge;
    let zeros = |digest: &[u8]| {
        let whole = digest.iter().take_while(|byte| **byte == 0).count();
        whole * 8 + digest.get(whole).map_or(0, |byte| byte.leading_zeros() as usize)
    };
    let mut proofs = (0_u64..).map(|number| format!("{token}:{number}"));
    proofs.find(|proof| zeros(&Sha256::digest(proof)) >= usize::from(*bits)).expect("there is always one")
}
