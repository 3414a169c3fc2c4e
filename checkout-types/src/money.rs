//! Amounts of money: integer minor units with their currency, and arithmetic that cannot wrap.

use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest amount that every JSON reader keeps exactly: 2^53 − 1 minor units.
pub const MAX_AMOUNT: i64 = 9_007_199_254_740_991;

/// An ISO 4217 currency in circulation, such as `EUR`.
///
/// Funds codes, metals and test codes (`XXX`, `XTS`) are not currencies that a buyer can pay in,
/// and do not parse.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Currencies whose minor unit is the unit itself.
const ZERO_DECIMALS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
/// Currencies with a thousand minor units to the unit.
const THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";
/// Currencies with a hundred minor units to the unit.
const TWO_DECIMALS: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP \
     BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ \
     GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD \
     MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB \
     SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD \
     UYU UZS VES WST XCD YER ZAR ZMW";

impl Currency {
    /// How many decimal places the currency's minor unit has (ISO 4217): 0, 2 or 3.
    #[must_use]
    pub fn exponent(self) -> u8 {
        let listed = |list: &str| list.split(' ').any(|code| code == self.code());
        if listed(ZERO_DECIMALS) {
            0
        } else if listed(THREE_DECIMALS) {
            3
        } else {
            2
        }
    }

    /// The three upper-case letters.
    #[must_use]
    pub fn code(&self) -> &str {
        // Only ASCII letters ever get in, see `from_str`.
        core::str::from_utf8(&self.0).unwrap_or("XXX")
    }
}

/// A text that is not a currency that a buyer can pay in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCurrency;

impl fmt::Display for UnknownCurrency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an ISO 4217 currency code in circulation, such as EUR")
    }
}

impl core::error::Error for UnknownCurrency {}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(code: &str) -> Result<Self, UnknownCurrency> {
        let known = [TWO_DECIMALS, ZERO_DECIMALS, THREE_DECIMALS]
            .iter()
            .any(|list| list.split_ascii_whitespace().any(|known| known == code));
        match code.as_bytes() {
            &[a, b, c] if known => Ok(Self([a, b, c])),
            _ => Err(UnknownCurrency),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        let text = utoipa::openapi::ObjectBuilder::new().schema_type(utoipa::openapi::Type::String);
        text.description(Some("ISO 4217, in circulation.")).pattern(Some("^[A-Z]{3}$")).examples(["EUR"]).into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Currency {}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        code.parse().map_err(serde::de::Error::custom)
    }
}

/// An amount: `{"amount": 2900, "currency": "EUR"}` is 29 euros.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Integer minor units: cents, yen, fils. Negative for a reduction.
    pub amount: i64,
    /// What the units are of.
    pub currency: Currency,
}

/// Why a sum could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MoneyError {
    /// The result is beyond ±[`MAX_AMOUNT`].
    TooLarge,
    /// The two amounts are of different currencies.
    MixedCurrency,
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => "the amount is beyond what can be charged",
            Self::MixedCurrency => "amounts of two currencies do not add up",
        })
    }
}

impl core::error::Error for MoneyError {}

impl Money {
    /// An amount of minor units of a currency.
    #[must_use]
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Self { amount, currency }
    }

    /// Nothing, in that currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The sum.
    ///
    /// # Errors
    /// Other currencies, or a result beyond ±[`MAX_AMOUNT`] (G9).
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::MixedCurrency);
        }
        self.with(self.amount.checked_add(other.amount))
    }

    /// So many times the amount.
    ///
    /// # Errors
    /// A result beyond ±[`MAX_AMOUNT`] (G9).
    pub fn times(self, quantity: u32) -> Result<Self, MoneyError> {
        self.with(self.amount.checked_mul(i64::from(quantity)))
    }

    /// The sum of many, zero for none.
    ///
    /// # Errors
    /// As [`Money::plus`].
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }

    fn with(self, amount: Option<i64>) -> Result<Self, MoneyError> {
        match amount {
            Some(amount) if (-MAX_AMOUNT..=MAX_AMOUNT).contains(&amount) => Ok(Self { amount, ..self }),
            _ => Err(MoneyError::TooLarge),
        }
    }
}

