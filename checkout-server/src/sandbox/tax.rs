//! The sandbox's little tax table. Real rates differ by product and change; these are stable, so
//! that tests can name amounts.

/// Where a merchant may sell, ISO 3166-1 alpha-2: the countries that the provider documents for
/// its own example, and Kuwait for a currency of three decimals.
pub(crate) const SUPPORTED_COUNTRIES: [&str; 25] = [
    "AE", "AT", "AU", "BE", "BR", "CA", "CH", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IN", "IT", "JP", "KW", "NL",
    "NO", "PL", "PT", "SE", "SG", "US",
];

/// Names for the country field of the payment page, in the same order.
pub(crate) const COUNTRY_NAMES: [&str; 25] = [
    "United Arab Emirates",
    "Austria",
    "Australia",
    "Belgium",
    "Brazil",
    "Canada",
    "Switzerland",
    "Germany",
    "Denmark",
    "Spain",
    "Finland",
    "France",
    "United Kingdom",
    "Ireland",
    "India",
    "Italy",
    "Japan",
    "Kuwait",
    "Netherlands",
    "Norway",
    "Poland",
    "Portugal",
    "Sweden",
    "Singapore",
    "United States",
];

/// Countries where a business with a valid tax number accounts for the tax itself.
const REVERSE_CHARGE: [&str; 12] = ["AT", "BE", "DE", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "NL", "SE"];

/// Where the buyer is taken to be when nobody says: the real provider guesses it from the
/// address the request came from.
pub(crate) const DEFAULT_COUNTRY: &str = "US";

/// The tax rate in basis points (2,500 is 25 %) for a country and, in the United States, the
/// state that a ZIP code lies in. What is not listed is untaxed.
pub(crate) fn rate_bps(country: &str, zipcode: Option<&str>) -> i64 {
    match country {
        "SE" => 2_500,
        "DE" => 1_900,
        "FR" | "GB" => 2_000,
        "IN" => 1_800,
        "JP" => 1_000,
        "US" => us_rate_bps(zipcode.unwrap_or_default()),
        _ => 0,
    }
}

/// California 7.25 %, New York 4 %, Texas 6.25 %, Washington 6.5 %; the others, and an unknown
/// ZIP code, nothing.
fn us_rate_bps(zipcode: &str) -> i64 {
    let prefix = zipcode.get(..3).and_then(|digits| digits.parse::<u16>().ok());
    match prefix {
        Some(900..=961) => 725,
        Some(100..=149) => 400,
        Some(750..=799) => 625,
        Some(980..=994) => 650,
        _ => 0,
    }
}

/// What a tax number does to a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaxId {
    /// The seller charges no tax.
    ReverseCharge,
    /// Kept on the invoice, the tax stays.
    Noted,
    /// Not of the country's form.
    Malformed,
}

/// Judges a tax number by its form: two letters of the country and 8 to 12 letters or digits
/// where tax can be reversed, 5 to 20 letters or digits elsewhere.
pub(crate) fn judge(tax_id: &str, country: &str) -> TaxId {
    let plain = |text: &str, lengths: std::ops::RangeInclusive<usize>| {
        lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    if !REVERSE_CHARGE.contains(&country) {
        return if plain(tax_id, 5..=20) { TaxId::Noted } else { TaxId::Malformed };
    }
    match tax_id.strip_prefix(country) {
        Some(rest) if plain(rest, 8..=12) => TaxId::ReverseCharge,
        _ => TaxId::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_what_the_documentation_says() {
        let rates = ["SE", "DE", "FR", "GB", "IN", "JP", "KW", "US", "BR"].map(|country| rate_bps(country, None));
        assert_eq!(rates, [2_500, 1_900, 2_000, 2_000, 1_800, 1_000, 0, 0, 0]);
        let zips = ["94103", "10001", "78701", "98101", "02139", "x", ""].map(|zip| rate_bps("US", Some(zip)));
        assert_eq!(zips, [725, 400, 625, 650, 0, 0, 0]);
    }

    #[test]
    fn every_country_has_a_name_and_they_are_in_order() {
        assert!(SUPPORTED_COUNTRIES.is_sorted());
        assert_eq!(SUPPORTED_COUNTRIES.len(), COUNTRY_NAMES.len());
    }

    #[test]
    fn a_tax_number_is_judged_by_its_form() {
        assert_eq!(judge("SE556677889901", "SE"), TaxId::ReverseCharge);
        assert_eq!(judge("DE123456789", "SE"), TaxId::Malformed);
        assert_eq!(judge("12-3456789", "US"), TaxId::Malformed);
        assert_eq!(judge("123456789", "US"), TaxId::Noted);
    }
}
