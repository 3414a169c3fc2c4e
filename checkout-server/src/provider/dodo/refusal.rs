//! What Dodo's refusals mean.

use reqwest::StatusCode;

use super::wire;
use crate::error::Code;
use crate::provider::ProviderError;

/// The codes after which no money has moved for certain (dodo/README 1).
const NEVER_MOVED: [&str; 18] = [
    "LINE_ITEM_FULLY_REFUNDED",
    "LINE_ITEM_NOT_FOUND",
    "LINE_ITEM_PRORATED",
    "LINE_ITEM_REFUND_AMOUNT_TOO_HIGH",
    "LINE_ITEM_REFUND_AMOUNT_TOO_LOW",
    "MERCHANT_NOT_LIVE",
    "NOTHING_TO_REFUND",
    "NOT_FOUND",
    "PARTIAL_REFUND_NOT_ALLOWED",
    "PAYMENT_ALREADY_REFUNDED",
    "PAYMENT_HAS_BEEN_REFUNDED",
    "PAYMENT_NOT_SUCCEEDED",
    "REFUND_AMOUNT_EXCEEDS_PAID_AMOUNT",
    "REFUND_WINDOW_EXPIRED",
    "TOO_MANY_REQUESTS",
    "UNAUTHORIZED",
    "UNSUCCESSFUL_PAYMENT_ID",
    "ZERO_AMOUNT_PAYMENT_REFUND_NOT_ALLOWED",
];

/// What a refusal of a call that moves money means. A refusal frees the amount for another call, so only
/// a code that we know is one. A conflict, a request that came too early, and whatever we do not know
/// may stand beside money that moved: it is looked for (G6).
pub(super) fn refusal_of_money(status: StatusCode, body: &[u8]) -> ProviderError {
    let code = code(body);
    let is_open = !status.is_client_error() || matches!(status, StatusCode::CONFLICT | StatusCode::TOO_EARLY);
    let is_known = status == StatusCode::TOO_MANY_REQUESTS || NEVER_MOVED.contains(&code.as_str());
    if is_open || !is_known {
        return ProviderError::Unknown(format!("{} {code}", status.as_u16()));
    }
    refusal(status, body)
}

/// What a refusal means, by its `code`: the status is documented for few of them, and one code has
/// several messages (dodo/README 1).
pub(super) fn refusal(status: StatusCode, body: &[u8]) -> ProviderError {
    let code = code(body);
    let said = format!("{} {code}", status.as_u16());
    let ours = match code.as_str() {
        "DISCOUNT_CONCURRENT_REDEMPTION" | "TOO_MANY_REQUESTS" => return ProviderError::Unavailable(said),
        "UNAUTHORIZED" | "MERCHANT_NOT_LIVE" => {
            tracing::error!(%said, "the provider does not take our key; check DODO_PAYMENTS_API_KEY and the mode");
            return ProviderError::Unavailable(said);
        }
        "UNSUPPORTED_COUNTRY" => Code::UnsupportedCountry,
        "UNSUPPORTED_CURRENCY" | "UNSUPPORTED_BILLING_CURRENCY" => Code::UnsupportedCurrency,
        "INVALID_TAX_ID" => Code::TaxIdInvalid,
        "TOTAL_PAYMENT_AMOUNT_BELOW_MINIMUM_AMOUNT" | "REQUEST_AMOUNT_BELOW_MINIMUM" => Code::AmountTooSmall,
        "INTEGER_CONVERSION_FAILURE" => Code::AmountTooLarge,
        "CUSTOMER_HAS_EXISTING_SUBSCRIPTION" => Code::AlreadySubscribed,
        "CHECKOUT_SESSION_CONSUMED" => Code::OrderClosed,
        "PRODUCT_IS_DELETED" | "NOT_FOUND" | "BRAND_MISMATCH" | "METER_IS_DELETED" => Code::ItemUnavailable,
        discount if discount.contains("DISCOUNT") => Code::DiscountInvalid,
        "PAYMENT_ALREADY_REFUNDED"
        | "PAYMENT_HAS_BEEN_REFUNDED"
        | "NOTHING_TO_REFUND"
        | "REFUND_AMOUNT_EXCEEDS_PAID_AMOUNT"
        | "LINE_ITEM_FULLY_REFUNDED"
        | "LINE_ITEM_REFUND_AMOUNT_TOO_HIGH" => Code::RefundExceedsPayment,
        "PAYMENT_NOT_SUCCEEDED" | "UNSUCCESSFUL_PAYMENT_ID" => Code::PaymentNotRefundable,
        refund if refund.contains("REFUND") || refund.starts_with("LINE_ITEM") => Code::PaymentNotRefundable,
        _ if status == StatusCode::NOT_FOUND => Code::ItemUnavailable,
        _ if status == StatusCode::TOO_MANY_REQUESTS => return ProviderError::Unavailable(said),
        _ if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT => {
            tracing::error!(%said, "the provider refused a request of ours for a reason that we do not know");
            Code::Internal
        }
        // After a 5xx nobody knows what was done.
        _ => return ProviderError::Unknown(said),
    };
    ProviderError::Rejected { code: ours, said }
}

fn code(body: &[u8]) -> String {
    serde_json::from_slice::<wire::Refused>(body).map(|refused| refused.code).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, code: &str) -> ProviderError {
        let body = format!(r#"{{"code":"{code}","message":"text"}}"#);
        refusal_of_money(StatusCode::from_u16(status).unwrap(), body.as_bytes())
    }

    #[test]
    fn only_a_known_code_frees_the_amount_of_a_refund() {
        for (code, expected) in [
            ("PAYMENT_ALREADY_REFUNDED", Code::RefundExceedsPayment),
            ("REFUND_AMOUNT_EXCEEDS_PAID_AMOUNT", Code::RefundExceedsPayment),
            ("NOTHING_TO_REFUND", Code::RefundExceedsPayment),
            ("PARTIAL_REFUND_NOT_ALLOWED", Code::PaymentNotRefundable),
            ("REFUND_WINDOW_EXPIRED", Code::PaymentNotRefundable),
            ("ZERO_AMOUNT_PAYMENT_REFUND_NOT_ALLOWED", Code::PaymentNotRefundable),
        ] {
            for status in [400, 403, 404, 422] {
                let ProviderError::Rejected { code: ours, .. } = judged(status, code) else {
                    panic!("{status} {code}")
                };
                assert_eq!(ours, expected, "{status} {code}");
            }
            for status in [409, 425, 500] {
                assert!(matches!(judged(status, code), ProviderError::Unknown(_)), "{status} {code}");
            }
        }
    }

    #[test]
    fn a_refund_refused_for_a_reason_that_nobody_knows_is_looked_for() {
        for status in [400, 401, 403, 404, 408, 409, 410, 413, 422, 425, 500, 503] {
            for code in ["", "EXISTING_REFUND_REQUEST_PROCESSING", "REFUND_OF_A_NEW_KIND", "DISCOUNT_EXPIRED"] {
                assert!(matches!(judged(status, code), ProviderError::Unknown(_)), "{status} {code}");
            }
        }
        let page = refusal_of_money(StatusCode::FORBIDDEN, b"<html>a proxy's page</html>");
        assert!(matches!(page, ProviderError::Unknown(_)));
    }

    #[test]
    fn a_refund_that_was_not_let_in_was_never_made() {
        for (status, code) in [(429, ""), (429, "TOO_MANY_REQUESTS"), (401, "UNAUTHORIZED")] {
            assert!(matches!(judged(status, code), ProviderError::Unavailable(_)), "{status} {code}");
        }
    }
}
