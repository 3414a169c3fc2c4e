//! The catalog's prices as the shop's pages print them.

use std::collections::BTreeMap;

use checkout_types::Money;
use checkout_types::catalog::{Billing, Interval};
use serde::Serialize;

use crate::catalog::{Catalog, Price};

/// A price on a page.
#[derive(Debug, Serialize)]
pub(super) struct ShownPrice {
    id: String,
    /// Such as `€29`.
    pub(super) amount: String,
    /// Such as `a month`; empty for one-time prices.
    pub(super) per: String,
    trial_days: u32,
    /// The helper's page that sells it without any script.
    pay_url: String,
}

/// Every price of the catalog, by its id.
pub(super) fn shown(catalog: &Catalog, helper_url: &str) -> BTreeMap<String, ShownPrice> {
    let prices = catalog.products.iter().flat_map(|product| &product.prices);
    prices.map(|price| (price.id.clone(), shown_price(price, helper_url))).collect()
}

fn shown_price(price: &Price, helper_url: &str) -> ShownPrice {
    let (per, trial_days) = match price.billing {
        Billing::OneTime => (String::new(), 0),
        Billing::Recurring { interval, interval_count, trial_days } => (period(interval, interval_count), trial_days),
        Billing::Usage { interval, interval_count } => (period(interval, interval_count), 0),
    };
    ShownPrice {
        id: price.id.clone(),
        amount: amount(price.money),
        per,
        trial_days,
        pay_url: format!("{helper_url}/pay/{}", price.id),
    }
}

fn period(interval: Interval, count: u32) -> String {
    let (article, unit) = match interval {
        Interval::Day => ("a", "day"),
        Interval::Week => ("a", "week"),
        Interval::Month => ("a", "month"),
        Interval::Year => ("a", "year"),
    };
    if count == 1 { format!("{article} {unit}") } else { format!("every {count} {unit}s") }
}

/// With the usual sign, and without decimals that are all zero: `€29`, `¥4,800`, `KWD 12.500`.
fn amount(money: Money) -> String {
    let written = money.to_string();
    let number = written.split(' ').next().unwrap_or_default();
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let sign = match money.currency.code() {
        "EUR" => "€".to_owned(),
        "USD" => "$".to_owned(),
        "GBP" => "£".to_owned(),
        "JPY" => "¥".to_owned(),
        code => format!("{code} "),
    };
    let decimals = if decimals.bytes().all(|digit| digit == b'0') { String::new() } else { format!(".{decimals}") };
    format!("{sign}{}{decimals}", grouped(whole))
}

/// A comma before every third digit from the right.
fn grouped(digits: &str) -> String {
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_look_as_on_a_pricing_page() {
        let money = |amount, code: &str| Money::new(amount, code.parse().unwrap());
        for (given, expected) in [
            (money(2900, "EUR"), "€29"),
            (money(2950, "USD"), "$29.50"),
            (money(1_234_567_800, "EUR"), "€12,345,678"),
            (money(4800, "JPY"), "¥4,800"),
            (money(12500, "KWD"), "KWD 12.500"),
            (money(0, "EUR"), "€0"),
        ] {
            assert_eq!(amount(given), expected);
        }
    }
}