/// The amount in the currency's own decimals and its code: `29.00 EUR`, `2900 JPY`, `2.900 KWD`.
/// For pages and logs without a locale; the widget formats with `Intl`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exponent = u32::from(self.currency.exponent());
        let unit = 10_u64.pow(exponent);
        let minor = self.amount.unsigned_abs();
        let sign = if self.amount < 0 { "-" } else { "" };
        write!(f, "{sign}{}", minor / unit)?;
        if exponent > 0 {
            write!(f, ".{:0width$}", minor % unit, width = exponent as usize)?;
        }
        write!(f, " {}", self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn eur(amount: i64) -> Money {
        Money::new(amount, "EUR".parse().unwrap())
    }

    #[test]
    fn every_currency_has_the_exponent_of_iso_4217() {
        let all = [TWO_DECIMALS, ZERO_DECIMALS, THREE_DECIMALS].join(" ");
        let mut checked = 0;
        for code in all.split_ascii_whitespace() {
            let ours: Currency = code.parse().unwrap();
            // The oracle follows the standard as it is; it has dropped a few that providers still name.
            if let Some(iso) = iso_currency::Currency::from_code(code) {
                assert_eq!(Some(u16::from(ours.exponent())), iso.exponent(), "{code}");
                checked += 1;
            }
        }
        assert!(checked > 140, "{checked} checked");
    }

    #[test]
    fn what_is_no_currency_does_not_parse() {
        for text in ["usd", "US$", "XXX", "XTS", "XAU", "", "EURO", "EU", " EUR", "EUR "] {
            assert!(text.parse::<Currency>().is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_are_written_in_their_currencys_decimals() {
        let jpy = Money::new(2900, "JPY".parse().unwrap());
        let kwd = Money::new(-2_005, "KWD".parse().unwrap());
        assert_eq!(
            [eur(2900), eur(-5), jpy, kwd].map(|money| money.to_string()),
            ["29.00 EUR", "-0.05 EUR", "2900 JPY", "-2.005 KWD"]
        );
    }

    #[test]
    fn two_currencies_do_not_add_up() {
        let yen = Money::new(1, "JPY".parse().unwrap());
        assert_eq!(eur(1).plus(yen), Err(MoneyError::MixedCurrency));
    }

    proptest! {
        #[test]
        fn a_sum_is_exact_or_refused(a in -MAX_AMOUNT..=MAX_AMOUNT, b in -MAX_AMOUNT..=MAX_AMOUNT) {
            let exact = i128::from(a) + i128::from(b);
            match eur(a).plus(eur(b)) {
                Ok(sum) => prop_assert_eq!(i128::from(sum.amount), exact),
                Err(error) => {
                    prop_assert_eq!(error, MoneyError::TooLarge);
                    prop_assert!(exact.abs() > i128::from(MAX_AMOUNT));
                }
            }
        }

        #[test]
        fn a_product_is_exact_or_refused(a in -MAX_AMOUNT..=MAX_AMOUNT, n in any::<u32>()) {
            let exact = i128::from(a) * i128::from(n);
            match eur(a).times(n) {
                Ok(product) => prop_assert_eq!(i128::from(product.amount), exact),
                Err(_) => prop_assert!(exact.abs() > i128::from(MAX_AMOUNT)),
            }
        }

        #[test]
        fn an_amount_survives_the_wire(amount in -MAX_AMOUNT..=MAX_AMOUNT) {
            let text = serde_json::to_string(&eur(amount)).unwrap();
            prop_assert_eq!(serde_json::from_str::<Money>(&text).unwrap(), eur(amount));
        }
    }
}
