//! Fixed exchange rates, so that a localized total can be tested. Integers only.

use checkout_types::money::Currency;

/// Ten-thousandths of the currency's unit (not its minor unit) for one US dollar.
const RATES: [(&str, i128); 24] = [
    ("AED", 36_725),
    ("AUD", 15_200),
    ("BHD", 3_770),
    ("BRL", 54_000),
    ("CAD", 13_700),
    ("CHF", 8_800),
    ("CNY", 72_000),
    ("DKK", 68_600),
    ("EUR", 9_200),
    ("GBP", 7_900),
    ("HUF", 3_600_000),
    ("INR", 835_000),
    ("JPY", 1_500_000),
    ("KRW", 13_500_000),
    ("KWD", 3_070),
    ("MXN", 180_000),
    ("NOK", 106_000),
    ("NZD", 16_500),
    ("PLN", 39_500),
    ("SEK", 104_000),
    ("SGD", 13_400),
    ("THB", 350_000),
    ("TND", 31_000),
    ("USD", 10_000),
];

fn rate(currency: Currency) -> Option<i128> {
    RATES.iter().find(|(code, _)| *code == currency.code()).map(|(_, rate)| *rate)
}

/// `amount` minor units of one currency in minor units of another, rounded half up. The same
/// currency needs no rate.
///
/// `None` when a rate is missing or the result does not fit.
pub(crate) fn convert(amount: i64, from: Currency, to: Currency) -> Option<i64> {
    if from == to {
        return Some(amount);
    }
    let unit = |currency: Currency| 10_i128.pow(u32::from(currency.exponent()));
    let multiplier = rate(to)?.checked_mul(unit(to))?;
    let divisor = rate(from)?.checked_mul(unit(from))?;
    let doubled = i128::from(amount).checked_mul(multiplier)?.checked_mul(2)?.checked_add(divisor)?;
    i64::try_from(doubled.div_euclid(divisor * 2)).ok()
}

/// The least that can be charged, in minor units: half a US dollar. Nothing where no rate says.
pub(crate) fn least_charge(currency: Currency) -> i64 {
    let Ok(dollar) = "USD".parse() else { return 0 };
    convert(50, dollar, currency).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn amounts_are_converted_into_the_decimals_of_the_other_currency() {
        let usd = currency("USD");
        let converted = ["EUR", "JPY", "KWD", "USD"].map(|code| convert(2_900, usd, currency(code)).unwrap());
        assert_eq!(converted, [2_668, 4_350, 8_903, 2_900]);
        assert_eq!(convert(4_350, currency("JPY"), usd), Some(2_900));
        assert_eq!(convert(1, usd, currency("XOF")), None, "no rate");
        assert_eq!(convert(i64::MAX, usd, currency("JPY")), None, "too large");
    }

    #[test]
    fn half_a_dollar_is_the_least() {
        let least = ["USD", "EUR", "JPY", "KWD", "XOF"].map(|code| least_charge(currency(code)));
        assert_eq!(least, [50, 46, 75, 154, 0]);
    }

    #[test]
    fn every_rate_is_of_a_currency() {
        assert!(RATES.iter().all(|(code, rate)| code.parse::<Currency>().is_ok() && *rate > 0));
    }
}
