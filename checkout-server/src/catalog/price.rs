//! Reads a `[[product.price]]`: what it costs, how it is charged, how many may be bought.

use checkout_types::catalog::{Billing, Interval, QuantityRule};
use checkout_types::money::{Currency, MAX_AMOUNT, Money};

use super::error::Report;
use super::fields::{Fields, Located, quoted, whole_number, written};
use super::parse::Table;
use super::terms::{self, TermsDraft};
use super::words;
use crate::entitlement::Terms;

/// A price before its references are checked. A part with a mistake is `None`.
pub(super) struct PriceDraft {
    pub(super) label: String,
    pub(super) id: Option<Located<String>>,
    pub(super) provider: Option<Located<String>>,
    pub(super) amount: Option<i64>,
    pub(super) currency: Option<Currency>,
    pub(super) currencies: Vec<Currency>,
    pub(super) billing: Option<Billing>,
    pub(super) tax_inclusive: Option<bool>,
    pub(super) quantity: Option<QuantityRule>,
    pub(super) addons: Vec<Located<String>>,
    pub(super) terms: Terms,
}

const KNOWN: [&str; 16] = [
    "id",
    "dodo",
    "amount",
    "currency",
    "currencies",
    "billing",
    "interval",
    "interval_count",
    "trial_days",
    "tax",
    "quantity",
    "addons",
    "grants",
    "grace_days",
    "on_refund",
    "on_dispute",
];

