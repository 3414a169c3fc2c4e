//! Texts in mails: what may stand in one, and how dates and lists are written. Pure.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Characters of a subject: mail programs show no more.
const LONGEST_SUBJECT: usize = 180;
/// Characters of a name that we greet with.
const LONGEST_GREETING: usize = 60;

/// A value with nothing in it that a reader cannot see: no control characters, no line ends, nothing
/// that turns the direction of writing around (header injection and its relatives are over here).
#[must_use]
pub fn clean(text: &str) -> String {
    let visible: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| is_visible(*c)).collect();
    visible.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn is_visible(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        && !matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// All texts of a value, clean.
#[must_use]
pub fn cleaned(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(cleaned).collect()),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, cleaned(value))).collect())
        }
        other => other,
    }
}

/// A rendered subject as one line.
#[must_use]
pub fn subject(rendered: &str) -> String {
    clean(rendered).chars().take(LONGEST_SUBJECT).collect()
}

/// A rendered text as it is sent: no control characters but line ends, no spaces at line ends, at most
/// one empty line in a row.
#[must_use]
pub fn plain(rendered: &str) -> String {
    let mut text = String::new();
    let mut empty = 0;
    for line in rendered.lines() {
        let line: String = line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| is_visible(*c)).collect();
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty <= 1 && !(line.is_empty() && text.is_empty()) {
            text.push_str(line);
            text.push('\n');
        }
    }
    let end = text.trim_end().len();
    text.truncate(end);
    text.push('\n');
    text
}

/// A name to greet with. A name that is an advertisement or a link is none: who buys with somebody
/// else's address must not write to them through us.
#[must_use]
pub fn greeting(name: &str) -> Option<String> {
    let name = clean(name);
    let links = name.contains(['/', '@', ':', '<', '>', '\\']) || has_domain(&name);
    (!links && (1..=LONGEST_GREETING).contains(&name.chars().count())).then_some(name)
}

/// A dot between two letters or digits: mail programs make a link of `shop.example`.
fn has_domain(name: &str) -> bool {
    let letters: Vec<char> = name.chars().collect();
    letters.windows(3).any(|three| three[1] == '.' && three[0].is_alphanumeric() && three[2].is_alphanumeric())
}

/// "22 December 2026, 10:15 UTC".
#[must_use]
pub fn date(at: Timestamp) -> String {
    at.to_zoned(TimeZone::UTC).strftime("%-d %B %Y, %H:%M UTC").to_string()
}

/// "Pro", "Pro and Team × 3", "A, B and C".
#[must_use]
pub fn list<'a>(items: impl IntoIterator<Item = (&'a str, i64)>) -> String {
    let items: Vec<String> = items
        .into_iter()
        .map(|(name, quantity)| if quantity > 1 { format!("{name} × {quantity}") } else { name.to_owned() })
        .collect();
    match items.split_last() {
        None => String::new(),
        Some((only, [])) => only.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_written_out() {
        assert_eq!(date("2026-12-02T09:05:59Z".parse().unwrap()), "2 December 2026, 09:05 UTC");
    }

    #[test]
    fn lists_are_written_as_people_do() {
        assert_eq!(list([]), "");
        assert_eq!(list([("Pro", 1)]), "Pro");
        assert_eq!(list([("Pro", 1), ("Team", 3)]), "Pro and Team × 3");
        assert_eq!(list([("A", 1), ("B", 1), ("C", 2)]), "A, B and C × 2");
    }

    #[test]
    fn nobody_advertises_by_a_name() {
        for name in ["Ada Lovelace", "Dr. Ada Lovelace", "J. R. R.", "O’Neil", "Zoë", "山田太郎"] {
            assert_eq!(greeting(name).as_deref(), Some(name));
        }
        for name in ["", "win at evil.example", "http://evil.example", "a@b.c", "<b>", "x".repeat(61).as_str()] {
            assert_eq!(greeting(name), None, "{name}");
        }
        assert_eq!(greeting("Ada\r\nBcc: eve@example.com"), None);
        assert_eq!(greeting("Ada\u{202e}\u{200b} L").as_deref(), Some("Ada L"));
    }

    #[test]
    fn a_text_has_no_gaps_of_template_lines() {
        assert_eq!(plain("\n\n Hello  \n\n\n\tyou\u{7}\r\n\n"), " Hello\n\n you\n");
    }

    proptest! {
        #[test]
        fn nothing_that_ends_a_header_survives(text in "\\PC*[\r\n\u{0}\u{85}\u{2028}\u{202e}]\\PC*") {
            let subject = subject(&text);
            prop_assert!(subject.chars().all(is_visible) && subject.lines().count() <= 1, "{subject:?}");
            let cleaned = cleaned(serde_json::json!({"a": [text]}));
            prop_assert_eq!(cleaned["a"][0].as_str().unwrap().lines().count().max(1), 1);
        }
    }
}
