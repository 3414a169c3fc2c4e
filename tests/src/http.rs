//! HTTP as a client outside of the product speaks it.

use std::sync::Once;
use std::time::Duration;

use reqwest::{Client, Response, redirect};
use serde_json::Value;

/// Chooses the TLS implementation, once per process; reqwest is built without one.
pub fn use_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// A client with a time limit, which shows redirects instead of following them.
#[expect(clippy::disallowed_methods, reason = "somebody outside of the product")]
pub fn client() -> Client {
    use_ring();
    let builder = Client::builder().timeout(Duration::from_secs(30)).redirect(redirect::Policy::none());
    builder.build().expect("a plain client can be made")
}

/// Asserts that an answer is a problem (RFC 9457) as promised: status, code, type, not kept by
/// caches, small, with the id of its request. Returns the body for what is special about it.
pub async fn assert_problem(response: Response, status: u16, code: &str) -> Value {
    let (got, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.expect("the answer can be read");
    let problem: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{got}, not a problem: {text}"));
    assert_eq!((got, problem["code"].as_str()), (status, Some(code)), "{text}");
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!(header("content-type"), Some("application/problem+json"), "{code}");
    assert_eq!(header("cache-control"), Some("no-store"), "{code}");
    assert_eq!(problem["status"], status, "the body repeats the status");
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{text}");
    assert!(problem["retryable"].is_boolean(), "{text}");
    assert!(problem["request_id"].as_str().is_some_and(|id| id.starts_with("req_")), "{text}");
    // A new quote may come along; everything else is short.
    assert!(text.len() <= 2048 || !problem["quote"].is_null(), "{} bytes", text.len());
    problem
}
