//! What Dodo's refusals mean.

use reqwest::StatusCode;

use super::wire;
use crate::error::Code;
use crate::provider::ProviderError;

/// What a refusal means, by its `code`: the status is documented for few of them, and one code has
/// several messages (dodo/README 1).
pub(super) fn refusal(status: StatusCode, body: &[u8]) -> ProviderError {
    let code = serde_json::from_slice::<wire::Refused>(body).map(|refused| refused.code).unwrap_or_default();
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
