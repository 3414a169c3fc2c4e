//! Amounts as an English payment page writes them.

use checkout_types::money::{Currency, Money};

/// `$1,234.50`, `¥2,900`, `KWD 2.900`.
pub(crate) fn text(amount: i64, currency: Currency) -> String {
    let plain = Money::new(amount, currency).to_string();
    let number = plain.split(' ').next().unwrap_or_default();
    let (whole, rest) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("\u{2212}", digits));
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let rest = rest.map_or(String::new(), |rest| format!(".{rest}"));
    format!("{sign}{}{grouped}{rest}", symbol(currency))
}

fn symbol(currency: Currency) -> String {
    match currency.code() {
        "USD" => "$".into(),
        "EUR" => "€".into(),
        "GBP" => "£".into(),
        "JPY" => "¥".into(),
        "INR" => "₹".into(),
        code => format!("{code}\u{a0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_people_write_them() {
        let write = |amount, code: &str| text(amount, code.parse().unwrap());
        assert_eq!(write(123_456_750, "USD"), "$1,234,567.50");
        assert_eq!(write(-500, "EUR"), "\u{2212}€5.00");
        assert_eq!(write(2_900, "JPY"), "¥2,900");
        assert_eq!(write(2_900, "KWD"), "KWD\u{a0}2.900");
        assert_eq!(write(99, "GBP"), "£0.99");
    }
}
