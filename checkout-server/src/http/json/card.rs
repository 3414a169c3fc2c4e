//! Card numbers in places where nobody should type one (S11).

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

/// Whether a text holds 13 to 19 digits, perhaps in groups, that begin like a card scheme's and
/// pass the Luhn check (ISO/IEC 7812-1). What stands before or after them hides nothing.
pub(super) fn is_in(text: &str) -> bool {
    let mut run: Vec<u8> = Vec::new();
    let mut gap = 0;
    // Full-width digits become plain ones; characters of no width are as if they were not there.
    let plain = percent_encoding::percent_decode_str(text).decode_utf8_lossy();
    for c in without_uuids(&plain).nfkc().filter(|c| !is_invisible(*c)).chain(['\0']) {
        if let Some(digit) = digit(c) {
            run.push(digit);
            gap = 0;
        } else if is_separator(c) && gap < 6 && !run.is_empty() {
            gap += 1;
        } else {
            if holds_card(&run) {
                return true;
            }
            run.clear();
            gap = 0;
        }
    }
    false
}

/// A UUID is a merchant's or our own id, and one in a hundred has digits in it that could be a card's.
/// Only what has a letter in it is taken for one: digits alone stay under suspicion.
fn without_uuids(text: &str) -> Cow<'_, str> {
    let outside = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    if text.len() < 36 || !text.split(outside).any(is_uuid) {
        return text.into();
    }
    let kept = text.split_inclusive(outside).map(|token| {
        let bare = token.trim_end_matches(outside);
        if is_uuid(bare) { token.get(bare.len()..).unwrap_or_default() } else { token }
    });
    kept.collect::<String>().into()
}

/// With its hyphens, a version and a variant (RFC 9562): anything less is too easily a card's number
/// with letters behind it.
fn is_uuid(token: &str) -> bool {
    let fits = |(place, byte): (usize, u8)| match place {
        8 | 13 | 18 | 23 => byte == b'-',
        14 => (b'1'..=b'8').contains(&byte),
        19 => matches!(byte, b'8' | b'9' | b'a' | b'b' | b'A' | b'B'),
        _ => byte.is_ascii_hexdigit(),
    };
    token.len() == 36 && token.bytes().enumerate().all(fits) && token.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// Whether a number is a card's, as a whole: nobody puts a number of JSON into groups.
pub(super) fn is_one(number: &str) -> bool {
    let digits: Option<Vec<u8>> = number.chars().map(digit).collect();
    digits.is_some_and(|digits| (13..=19).contains(&digits.len()) && is_scheme(&digits) && luhn(&digits))
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2064}' | '\u{ad}' | '\u{180e}' | '\u{20e3}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '-' | '.' | '/' | '_' | ',' | ':' | '*' | '|' | '+' | '~' | '·' | '\u{2010}'..='\u{2015}')
}

/// Decimal digits, of every script that has a block of its own for them.
fn digit(c: char) -> Option<u8> {
    let zeros = [
        0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0, 0xf20,
        0x1040, 0x17e0, 0x1810,
    ];
    let code = u32::from(c);
    zeros
        .iter()
        .find_map(|zero| code.checked_sub(*zero).filter(|digit| *digit < 10))
        .and_then(|digit| u8::try_from(digit).ok())
}

/// A card number may stand anywhere in a run of digits: an expiry or a code often follows it.
fn holds_card(run: &[u8]) -> bool {
    (13..=19).any(|length| run.windows(length).any(|digits| is_scheme(digits) && luhn(digits)))
}

/// Visa, Mastercard, American Express, Discover and Diners, JCB, UnionPay, RuPay, Maestro, each in
/// the lengths that it issues: any other length would find cards in ordinary numbers.
fn is_scheme(digits: &[u8]) -> bool {
    let first = |count: usize| first(digits, count);
    match digits.len() {
        16 => {
            digits[0] == 4
                || (51..=55).contains(&first(2))
                || (2221..=2720).contains(&first(4))
                || (3528..=3589).contains(&first(4))
                || matches!(first(2), 60 | 62 | 65 | 81 | 82)
                || (644..=649).contains(&first(3))
                || is_diners(digits)
                || is_maestro(digits)
        }
        15 => matches!(first(2), 34 | 37),
        14 => is_diners(digits),
        13 => digits[0] == 4,
        19 => digits[0] == 4 || first(2) == 62 || is_maestro(digits),
        _ => first(2) == 62 || is_maestro(digits),
    }
}

fn first(digits: &[u8], count: usize) -> u32 {
    digits[..count].iter().fold(0_u32, |number, digit| number * 10 + u32::from(*digit))
}

fn is_diners(digits: &[u8]) -> bool {
    matches!(first(digits, 2), 36 | 38 | 39) || (300..=305).contains(&first(digits, 3))
}

fn is_maestro(digits: &[u8]) -> bool {
    matches!(first(digits, 4), 5018 | 5020 | 5038 | 6304 | 6759 | 6761..=6763)
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit @ 0..=4) => digit * 2,
            (_, digit) => digit * 2 - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::is_in;

    #[test]
    fn test_cards_are_found_in_every_dress() {
        for text in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "my card: 5555-5555-5555-4444, thanks",
            "4242 4242 4242 4242 12/30 123",
            "1 4242424242424242",
            "+46 70 4242424242424242",
            "4242424242424242-12-30",
            "4242/4242/4242/4242",
            "4242 – 4242 – 4242 – 4242",
            "4242*4242*4242*4242",
            "4242 | 4242 | 4242 | 4242",
            "4242    4242    4242    4242",
            "4242424242424242deadbeefdeadbeef",
            "42424242-4242-4242-dead-beefdeadbeef",
            "4242\u{180e}4242\u{2061}4242\u{fe0f}4242",
            "৪২৪২৪২৪২৪২৪২৪২৪২",
            "https://shop.example/?note=%34242424242424242",
            "4242\u{200b}4242\u{202f}4242\u{200b}4242",
            "４２４２４２４２４２４２４２４２",
            "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
            "378282246310005",
            "4000 0000 0000 0002",
            "6011111111111117",
            "3566002020360505",
            "co_019aab6fb0c07d3c8e4f5a6b7c8d9e0f 4242424242424242",
            "42424242-4242-4242-4242-424242424242",
        ] {
            assert!(is_in(text), "{text}");
        }
    }

    #[test]
    fn ordinary_numbers_are_left_alone() {
        for text in
            ["", "+46 70 555 01 42", "2026-11-22", "4242424242424241", "order 1234567890123", "DE123456789", "118 67"]
        {
            assert!(!is_in(text), "{text}");
        }
    }
}
