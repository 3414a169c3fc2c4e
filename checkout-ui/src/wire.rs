//! The answers of the helper, read into the shared types. Every field is named here, so that one
//! added in checkout-types does not compile until someone decides about it.

use checkout_types::cart::{CartAddon, CartLine, Quote, QuoteAddon, QuoteLine, Recurring};
use checkout_types::catalog::{Billing, Interval, QuantityRule};
use checkout_types::checkout::{Checkout, CheckoutItem, CheckoutStatus, CreatedCheckout, Failure};
use checkout_types::money::Money;
use checkout_types::problem::{Challenge, FieldError, Problem};

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
                did_you_mean: error.text("did_you_mean"),
                // For developers: no field of the form has such a list.
                allowed: Vec::new(),
            })
            .collect(),
        quote: quote(&value.get("quote")).map(Box::new),
        challenge: challenge(&value.get("challenge")),
    }
}

fn challenge(value: &Value) -> Option<Challenge> {
    Some(Challenge { token: value.text("token")?, bits: u8::try_from(value.int("bits")?).ok()? })
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

/// The readers against serde, which the helper writes with; in a browser, whose JSON they read.
#[cfg(test)]
#[cfg(target_family = "wasm")]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    fn eur(amount: i64) -> Money {
        Money::new(amount, "EUR".parse().unwrap())
    }

    fn a_quote() -> Quote {
        let billing = Billing::Recurring { interval: Interval::Month, interval_count: 3, trial_days: 14 };
        let addons = vec![QuoteAddon { addon_id: "seat".into(), name: "Seat".into(), quantity: 2, total: eur(800) }];
        Quote {
            id: "qt_1".into(),
            lines: vec![QuoteLine {
                price_id: "pro".into(),
                name: "Pro".into(),
                quantity: 1,
                quantity_rule: QuantityRule { min: 1, max: 50, step: 1 },
                billing,
                unit: eur(2900),
                total: eur(3700),
                addons,
            }],
            subtotal: eur(3700),
            discount: eur(370),
            tax: Some(eur(checkout_types::money::MAX_AMOUNT)),
            tax_inclusive: true,
            total: eur(-1),
            recurring: vec![Recurring {
                price_id: "pro".into(),
                amount: eur(3700),
                billing,
                next_at: Some("x".into()),
            }],
            discount_code: Some("WELCOME".into()),
            country: Some("DE".into()),
            expires_at: "2026-11-22T15:00:00Z".into(),
            quote_token: "token".into(),
        }
    }

    #[wasm_bindgen_test]
    fn a_quote_reads_as_it_was_written() {
        let quote = a_quote();
        let json = serde_json::to_string(&quote).unwrap();
        assert_eq!(super::quote(&Value::parse(&json).unwrap()), Some(quote));
    }

    #[wasm_bindgen_test]
    fn a_quote_without_its_optional_parts_reads_too() {
        let quote = Quote { tax: None, discount_code: None, country: None, recurring: Vec::new(), ..a_quote() };
        let json = serde_json::to_string(&quote).unwrap();
        assert_eq!(super::quote(&Value::parse(&json).unwrap()), Some(quote));
    }

    #[wasm_bindgen_test]
    fn a_checkout_reads_as_it_was_written() {
        let failure = Failure { code: "card_declined".into(), message: "Declined.".into(), retryable: true };
        let checkout = Checkout {
            id: "co_1".into(),
            status: CheckoutStatus::NeedsReview,
            total: eur(2900),
            url: Some("https://pay.example/session/cks_1".into()),
            expires_at: "2026-11-22T15:00:00Z".into(),
            failure: Some(failure),
            items: vec![CheckoutItem { price_id: "pro".into(), name: "Pro".into(), quantity: 3 }],
        };
        let json = serde_json::to_string(&checkout).unwrap();
        assert_eq!(super::checkout(&Value::parse(&json).unwrap()), Some(checkout));
    }

    #[wasm_bindgen_test]
    fn a_problem_reads_with_its_fields_and_its_quote() {
        let errors = vec![FieldError {
            pointer: "/items/0/quantity".into(),
            code: "out_of_range".into(),
            min: Some(1),
            max: Some(50),
            did_you_mean: None,
            allowed: Vec::new(),
        }];
        let problem = Problem {
            kind: "about:blank".into(),
            title: "The price changed.".into(),
            status: 409,
            code: "price_changed".into(),
            instance: Some("/v1/checkouts".into()),
            request_id: Some("req_1".into()),
            retryable: false,
            errors,
            quote: Some(Box::new(a_quote())),
            challenge: Some(Challenge { token: "sealed".into(), bits: 18 }),
        };
        let json = serde_json::to_string(&problem).unwrap();
        assert_eq!(super::problem(&Value::parse(&json).unwrap(), 409), problem);
    }

    #[wasm_bindgen_test]
    fn what_is_not_a_quote_is_none() {
        for json in ["null", "{}", "[]", "\"quote\"", "{\"id\":\"qt_1\"}"] {
            assert_eq!(super::quote(&Value::parse(json).unwrap()), None, "{json}");
        }
    }
}
