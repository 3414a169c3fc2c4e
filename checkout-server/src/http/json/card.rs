//! Card numbers in places where nobody should type one (S11).

/// Whether a text holds 13 to 19 digits, perhaps in groups, that begin like a card scheme's and
/// pass the Luhn check (ISO/IEC 7812-1).
pub(super) fn is_in(text: &str) -> bool {
    let mut run: Vec<u8> = Vec::new();
    let mut gap = 0;
    for c in text.chars().chain(['\0']) {
        match c.to_digit(10) {
            Some(digit) => {
                run.push(u8::try_from(digit).unwrap_or(0));
                gap = 0;
            }
            None if matches!(c, ' ' | '-' | '.' | '\u{a0}') && gap == 0 && !run.is_empty() => gap = 1,
            None => {
                if is_card(&run) {
                    return true;
                }
                run.clear();
                gap = 0;
            }
        }
    }
    false
}

fn is_card(digits: &[u8]) -> bool {
    (13..=19).contains(&digits.len()) && is_scheme(digits) && luhn(digits)
}

/// Visa, Mastercard, American Express, Discover and Diners, JCB, UnionPay, RuPay, Maestro.
fn is_scheme(digits: &[u8]) -> bool {
    let first = |count: usize| digits[..count].iter().fold(0_u32, |number, digit| number * 10 + u32::from(*digit));
    digits[0] == 4
        || (51..=55).contains(&first(2))
        || (2221..=2720).contains(&first(4))
        || matches!(first(2), 34 | 35 | 36 | 37 | 38 | 39 | 50 | 56..=58 | 60 | 62 | 63 | 64 | 65 | 67)
        || matches!(first(2), 81 | 82)
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
            "378282246310005",
            "4000 0000 0000 0002",
            "6011111111111117",
            "3566002020360505",
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
