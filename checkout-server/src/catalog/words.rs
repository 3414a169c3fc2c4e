//! The texts in a catalog: ids, names and addresses, and what each may look like.

use super::fields::{Fields, Located, quoted};

/// The longest line that a buyer reads as a name, in characters.
const MOST_NAME_CHARS: usize = 120;

/// The shop's own id of a table.
pub(super) fn id(fields: &Fields<'_>, example: &str) -> Option<Located<String>> {
    let id = fields.required_text("id", example)?;
    if is_id(id.value) {
        return Some(Located { value: id.value.to_owned(), at: id.at });
    }
    let what = format!("id {} is not allowed", quoted(id.value));
    fields.wrong(id.at, &what, ID_CURE);
    None
}

/// What to write where a name is not one of [`is_id`].
pub(super) const ID_CURE: &str = "use 1 to 64 of a-z, 0-9, _ and -";

/// Whether a text may be an id of the shop's, or the name of something that may be used.
pub(crate) fn is_id(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// The provider's id of a table, with that prefix.
pub(super) fn provider_id(fields: &Fields<'_>, prefix: &str) -> Option<Located<String>> {
    let id = fields.required_text("dodo", &format!(r#"dodo = "{prefix}…", the id in the provider's dashboard"#))?;
    let rest = id.value.strip_prefix(prefix);
    if rest.is_some_and(|rest| (1..=40).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    {
        return Some(Located { value: id.value.to_owned(), at: id.at });
    }
    let what = format!("dodo {} is not an id of the provider", quoted(id.value));
    fields.wrong(id.at, &what, format!("copy it from the dashboard: {prefix} followed by letters and digits"));
    None
}

/// A name that must be there.
pub(super) fn required_line(fields: &Fields<'_>, key: &str, example: &str) -> Option<String> {
    checked(fields, key, fields.required_text(key, example)?, MOST_NAME_CHARS)
}

/// A text of one line that may be absent.
pub(super) fn line(fields: &Fields<'_>, key: &str, most_chars: usize) -> Option<String> {
    checked(fields, key, fields.text(key)?, most_chars)
}

/// Texts of one line each.
pub(super) fn lines(fields: &Fields<'_>, key: &str, most: usize) -> Vec<String> {
    let lines = fields.texts(key);
    if let Some(beyond) = lines.get(most) {
        fields.wrong(
            beyond.at,
            &format!("{key} has {} lines", lines.len()),
            format!("keep the {most} that matter most"),
        );
    }
    lines.into_iter().filter_map(|line| checked(fields, key, line, MOST_NAME_CHARS)).collect()
}

/// The address of a picture.
pub(super) fn image(fields: &Fields<'_>) -> Option<String> {
    let image = fields.text("image")?;
    let host = image.value.strip_prefix("https://").map(|rest| rest.split(['/', '?', '#']).next().unwrap_or(""));
    let good_host = host.is_some_and(|host| !host.is_empty() && !host.contains('@'));
    let good_bytes = image.value.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"'<>\\".contains(&byte));
    if good_host && good_bytes && image.value.len() <= 2_048 {
        return Some(image.value.to_owned());
    }
    let what = format!("image {} is not an address that a browser loads safely", quoted(image.value));
    fields.wrong(image.at, &what, "write an address that starts with https://");
    None
}

fn checked(fields: &Fields<'_>, key: &str, text: Located<&str>, most_chars: usize) -> Option<String> {
    let trimmed = text.value.trim();
    let what_and_cure = if trimmed.is_empty() {
        ("is empty".to_owned(), "write what the buyer should read".to_owned())
    } else if text.value.chars().any(unseen) {
        (format!("{} holds a character that is not seen", quoted(text.value)), "type it again on one line".to_owned())
    } else if trimmed.chars().count() > most_chars {
        (format!("is longer than {most_chars} characters"), "shorten it".to_owned())
    } else {
        return Some(trimmed.to_owned());
    };
    fields.wrong(text.at, &format!("{key} {}", what_and_cure.0), what_and_cure.1);
    None
}

/// Control characters, and those that turn the direction of what follows.
fn unseen(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}
