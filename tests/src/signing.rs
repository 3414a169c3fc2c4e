//! Deliveries signed as the provider signs them.

use checkout_server::signature::SigningSecret;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

/// The headers of a delivery of `body`. `timestamp` is in Unix seconds.
pub fn signed_headers(secret: &SigningSecret, id: &str, timestamp: i64, body: &[u8]) -> HeaderMap {
    let signature = secret.sign(id, timestamp, body);
    let text = |value: &str| HeaderValue::from_str(value).expect("ids and signatures are visible ASCII");
    HeaderMap::from_iter([
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        ("webhook-id".parse().expect("a header's name"), text(id)),
        ("webhook-timestamp".parse().expect("a header's name"), HeaderValue::from(timestamp)),
        ("webhook-signature".parse().expect("a header's name"), text(&signature)),
    ])
}
