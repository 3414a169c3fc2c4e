//! Dodo's webhooks and payment objects, read tolerantly: new fields, states and types appear
//! without notice (dodo/README 1), and a signed delivery is never refused for one.

use checkout_types::money::Money;
use jiff::Timestamp;
use serde_json::Value;

use super::wire::ORDER_ID;
use crate::event::{Notice, PaymentSeen, PaymentState};

/// Reads a webhook's body. `None` where it is not even an object with a type.
pub(super) fn read(body: &[u8]) -> Option<Notice> {
    let envelope: Value = serde_json::from_slice(body).ok()?;
    let kind = text(&envelope, "type")?;
    let data = &envelope["data"];
    let about_payment = text(data, "payload_type").as_deref() == Some("Payment") || kind.starts_with("payment.");
    let at = time(&envelope, "timestamp");
    Some(Notice { kind, at, payment: about_payment.then(|| payment(data)).flatten() })
}

/// Reads `GET /payments/{id}`.
pub(super) fn of_payment(object: &Value) -> Option<Notice> {
    let payment = payment(object)?;
    Some(Notice { kind: "payment".to_owned(), at: payment.updated_at.or(payment.created_at), payment: Some(payment) })
}

fn payment(object: &Value) -> Option<PaymentSeen> {
    let products = object["product_cart"].as_array().map(Vec::as_slice).unwrap_or_default();
    Some(PaymentSeen {
        id: text(object, "payment_id")?,
        checkout: text(&object["metadata"], ORDER_ID),
        session: text(object, "checkout_session_id"),
        created_at: time(object, "created_at"),
        updated_at: time(object, "updated_at"),
        state: state(text(object, "status").as_deref()),
        amount: money(object),
        products: products.iter().filter_map(|line| text(line, "product_id")).collect(),
        first: is_first(object),
        error_code: text(object, "error_code"),
    })
}

fn state(status: Option<&str>) -> PaymentState {
    match status {
        None
        | Some(
            "requires_customer_action"
            | "requires_merchant_action"
            | "requires_payment_method"
            | "requires_confirmation"
            | "requires_capture",
        ) => PaymentState::Waiting,
        Some("processing") => PaymentState::Processing,
        Some("succeeded") => PaymentState::Succeeded,
        Some("failed") => PaymentState::Failed,
        Some("cancelled") => PaymentState::Cancelled,
        Some("partially_captured" | "partially_captured_and_capturable") => PaymentState::Partial,
        Some(other) => PaymentState::Unknown(other.to_owned()),
    }
}

/// A renewal, an upgrade or a change of card is not the sale that a checkout waits for. Objects
/// recorded before October 2026 do not have the field.
fn is_first(object: &Value) -> bool {
    let new = matches!(text(object, "charge_type").as_deref(), None | Some("new"));
    new && object["is_update_payment_method"] != Value::Bool(true)
}

fn money(object: &Value) -> Option<Money> {
    let currency = text(object, "currency")?.parse().ok()?;
    Some(Money::new(object["total_amount"].as_i64()?, currency))
}

fn time(object: &Value, name: &str) -> Option<Timestamp> {
    text(object, name)?.parse().ok()
}

fn text(object: &Value, name: &str) -> Option<String> {
    object.get(name)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_kept_and_never_refused() {
        let body = br#"{"type":"payment.teleported","timestamp":7,"data":{"payload_type":"Payment","payment_id":"pay_1",
            "status":"teleported","total_amount":"12","currency":"XXX","metadata":[],"product_cart":null,"charge_type":null}}"#;
        let notice = read(body).unwrap();
        assert_eq!(notice.kind, "payment.teleported");
        let payment = notice.payment.unwrap();
        assert_eq!(payment.state, PaymentState::Unknown("teleported".to_owned()));
        assert_eq!((payment.amount, payment.checkout), (None, None));
    }

    #[test]
    fn what_is_no_notice_is_none() {
        for body in [&b"not JSON"[..], b"[]", b"{}", b"{\"type\":7}", b"\xff"] {
            assert_eq!(read(body), None);
        }
    }
}
