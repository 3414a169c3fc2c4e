//! Amounts and periods in the buyer's words, by the browser's own `Intl`.

use checkout_types::cart::Recurring;
use checkout_types::catalog::{Billing, Interval};
use checkout_types::money::Money;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::i18n::Words;
use crate::value::Record;

/// The amount as a decimal text, exact: `29.00`, `2900`, `2.900`. Never through a float.
pub fn decimal(money: Money) -> String {
    let exponent = usize::from(money.currency.exponent());
    let mut digits = money.amount.unsigned_abs().to_string();
    while digits.len() <= exponent {
        digits.insert(0, '0');
    }
    if exponent > 0 {
        digits.insert(digits.len() - exponent, '.');
    }
    if money.amount < 0 {
        digits.insert(0, '-');
    }
    digits
}

impl Words {
    /// An amount, such as `€29.00`.
    pub fn money(&self, money: Money) -> String {
        let digits = money.currency.exponent();
        let options = Record::default()
            .with("style", "currency")
            .with("currency", money.currency.code())
            .with("minimumFractionDigits", digits)
            .with("maximumFractionDigits", digits);
        NumberFormat::new(&self.locale, &options.into()).format(&decimal(money))
    }

    /// A number of units of time, such as `3 months`.
    pub fn span(&self, unit: &str, count: u32) -> String {
        let options = Record::default().with("style", "unit").with("unit", unit).with("unitDisplay", "long");
        NumberFormat::new(&self.locale, &options.into()).format(&count.to_string())
    }

    /// A day, such as `22 December 2026`; an unreadable time is empty.
    pub fn day(&self, rfc3339: &str) -> String {
        let date = js_sys::Date::new(&JsValue::from_str(rfc3339));
        if date.get_time().is_nan() {
            return String::new();
        }
        let options = Record::default().with("dateStyle", "long");
        date.to_locale_date_string(&self.locale, &options.into()).into()
    }

    /// How a price is charged: `once`, `per month`, `every 3 months`.
    pub fn period(&self, billing: Billing) -> String {
        let (unit, count) = match billing {
            Billing::OneTime => return self.say("once"),
            Billing::Recurring { interval, interval_count, .. } | Billing::Usage { interval, interval_count } => {
                (unit(interval), interval_count)
            }
        };
        if count == 1 { self.say(unit) } else { self.fill("every", &[("span", &self.span(unit, count))]) }
    }

    /// What will be charged again, how much and when, in one sentence.
    pub fn renewal(&self, charge: &Recurring) -> String {
        let amount = self.money(charge.amount);
        let period = self.period(charge.billing);
        let day = charge.next_at.as_deref().map(|at| self.day(at)).unwrap_or_default();
        let parts = [("amount", amount.as_str()), ("period", &period), ("date", &day)];
        let mut sentence = match charge.billing {
            Billing::Recurring { trial_days, .. } if trial_days > 0 => {
                let trial = self.span("day", trial_days);
                self.fill("renews_trial", &[("trial", &trial), parts[0], parts[1]])
            }
            _ if day.is_empty() => self.fill("renews", &parts),
            _ => self.fill("renews_on", &parts),
        };
        if matches!(charge.billing, Billing::Usage { .. }) {
            sentence.push(' ');
            sentence.push_str(&self.say("usage"));
        }
        sentence
    }
}

/// The unit's name in `Intl`, which is also its key in the locales.
fn unit(interval: Interval) -> &'static str {
    match interval {
        Interval::Day => "day",
        Interval::Week => "week",
        Interval::Month => "month",
        Interval::Year => "year",
    }
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = Intl)]
    type NumberFormat;
    #[wasm_bindgen(constructor, js_namespace = Intl)]
    fn new(locale: &str, options: &JsValue) -> NumberFormat;
    /// A decimal text is formatted exactly, where a number would be rounded.
    #[wasm_bindgen(method)]
    fn format(this: &NumberFormat, decimal: &str) -> String;
}

#[cfg(test)]
mod tests {
    use super::{Money, decimal};

    #[test]
    fn a_decimal_text_has_the_currencys_own_places() {
        let text = |amount, code: &str| decimal(Money::new(amount, code.parse().unwrap()));
        assert_eq!(
            [
                text(2900, "EUR"),
                text(2900, "JPY"),
                text(2900, "KWD"),
                text(5, "USD"),
                text(0, "KWD"),
                text(-105, "EUR")
            ],
            ["29.00", "2900", "2.900", "0.05", "0.000", "-1.05"]
        );
    }

    #[test]
    fn the_largest_amount_keeps_every_digit() {
        let most = Money::new(checkout_types::money::MAX_AMOUNT, "EUR".parse().unwrap());
        assert_eq!(decimal(most), "90071992547409.91");
    }
}
