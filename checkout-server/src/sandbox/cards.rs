//! Test cards and what becomes of them.
//!
//! All but one are the provider's documented ones. The provider documents no card that asks for
//! 3-D Secure, so `4000 0000 0000 3220` is the sandbox's own choice.

use serde::Serialize;

/// What the bank says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Paid.
    Succeeds,
    /// Refused.
    Fails(Failure),
    /// The bank wants to see the buyer first.
    Challenges,
    /// Not known yet.
    Processes,
}

/// Why a payment failed. The message is written for the merchant, not the buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
}

pub(crate) const DECLINED: Failure = Failure { code: "GENERIC_DECLINE", message: "The card was declined." };
pub(crate) const INSUFFICIENT_FUNDS: Failure =
    Failure { code: "INSUFFICIENT_FUNDS", message: "The card has insufficient funds to complete the purchase." };
pub(crate) const EXPIRED_CARD: Failure = Failure { code: "EXPIRED_CARD", message: "The card has expired." };
pub(crate) const NOT_AUTHENTICATED: Failure =
    Failure { code: "AUTHENTICATION_FAILURE", message: "The buyer failed 3-D Secure authentication." };
pub(crate) const CANCELLED: Failure =
    Failure { code: "CUSTOMER_CANCELLED", message: "The customer cancelled the payment." };
pub(crate) const NO_CARD: Failure =
    Failure { code: "MANDATE_REQUIRED", message: "There is no card on file to charge." };
pub(crate) const PROCESSING_ERROR: Failure =
    Failure { code: "PROCESSING_ERROR", message: "The payment could not be processed." };

/// A card that the sandbox knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestCard {
    /// Digits alone.
    pub(crate) number: &'static str,
    pub(crate) network: &'static str,
    /// ISO 3166-1 alpha-2.
    pub(crate) issued_in: &'static str,
    /// When its owner enters it.
    pub(crate) verdict: Verdict,
    /// When it is on file and charged again.
    pub(crate) later: Result<(), Failure>,
}

impl TestCard {
    pub(crate) fn last_four(&self) -> &'static str {
        &self.number[self.number.len() - 4..]
    }
}

/// A card as the payment page offers it.
#[derive(Serialize)]
pub(crate) struct Sample {
    pub(crate) label: &'static str,
    pub(crate) number: &'static str,
}

/// The buttons of the payment page.
pub(crate) const SAMPLES: [Sample; 4] = [
    Sample { label: "Pays", number: "4242 4242 4242 4242" },
    Sample { label: "Declined", number: "4000 0000 0000 0002" },
    Sample { label: "Insufficient funds", number: "4000 0000 0000 9995" },
    Sample { label: "3-D Secure", number: "4000 0000 0000 3220" },
];

const fn card(number: &'static str, network: &'static str, issued_in: &'static str, verdict: Verdict) -> TestCard {
    TestCard { number, network, issued_in, verdict, later: Ok(()) }
}

const CARDS: [TestCard; 10] = [
    card("4242424242424242", "visa", "US", Verdict::Succeeds),
    card("5555555555554444", "mastercard", "US", Verdict::Succeeds),
    card("4576238912771450", "visa", "IN", Verdict::Succeeds),
    card("5409162669381034", "mastercard", "IN", Verdict::Succeeds),
    card("4000000000000002", "visa", "US", Verdict::Fails(DECLINED)),
    card("4000000000009995", "visa", "US", Verdict::Fails(INSUFFICIENT_FUNDS)),
    card("4706131211212123", "visa", "IN", Verdict::Fails(DECLINED)),
    card("5105105105105100", "mastercard", "IN", Verdict::Fails(DECLINED)),
    // Attaches now; later charges (renewals, plan changes) fail.
    TestCard { later: Err(DECLINED), ..card("4000000000000341", "visa", "US", Verdict::Succeeds) },
    card("4000000000003220", "visa", "US", Verdict::Challenges),
];

/// The card with that number, however it is spaced.
pub(crate) fn find(number: &str) -> Option<&'static TestCard> {
    let digits: String = number.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    CARDS.iter().find(|card| card.number == digits)
}

/// The card with those last four digits, as a payment keeps them.
pub(crate) fn ending(last_four: &str, issued_in: Option<&str>) -> Option<&'static TestCard> {
    CARDS.iter().find(|card| card.number.ends_with(last_four) && Some(card.issued_in) == issued_in)
}

/// A month of a year, such as `06/32` or `6 / 2032`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expiry {
    pub(crate) month: i8,
    pub(crate) year: i16,
}

impl Expiry {
    /// What the provider's documentation says to type.
    pub(crate) const DOCUMENTED: Self = Self { month: 6, year: 2032 };

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (month, year) = text.split_once('/')?;
        let (month, year) = (month.trim(), year.trim());
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(month) || !digits(year) || !matches!(year.len(), 2 | 4) {
            return None;
        }
        let month = month.parse().ok().filter(|month| (1..=12).contains(month))?;
        let year: i16 = year.parse().ok()?;
        Some(Self { month, year: if year < 100 { 2_000 + year } else { year } })
    }

    /// Whether the month lies in the past.
    pub(crate) fn is_past(self, now: jiff::Timestamp) -> bool {
        let today = now.to_zoned(jiff::tz::TimeZone::UTC);
        (self.year, self.month) < (today.year(), today.month())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_found_however_they_are_spaced() {
        for number in ["4000 0000 0000 9995", "4000000000009995", "4000-0000-0000-9995"] {
            assert_eq!(find(number).unwrap().verdict, Verdict::Fails(INSUFFICIENT_FUNDS));
        }
        assert!(find("4111111111111111").is_none());
        assert!(find("").is_none());
        assert!(SAMPLES.iter().all(|sample| find(sample.number).is_some()));
    }

    #[test]
    fn every_card_passes_the_luhn_check() {
        for card in &CARDS {
            let sum: u32 = card
                .number
                .chars()
                .rev()
                .enumerate()
                .map(|(place, digit)| {
                    let digit = digit.to_digit(10).unwrap();
                    if place % 2 == 0 { digit } else { digit * 2 / 10 + digit * 2 % 10 }
                })
                .sum();
            assert_eq!(sum % 10, 0, "{}", card.number);
        }
    }

    #[test]
    fn an_expiry_is_read_as_people_write_it() {
        let june = Expiry { month: 6, year: 2032 };
        for text in ["06/32", "6/32", "06 / 2032", " 06/32 "] {
            assert_eq!(Expiry::parse(text), Some(june), "{text}");
        }
        for text in ["", "0632", "13/32", "00/32", "+6/32", "06/3", "06/032", "06/32/1"] {
            assert_eq!(Expiry::parse(text), None, "{text}");
        }
        assert!(!june.is_past("2032-06-30T23:59:59Z".parse().unwrap()));
        assert!(june.is_past("2032-07-01T00:00:00Z".parse().unwrap()));
    }
}
