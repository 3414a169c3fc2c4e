//! Dodo's webhooks and objects, read tolerantly: new fields, states and types appear without notice
//! (dodo/README 1), and a signed delivery is never refused for one. Only the fields named here are
//! read, each by itself, so that no other one can hide an object. One file for each object.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::kinds;
use super::wire::ORDER_ID;
use crate::event::{Notice, Seen};

mod dispute;
mod dunning;
mod payment;
mod refund;
mod subscription;

/// A field as it stands in the text.
type Field<'a> = Option<&'a RawValue>;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "type")]
    kind: Field<'a>,
    #[serde(borrow)]
    timestamp: Field<'a>,
    #[serde(borrow)]
    data: Field<'a>,
}

#[derive(Deserialize)]
struct Typed<'a> {
    #[serde(borrow)]
    payload_type: Field<'a>,
}

/// Reads a webhook's body. `None` where it is not even an object with a type.
pub(super) fn read(body: &[u8]) -> Option<Notice> {
    let text = std::str::from_utf8(body).ok()?.trim_start_matches('\u{feff}');
    let Envelope { kind, timestamp, data } = serde_json::from_str(text).ok()?;
    let kind: String = value(kind)?;
    let seen = data.and_then(|data| object(&kind, data.get())).unwrap_or(Seen::Other);
    let seen = if kinds::is_known(&kind) { seen } else { hint(seen) };
    Some(Notice { at: time(timestamp), seen, kind })
}

/// What is left of an object where nobody knows what its notice means: that it should be asked for.
fn hint(seen: Seen) -> Seen {
    let kind = match &seen {
        Seen::Payment(_) => "payment",
        Seen::Subscription(_) | Seen::Dunning(_) => "subscription",
        Seen::Refund(_) => "refund",
        Seen::Dispute(_) => "dispute",
        Seen::Hint { .. } | Seen::Other => return seen,
    };
    seen.object().map_or(Seen::Other, |id| Seen::Hint { kind, id: id.to_owned() })
}

/// The object of a notice: by what the data says it is, or else by the name of what happened.
fn object(kind: &str, data: &str) -> Option<Seen> {
    let said: Option<String> = serde_json::from_str::<Typed<'_>>(data).ok().and_then(|typed| value(typed.payload_type));
    match (said.as_deref(), kind.split('.').next().unwrap_or_default()) {
        (Some("Payment"), _) | (_, "payment") => payment::read(data).map(Seen::Payment),
        (Some("Subscription"), _) | (_, "subscription") => subscription::read(data).map(Seen::Subscription),
        (Some("Refund"), _) | (_, "refund") => refund::read(data).map(Seen::Refund),
        (Some("Dispute"), _) | (_, "dispute") => dispute::read(data).map(Seen::Dispute),
        (Some("DunningAttempt"), _) | (_, "dunning") => dunning::read(data).map(Seen::Dunning),
        _ => None,
    }
}

/// Reads `GET /payments/{id}`, `GET /subscriptions/{id}` and the like: the object alone. `kind` is the
/// first word of its webhooks' types. An answer about an object of another kind is none.
pub(super) fn answered(kind: &str, object: &str) -> Option<Notice> {
    let seen = self::object(kind, object)?;
    let at = match (kind, &seen) {
        ("payment", Seen::Payment(payment)) => payment.updated_at.or(payment.created_at),
        ("subscription", Seen::Subscription(_)) | ("refund", Seen::Refund(_)) | ("dispute", Seen::Dispute(_)) => None,
        _ => return None,
    };
    Some(Notice { kind: kind.to_owned(), at, seen })
}

/// A text of the metadata that we sent along.
fn note(metadata: Field<'_>, key: &str) -> Option<String> {
    let mut metadata: serde_json::Map<String, serde_json::Value> = value(metadata)?;
    metadata.remove(key)?.as_str().map(str::to_owned)
}

/// Our checkout's id in it.
fn checkout(metadata: Field<'_>) -> Option<String> {
    note(metadata, ORDER_ID)
}

fn time(field: Field<'_>) -> Option<Timestamp> {
    value::<String>(field)?.parse().ok()
}

/// A field's value, if it is what it should be.
fn value<T: DeserializeOwned>(field: Field<'_>) -> Option<T> {
    serde_json::from_str(field?.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::PaymentState;
    use crate::event::payment::Charge;

    #[test]
    fn what_is_not_known_is_kept_and_never_refused() {
        let body = br#"{"type":"payment.failed","timestamp":7,"data":{"payload_type":"Payment","payment_id":"pay_1",
            "status":"teleported","total_amount":"12","currency":"XXX","metadata":[],"product_cart":null,"charge_type":null}}"#;
        let notice = read(body).unwrap();
        assert_eq!(notice.kind, "payment.failed");
        let Seen::Payment(payment) = notice.seen else { panic!("no payment") };
        assert_eq!(payment.state, PaymentState::Unknown("teleported".to_owned()));
        assert_eq!((payment.amount, payment.checkout, payment.charge), (None, None, Charge::Sale));
    }

    #[test]
    fn an_event_that_nobody_knows_only_hints_at_its_object() {
        for (kind, data, hint) in [
            ("payment.teleported", r#"{"payment_id":"x","status":"succeeded"}"#, Some("payment")),
            (
                "moon.landed",
                r#"{"payload_type":"Subscription","subscription_id":"x","status":"active"}"#,
                Some("subscription"),
            ),
            ("dunning.slept", r#"{"subscription_id":"x"}"#, Some("subscription")),
            ("refund.teleported", r#"{"refund_id":"x","payment_id":"y"}"#, Some("refund")),
            ("dispute.teleported", r#"{"dispute_id":"x","payment_id":"y"}"#, Some("dispute")),
            ("moon.landed", r#"{"payment_id":"x"}"#, None),
        ] {
            let seen = read(format!(r#"{{"type":"{kind}","data":{data}}}"#).as_bytes()).unwrap().seen;
            let expected = hint.map_or(Seen::Other, |kind| Seen::Hint { kind, id: "x".to_owned() });
            assert_eq!(seen, expected, "{kind}");
        }
    }

    #[test]
    fn no_other_field_can_hide_a_payment() {
        let deep = "[".repeat(500) + &"]".repeat(500);
        for odd in ["1e400", r#""\ud800""#, deep.as_str(), "-0", "99999999999999999999999"] {
            let body = format!(
                r#"{{"type":"payment.succeeded","odd":{odd},"data":{{"payment_id":"pay_1","status":"succeeded","odd":{odd}}}}}"#
            );
            let seen = read(body.as_bytes()).map(|notice| notice.seen);
            assert!(
                matches!(seen, Some(Seen::Payment(payment)) if payment.state == PaymentState::Succeeded),
                "{odd:.20}"
            );
        }
        let marked = read(b"\xef\xbb\xbf{\"type\":\"payment.succeeded\",\"data\":{\"payment_id\":\"pay_1\"}}").unwrap();
        assert!(matches!(marked.seen, Seen::Payment(_)));
    }

    #[test]
    fn an_answer_about_something_else_is_none() {
        let payment = r#"{"payload_type":"Payment","payment_id":"pay_1","subscription_id":"sub_1"}"#;
        assert!(answered("payment", payment).is_some());
        for asked in ["subscription", "refund", "dispute", "moon"] {
            assert_eq!(answered(asked, payment), None, "{asked}");
        }
    }

    #[test]
    fn what_is_no_notice_is_none() {
        for body in [&b"not JSON"[..], b"[]", b"{}", b"{\"type\":7}", b"\xff"] {
            assert_eq!(read(body), None);
        }
    }
}