/// Reads one; `product` is what its product says of the terms of all its prices.
pub(super) fn draft<'a>(report: &'a Report<'a>, table: Table<'a>, product: &TermsDraft) -> PriceDraft {
    let fields = Fields::new(report, table.value, table.at, "price", &KNOWN);
    let amount = amount(&fields);
    let currency = currency(&fields);
    let billing = billing(&fields);
    let quantity = quantity(report, &fields, billing);
    if let (Some(amount), Some(currency), Some(quantity)) = (amount, currency, quantity) {
        refuse_uncountable(&fields, Money::new(amount, currency), quantity);
    }
    let owned = |addon: Located<&str>| Located { value: addon.value.to_owned(), at: addon.at };
    PriceDraft {
        id: words::id(&fields, r#"id = "pro_monthly""#),
        provider: words::provider_id(&fields, "pdt_"),
        amount,
        currency,
        currencies: currencies(&fields, currency),
        billing,
        tax_inclusive: tax_inclusive(&fields),
        quantity,
        addons: fields.texts("addons").into_iter().map(owned).collect(),
        terms: terms::of_price(&fields, product, billing),
        label: fields.label,
    }
}

/// Minor units. A number with a point is refused even where its fraction is zero: whoever writes
/// `29.0` means 29 euros, and would sell for 29 cents.
pub(super) fn amount(fields: &Fields<'_>) -> Option<i64> {
    let value = fields.required("amount", "amount = 2900, in minor units: 29.00 EUR")?;
    let amount = whole_number(value.get_ref());
    let written = written(value.get_ref());
    let (what, cure) = match amount {
        Some(amount) if (0..=MAX_AMOUNT).contains(&amount) => return Some(amount),
        Some(_) => (format!("amount {written} is out of range"), format!("write 0 to {MAX_AMOUNT} minor units")),
        None => (format!("amount {written} is not a whole number"), "write minor units: 2900 for 29.00 EUR".to_owned()),
    };
    fields.wrong(value.span().start, &what, cure);
    None
}

pub(super) fn currency(fields: &Fields<'_>) -> Option<Currency> {
    known_currency(fields, &fields.required_text("currency", r#"currency = "EUR""#)?)
}

fn known_currency(fields: &Fields<'_>, code: &Located<&str>) -> Option<Currency> {
    let currency = code.value.parse().ok();
    if currency.is_none() {
        let upper = code.value.trim().to_ascii_uppercase();
        let example = upper.parse::<Currency>().map_or("EUR".to_owned(), |currency| currency.to_string());
        let what = format!("currency {} is not known", quoted(code.value));
        fields.wrong(code.at, &what, format!(r#"write an upper-case ISO 4217 code such as "{example}""#));
    }
    currency
}

fn currencies(fields: &Fields<'_>, base: Option<Currency>) -> Vec<Currency> {
    let mut further = Vec::new();
    for code in fields.texts("currencies") {
        let Some(currency) = known_currency(fields, &code) else { continue };
        if Some(currency) == base || further.contains(&currency) {
            fields.wrong(code.at, &format!("currencies names {currency} again"), "name each further currency once");
        } else {
            further.push(currency);
        }
    }
    further
}

fn tax_inclusive(fields: &Fields<'_>) -> Option<bool> {
    if fields.get("tax").is_none() {
        return Some(false);
    }
    match fields.choice("tax", &["exclusive", "inclusive"])? {
        "inclusive" => Some(true),
        _ => Some(false),
    }
}

fn billing(fields: &Fields<'_>) -> Option<Billing> {
    fields.required("billing", r#"billing = "one_time", "recurring" or "usage""#)?;
    match fields.choice("billing", &["one_time", "recurring", "usage"])? {
        "one_time" => {
            refuse(fields, &["interval", "interval_count", "trial_days"], "a one-time price is charged once");
            Some(Billing::OneTime)
        }
        "usage" => {
            refuse(fields, &["trial_days"], "a usage price has no trial");
            let (interval, interval_count) = period(fields)?;
            Some(Billing::Usage { interval, interval_count })
        }
        _ => {
            let trial_days =
                if fields.get("trial_days").is_some() { fields.number("trial_days", 0..=10_000) } else { Some(0) };
            let (interval, interval_count) = period(fields)?;
            Some(Billing::Recurring { interval, interval_count, trial_days: trial_days? })
        }
    }
}

fn period(fields: &Fields<'_>) -> Option<(Interval, u32)> {
    let count = if fields.get("interval_count").is_some() { fields.number("interval_count", 1..=365) } else { Some(1) };
    fields.required("interval", r#"interval = "month""#)?;
    let interval = match fields.choice("interval", &["day", "week", "month", "year"])? {
        "day" => Interval::Day,
        "week" => Interval::Week,
        "month" => Interval::Month,
        _ => Interval::Year,
    };
    Some((interval, count?))
}

/// Notes keys that have no meaning beside the chosen billing.
fn refuse(fields: &Fields<'_>, keys: &[&str], why: &str) {
    for key in keys {
        if let Some(value) = fields.get(key) {
            fields.wrong(value.span().start, &format!("{key} does not belong here: {why}"), format!("remove {key}"));
        }
    }
}

/// The most that a cart line may hold of anything.
const MOST_QUANTITY: u32 = 999_999;

fn quantity<'a>(report: &'a Report<'a>, fields: &Fields<'a>, billing: Option<Billing>) -> Option<QuantityRule> {
    let Some(value) = fields.get("quantity") else {
        // Without a word from the shop: some copies of what is bought once, one of what is subscribed to.
        let max = if billing == Some(Billing::OneTime) { 99 } else { 1 };
        return Some(QuantityRule { min: 1, max, step: 1 });
    };
    let at = value.span().start;
    let Some(table) = value.get_ref().as_table() else {
        let what = format!("quantity {} is not a table", written(value.get_ref()));
        fields.wrong(at, &what, "write quantity = { min = 1, max = 10 }");
        return None;
    };
    let inner = Fields::labelled(report, table, at, format!("{}: quantity", fields.label), &["min", "max", "step"]);
    let or_one = |key| if inner.get(key).is_some() { inner.number(key, 1..=MOST_QUANTITY) } else { Some(1) };
    let (min, step) = (or_one("min"), or_one("step"));
    inner.required("max", "max = 10")?;
    let rule = QuantityRule { min: min?, max: inner.number("max", 1..=MOST_QUANTITY)?, step: step? };
    let Some(span) = rule.max.checked_sub(rule.min) else {
        inner.wrong(at, &format!("max {} is less than min {}", rule.max, rule.min), "write a max that is at least min");
        return None;
    };
    if !span.is_multiple_of(rule.step) {
        let what = format!("max {} is never reached from {} in steps of {}", rule.max, rule.min, rule.step);
        inner.wrong(at, &what, format!("write max = {}", rule.max - span % rule.step));
        return None;
    }
    if matches!(billing, Some(Billing::Usage { .. })) && rule.max != 1 {
        inner.wrong(at, "the provider sells a usage price only once per order", "remove quantity");
        return None;
    }
    Some(rule)
}

fn refuse_uncountable(fields: &Fields<'_>, money: Money, quantity: QuantityRule) {
    if money.times(quantity.max).is_err() {
        let what = format!("amount {} times {} is more than can be charged", money.amount, quantity.max);
        let at = fields.get("amount").map_or(fields.at, |amount| amount.span().start);
        fields.wrong(at, &what, format!("lower the amount or quantity.max, to {MAX_AMOUNT} minor units in all"));
    }
}
