//! How an endpoint is told: a POST that is signed after Standard Webhooks, whose id is the message's own
//! on every try. Only a 2xx counts, and of the rest of the answer nothing is kept.

use std::error::Error as _;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

use crate::fault::crash_point;
use crate::outgoing::Forbidden;

use super::endpoint::Endpoint;
use super::{Message, Outcome, schedule};

/// So long may an answer's body take, which nobody reads: it only frees the connection for the next.
const BODY: Duration = Duration::from_secs(1);

/// Tells an endpoint. `signed_at` is the time of day outside, which its own clock is compared with.
pub(super) async fn send(endpoint: &Endpoint, message: &Message, signed_at: Timestamp) -> Outcome {
    let body = body(&message.data, message.sequence);
    let seconds = signed_at.as_second();
    let signatures: Vec<_> =
        endpoint.secrets.iter().map(|secret| secret.sign(&message.id, seconds, body.as_bytes())).collect();
    let request = match endpoint.http.request(Method::POST, &endpoint.url) {
        Ok(request) => request,
        Err(forbidden) => return Outcome::Park { status: None, error: told(forbidden) },
    };
    let request = request
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &message.id)
        .header("webhook-timestamp", seconds)
        .header("webhook-signature", signatures.join(" "));
    crash_point("outbox.signed");
    match request.body(body).send().await {
        Ok(answer) => {
            crash_point("outbox.answered");
            let asked = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
            let asked = asked.and_then(|text| schedule::retry_after(text, signed_at));
            let outcome = schedule::judge(answer.status().as_u16(), asked, message.attempts);
            drop(tokio::time::timeout(BODY, endpoint.http.read(answer)).await);
            outcome
        }
        Err(error) => Outcome::Retry { after: None, status: None, error: why(&error) },
    }
}

/// What an endpoint is sent: the event's body with the place of this message in its line. It is written
/// as it is stored: what is signed is bytes, and who verifies them again a year later finds the same.
#[must_use]
pub fn body(data: &str, sequence: Option<i64>) -> String {
    let Some(sequence) = sequence else { return data.to_owned() };
    match data.trim_end().strip_suffix('}').map(str::trim_end) {
        Some(open) if open.ends_with('{') => format!("{open}\"sequence\":{sequence}}}"),
        Some(open) => format!("{open},\"sequence\":{sequence}}}"),
        None => data.to_owned(),
    }
}

fn told(forbidden: Forbidden) -> String {
    format!("the address {forbidden}")
}

/// Why there was no answer, without the address.
fn why(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(forbidden) = inner.downcast_ref::<Forbidden>() {
            return told(*forbidden);
        }
        cause = inner.source();
    }
    let text = if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use super::*;
    use crate::outbox::{Channel, Filter};
    use crate::outgoing::{Found, Lookup, Outgoing, Purpose, Reach};
    use crate::signature::SigningSecret;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    /// Whatever is asked for is at home.
    struct Home;

    impl Lookup for Home {
        fn find(&self, _: &str) -> Found {
            Box::pin(async { Ok(vec![IpAddr::from([10, 0, 0, 7]), IpAddr::from([127, 0, 0, 1])]) })
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_home_is_told_nothing() {
        let endpoint = Endpoint {
            id: "crm".to_owned(),
            filter: Filter::default(),
            secrets: vec![SigningSecret::parse("whsec_Y2FuYXJ5").unwrap()],
            url: "https://hooks.example.com/token-canary".to_owned(),
            http: Outgoing::with_lookup(Purpose::Endpoint, Reach::Public, Arc::new(Home)).unwrap(),
        };
        let message = Message {
            seq: 1,
            id: "msg_1".to_owned(),
            event: "evt_1".to_owned(),
            kind: "checkout.paid".to_owned(),
            channel: Channel::Webhook,
            target: "crm".to_owned(),
            customer: "ref:user_1".to_owned(),
            sequence: Some(1),
            attempts: 0,
            data: "{}".to_owned(),
        };
        let error = "the address leads to an address that is not public".to_owned();
        assert_eq!(
            send(&endpoint, &message, Timestamp::UNIX_EPOCH).await,
            Outcome::Retry { after: None, status: None, error }
        );
    }

    #[test]
    fn the_sequence_is_added_to_what_is_stored() {
        assert_eq!(body(r#"{"id":"evt_1"}"#, Some(7)), r#"{"id":"evt_1","sequence":7}"#);
        assert_eq!(body("{ }\n", Some(1)), r#"{"sequence":1}"#);
        assert_eq!(body(r#"{"id":"evt_1"}"#, None), r#"{"id":"evt_1"}"#);
    }

    proptest! {
        #[test]
        fn every_body_stays_what_it_was(
            fields in prop::collection::btree_map("[a-z]{1,8}", "\\PC{0,20}", 0..6),
            sequence in 1i64..i64::MAX,
        ) {
            let mut whole: Map<String, Value> = fields.into_iter().map(|(name, text)| (name, json!(text))).collect();
            whole.insert("data".to_owned(), json!({"nested": {"deep": ["}", "{"]}}));
            let sent: Value = serde_json::from_str(&body(&json!(whole).to_string(), Some(sequence))).unwrap();
            whole.insert("sequence".to_owned(), json!(sequence));
            prop_assert_eq!(sent, Value::Object(whole));
        }
    }
}
