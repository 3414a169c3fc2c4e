//! The answers of the helper, read into the shared types. Every field is named here, so that one
//! added in checkout-types does not compile until someone decides about it.

use checkout_types::cart::{CartAddon, CartLine, Quote, QuoteAddon, QuoteLine, Recurring};
use checkout_types::catalog::{Billing, Interval, QuantityRule};
use checkout_types::checkout::{Checkout, CheckoutItem, CheckoutStatus, CreatedCheckout, Failure};
use checkout_types::money::Money;
use checkout_types::problem::{FieldError, Problem};

use crate::value::Value;

/// An amount.
pub fn money(value: &Value) -> Option<Money> {
    Some(Money { amount: value.int("amount")?, currency: value.text("currency")?.parse().ok()? })
}

/// The answer of `POST /v1/quotes`.
pub fn quote(value: &Value) -> Option<Quote> {
    Some(Quote {
        id: value.text("id")?,
        lines: value.list("lines").iter().map(line).collect::<Option<_>>()?,
        subtotal: money(&value.get("subtotal"))?,
        discount: money(&value.get("discount"))?,
        tax: money(&value.get("tax")),
        tax_inclusive: value.flag("tax_inclusive")?,
        total: money(&value.get("total"))?,
        recurring: value.list("recurring").iter().map(recurring).collect::<Option<_>>()?,
        discount_code: value.text("discount_code"),
        country: value.text("country"),
        expires_at: value.text("expires_at")?,
        quote_token: value.text("quote_token")?,
    })
}

fn line(value: &Value) -> Option<QuoteLine> {
    let rule = value.get("quantity_rule");
    Some(QuoteLine {
        price_id: value.text("price_id")?,
        name: value.text("name")?,
        quantity: value.count("quantity")?,
        quantity_rule: QuantityRule { min: rule.count("min")?, max: rule.count("max")?, step: rule.count("step")? },
        billing: billing(&value.get("billing"))?,
        unit: money(&value.get("unit"))?,
        total: money(&value.get("total"))?,
        addons: value.list("addons").iter().map(addon).collect::<Option<_>>()?,
    })
}

fn addon(value: &Value) -> Option<QuoteAddon> {
    Some(QuoteAddon {
        addon_id: value.text("addon_id")?,
        name: value.text("name")?,
        quantity: value.count("quantity")?,
        total: money(&value.get("total"))?,
    })
}

fn recurring(value: &Value) -> Option<Recurring> {
    Some(Recurring {
        price_id: value.text("price_id")?,
        amount: money(&value.get("amount"))?,
        billing: billing(&value.get("billing"))?,
        next_at: value.text("next_at"),
    })
}

fn billing(value: &Value) -> Option<Billing> {
    let interval = || {
        Some(match value.text("interval")?.as_str() {
            "day" => Interval::Day,
            "week" => Interval::Week,
            "month" => Interval::Month,
            "year" => Interval::Year,
            _ => return None,
        })
    };
    Some(match value.text("type")?.as_str() {
        "one_time" => Billing::OneTime,
        "recurring" => Billing::Recurring {
            interval: interval()?,
            interval_count: value.count("interval_count")?,
            trial_days: value.count("trial_days")?,
        },
        "usage" => Billing::Usage { interval: interval()?, interval_count: value.count("interval_count")? },
        _ => return None,
    })
}

/// The answer of `POST /v1/checkouts`.
pub fn created(value: &Value) -> Option<CreatedCheckout> {
    Some(CreatedCheckout {
        id: value.text("id")?,
        client_secret: value.text("client_secret")?,
        status: status(&value.text("status")?)?,
        url: value.text("url")?,
        expires_at: value.text("expires_at")?,
    })
}

/// The answer of `GET /v1/checkouts/{id}`.
pub fn checkout(value: &Value) -> Option<Checkout> {
    let failure = value.get("failure");
    Some(Checkout {
        id: value.text("id")?,
        status: status(&value.text("status")?)?,
        total: money(&value.get("total"))?,
        url: value.text("url"),
        expires_at: value.text("expires_at")?,
        failure: failure.text("message").map(|message| Failure {
            code: failure.text("code").unwrap_or_default(),
            message,
            retryable: failure.flag("retryable").unwrap_or(true),
        }),
        items: value
            .list("items")
            .iter()
            .map(|item| {
                Some(CheckoutItem {
                    price_id: item.text("price_id")?,
                    name: item.text("name")?,
                    quantity: item.count("quantity")?,
                })
            })
            .collect::<Option<_>>()?,
    })
}

fn status(text: &str) -> Option<CheckoutStatus> {
    use CheckoutStatus as S;
    [S::Open, S::Processing, S::Paid, S::Fulfilled, S::Failed, S::Canceled, S::Expired, S::NeedsReview]
        .into_iter()
        .find(|status| status.as_str() == text)
}

/// An error's body; a body that is none reads as an error without a code.
pub fn problem(value: &Value, http_status: u16) -> Problem {
    let int = |value: &Value, key| value.int(key);
    Problem {
        kind: value.text("type").unwrap_or_default(),
        title: value.text("title").unwrap_or_default(),
        status: http_status,
        code: value.text("code").unwrap_or_default(),
        instance: value.text("instance"),
        request_id: value.text("request_id"),
        retryable: value.flag("retryable").unwrap_or(http_status >= 500),
        errors: value
            .list("errors")
            .iter()
            .map(|error| FieldError {
                pointer: error.text("pointer").unwrap_or_default(),
                code: error.text("code").unwrap_or_default(),
                min: int(error, "min"),
                max: int(error, "max"),
            })
            .collect(),
        quote: quote(&value.get("quote")).map(Box::new),
    }
}

/// A cart as the page says it: `{priceId, quantity, addons: [{addonId, quantity}]}`.
pub fn cart(items: &[Value]) -> Vec<CartLine> {
    items
        .iter()
        .filter_map(|item| {
            Some(CartLine {
                price_id: item.text("priceId").or_else(|| item.text("price_id"))?,
                quantity: item.count("quantity").unwrap_or(1),
                addons: item
                    .list("addons")
                    .iter()
                    .filter_map(|addon| {
                        Some(CartAddon {
                            addon_id: addon.text("addonId").or_else(|| addon.text("addon_id"))?,
                            quantity: addon.count("quantity").unwrap_or(1),
                        })
                    })
                    .collect(),
            })
        })
        .collect()
}
