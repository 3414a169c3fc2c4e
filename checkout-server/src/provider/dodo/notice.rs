//! Dodo's webhooks and payment objects, read tolerantly: new fields, states and types appear
//! without notice (dodo/README 1), and a signed delivery is never refused for one. Only the fields
//! named here are read, each by itself, so that no other one can hide a payment.

use checkout_types::money::Money;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::wire::ORDER_ID;
use crate::event::{Notice, PaymentSeen, PaymentState};

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
struct Payment<'a> {
    #[serde(borrow)]
    payload_type: Field<'a>,
    #[serde(borrow, rename = "payment_id")]
    id: Field<'a>,
    #[serde(borrow)]
    metadata: Field<'a>,
    #[serde(borrow)]
    checkout_session_id: Field<'a>,
    #[serde(borrow)]
    created_at: Field<'a>,
    #[serde(borrow)]
    updated_at: Field<'a>,
    #[serde(borrow)]
    status: Field<'a>,
    #[serde(borrow)]
    total_amount: Field<'a>,
    #[serde(borrow)]
    currency: Field<'a>,
    #[serde(borrow)]
    product_cart: Field<'a>,
    #[serde(borrow)]
    charge_type: Field<'a>,
    #[serde(borrow)]
    is_update_payment_method: Field<'a>,
    #[serde(borrow)]
    error_code: Field<'a>,
}

#[derive(Deserialize)]
struct CartLine {
    product_id: String,
    quantity: i64,
}

/// Reads a webhook's body. `None` where it is not even an object with a type.
pub(super) fn read(body: &[u8]) -> Option<Notice> {
    let text = std::str::from_utf8(body).ok()?.trim_start_matches('\u{feff}');
    let Envelope { kind, timestamp, data } = serde_json::from_str(text).ok()?;
    let kind: String = value(kind)?;
    let payment = data.and_then(|data| serde_json::from_str::<Payment<'_>>(data.get()).ok());
    let about_payment = |payment: &Payment<'_>| {
        kind.starts_with("payment.") || value::<String>(payment.payload_type).as_deref() == Some("Payment")
    };
    let payment = payment.filter(about_payment).and_then(|payment| seen(&payment));
    Some(Notice { at: time(timestamp), payment, kind })
}

/// Reads `GET /payments/{id}`.
pub(super) fn of_payment(object: &str) -> Option<Notice> {
    let payment = seen(&serde_json::from_str(object).ok()?)?;
    Some(Notice { kind: "payment".to_owned(), at: payment.updated_at.or(payment.created_at), payment: Some(payment) })
}

fn seen(payment: &Payment<'_>) -> Option<PaymentSeen> {
    let order_id =
        |metadata: Field<'_>| value::<serde_json::Map<String, serde_json::Value>>(metadata)?.remove(ORDER_ID);
    let cart: Vec<CartLine> = value(payment.product_cart).unwrap_or_default();
    // A renewal, an upgrade or a change of card is not the sale that a checkout waits for. Objects
    // recorded before October 2026 do not have the field.
    let new = payment.charge_type.is_none_or(|kind| matches!(kind.get(), "null" | "\"new\""));
    Some(PaymentSeen {
        id: value(payment.id)?,
        checkout: order_id(payment.metadata).and_then(|id| id.as_str().map(str::to_owned)),
        session: value(payment.checkout_session_id),
        created_at: time(payment.created_at),
        updated_at: time(payment.updated_at),
        state: state(payment.status),
        amount: money(payment),
        products: cart.into_iter().map(|CartLine { product_id, quantity }| (product_id, quantity)).collect(),
        first: new && value(payment.is_update_payment_method) != Some(true),
        error_code: value(payment.error_code),
    })
}

fn state(status: Field<'_>) -> PaymentState {
    let Some(status) = status.filter(|status| status.get() != "null") else { return PaymentState::Waiting };
    match value::<String>(Some(status)).as_deref() {
        Some(
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
        None => PaymentState::Unknown("malformed".to_owned()),
    }
}

fn money(payment: &Payment<'_>) -> Option<Money> {
    let currency: String = value(payment.currency)?;
    Some(Money::new(value(payment.total_amount)?, currency.parse().ok()?))
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

    #[test]
    fn what_is_not_known_is_kept_and_never_refused() {
        let body = br#"{"type":"payment.teleported","timestamp":7,"data":{"payload_type":"Payment","payment_id":"pay_1",
            "status":"teleported","total_amount":"12","currency":"XXX","metadata":[],"product_cart":null,"charge_type":null}}"#;
        let notice = read(body).unwrap();
        assert_eq!(notice.kind, "payment.teleported");
        let payment = notice.payment.unwrap();
        assert_eq!(payment.state, PaymentState::Unknown("teleported".to_owned()));
        assert_eq!((payment.amount, payment.checkout, payment.first), (None, None, true));
    }

    #[test]
    fn no_other_field_can_hide_a_payment() {
        let deep = "[".repeat(500) + &"]".repeat(500);
        for odd in ["1e400", r#""\ud800""#, deep.as_str(), "-0", "99999999999999999999999"] {
            let body = format!(
                r#"{{"type":"payment.succeeded","odd":{odd},"data":{{"payment_id":"pay_1","status":"succeeded","odd":{odd}}}}}"#
            );
            let payment = read(body.as_bytes()).and_then(|notice| notice.payment);
            assert_eq!(payment.map(|payment| payment.state), Some(PaymentState::Succeeded), "{odd:.20}");
        }
        assert!(
            read(b"\xef\xbb\xbf{\"type\":\"payment.succeeded\",\"data\":{\"payment_id\":\"pay_1\"}}")
                .unwrap()
                .payment
                .is_some()
        );
    }

    #[test]
    fn what_is_no_notice_is_none() {
        for body in [&b"not JSON"[..], b"[]", b"{}", b"{\"type\":7}", b"\xff"] {
            assert_eq!(read(body), None);
        }
    }
}
