//! Where a buyer is, as far as tax asks. Pure.

use checkout_types::customer::Address;

use crate::error::{Code, Problem};

/// Takes an address that tax can be computed for.
pub(super) fn check(given: &Address) -> Result<Address, Problem> {
    let Address { country, postal_code, tax_id } = given;
    if !COUNTRIES.split(' ').any(|known| known == country) {
        return Err(Problem::at(Code::UnsupportedCountry, "/customer/country"));
    }
    let short = |text: &Option<String>, pointer: &str, code| match text.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) if text.chars().count() <= 40 => Ok(Some(text.to_owned())),
        Some(_) => Err(Problem::at(code, pointer)),
    };
    let postal_code = short(postal_code, "/customer/postal_code", Code::PostalCodeInvalid)?;
    if postal_code.as_deref().is_some_and(|code| !is_postal_code(country, code)) {
        return Err(Problem::at(Code::PostalCodeInvalid, "/customer/postal_code"));
    }
    Ok(Address {
        country: country.clone(),
        postal_code,
        tax_id: short(tax_id, "/customer/tax_id", Code::TaxIdInvalid)?,
    })
}

/// Whether tax there depends on where exactly: without it, an order would go untaxed.
#[must_use]
pub fn needs_postal_code(country: &str) -> bool {
    country == "US"
}

/// Whether that can be a postal code there: of the US exactly, of many countries by the number of its
/// digits, of the others by what any postal code looks like.
fn is_postal_code(country: &str, code: &str) -> bool {
    if country == "US" {
        return is_zip(code);
    }
    let bare: String = code.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    let digits = DIGITS.iter().find(|(_, countries)| countries.split(' ').any(|known| known == country));
    match digits {
        Some((count, _)) => bare.len() == *count && bare.bytes().all(|byte| byte.is_ascii_digit()),
        None => (2..=10).contains(&bare.len()) && bare.bytes().all(|byte| byte.is_ascii_alphanumeric()),
    }
}

/// Countries whose postal codes are so many digits, perhaps in groups (UPU, addressing systems).
const DIGITS: [(usize, &str); 4] = [
    (4, "AT AU BE BG CH CY DK HU LI NO NZ PH TN ZA"),
    (5, "CZ DE EE ES FR GR HR IT MX MY PL RS SE SK TR UA"),
    (6, "CN CO IN RO SG"),
    (7, "JP PT"),
];

/// Five digits, perhaps with four more.
fn is_zip(code: &str) -> bool {
    let digits = |text: &str, count: usize| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    match code.split_once('-') {
        None => digits(code, 5),
        Some((zip, more)) => digits(zip, 5) && digits(more, 4),
    }
}

/// ISO 3166-1 alpha-2, without the countries that no card scheme serves (CU IR KP SY).
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ \
    BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET \
    FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ \
    IS IT JE JM JO JP KE KG KH KI KM KN KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN \
    MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW \
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SZ TC TD TF TG TH TJ TK TL TM TN TO \
    TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";
