//! What the commands that list have in common: the query of their options, and tables for people.

use clap::Args;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// All but what needs no escape in a path or a query (RFC 3986, 2.3).
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Which page of a list.
#[derive(Args)]
pub(super) struct Piece {
    /// Lines of a page, 1 to 100.
    #[arg(long, default_value_t = 25)]
    limit: u32,
    /// Go on after an earlier page: what it printed at its end.
    #[arg(long)]
    cursor: Option<String>,
}

/// The address of a list: its path and the filters that were given.
pub(super) fn address(path: &str, filters: &[(&str, Option<&str>)], piece: &Piece) -> String {
    let limit = piece.limit.to_string();
    let paging = [("limit", Some(limit.as_str())), ("cursor", piece.cursor.as_deref())];
    let given = filters.iter().chain(&paging).filter_map(|(name, value)| Some((name, (*value)?)));
    let query: Vec<String> = given.map(|(name, value)| format!("{name}={}", escaped(value))).collect();
    format!("{path}?{}", query.join("&"))
}

/// A text as one segment of an address.
pub(super) fn escaped(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// A column of a table: its heading, and where its value is in an item (RFC 6901).
pub(super) type Column = (&'static str, &'static str);

/// A page as a table, with how to go on.
pub(super) fn table(page: &Value, columns: &[Column]) -> String {
    let items = page["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    if items.is_empty() {
        return "None.".to_owned();
    }
    let heading = columns.iter().map(|(heading, _)| (*heading).to_owned()).collect();
    let lines = items.iter().map(|item| columns.iter().map(|(_, place)| cell(item.pointer(place))).collect());
    let lines: Vec<Vec<String>> = std::iter::once(heading).chain(lines).collect();
    let widest = |at: usize| lines.iter().map(|line| line[at].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..columns.len()).map(widest).collect();
    let mut text: Vec<String> = lines.iter().map(|line| aligned(line, &widths)).collect();
    if let Some(cursor) = page["next_cursor"].as_str() {
        text.push(format!("\nThere are more: --cursor {cursor}"));
    }
    text.join("\n")
}

/// One thing, a line a field; what is empty is left out.
pub(super) fn fields(item: &Value) -> String {
    let fields = item.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let lines: Vec<String> = fields
        .map(|(name, value)| match value {
            Value::Object(_) | Value::Array(_) => {
                let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
                format!("{name}:\n{pretty}")
            }
            value => format!("{name}: {}", cell(Some(value))),
        })
        .collect();
    lines.join("\n")
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => short(text),
        Some(Value::Object(fields)) => match (fields.get("amount"), fields.get("currency")) {
            (Some(_), Some(_)) => serde_json::from_value::<checkout_types::Money>(Value::Object(fields.clone()))
                .map_or_else(|_| "-".to_owned(), |money| money.to_string()),
            // Whose it is: one of its two names.
            _ => fields.values().find_map(Value::as_str).map_or_else(|| "-".to_owned(), short),
        },
        Some(other) => other.to_string(),
    }
}

/// A time to the second; anything else as it is, but without what would move a terminal's cursor.
fn short(text: &str) -> String {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return format!("{time:.0}");
    }
    text.chars().filter(|character| !character.is_control()).collect()
}

fn aligned(line: &[String], widths: &[usize]) -> String {
    let cells: Vec<String> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    cells.join("  ").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_given_is_in_the_address_and_escaped() {
        let piece = Piece { limit: 5, cursor: None };
        let filters = [("type", Some("payment.failed")), ("reference", Some("a&b=c d")), ("since", None)];
        let expected = "/v1/events?type=payment.failed&reference=a%26b%3Dc%20d&limit=5";
        assert_eq!(address("/v1/events", &filters, &piece), expected);
    }

    #[test]
    fn a_table_is_aligned_and_says_how_to_go_on() {
        let page = json!({
            "items": [
                {"id": "pay_1", "amount": {"amount": 2900, "currency": "EUR"}, "customer": {"reference": "u", "checkout": null}},
                {"id": "pay_22", "amount": null, "customer": {"reference": null, "checkout": "co_1\u{1b}[2J"}},
            ],
            "next_cursor": "abc",
        });
        let columns = [("ID", "/id"), ("AMOUNT", "/amount"), ("WHOSE", "/customer")];
        let table = table(&page, &columns);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "ID      AMOUNT     WHOSE");
        assert_eq!(lines[1], "pay_1   29.00 EUR  u");
        assert!(lines[2].starts_with("pay_22  -          co_1"), "{}", lines[2]);
        assert_eq!(lines.last(), Some(&"There are more: --cursor abc"));
        assert_eq!(super::table(&json!({"items": []}), &columns), "None.");
    }

    #[test]
    fn nothing_that_was_stored_moves_a_terminals_cursor() {
        assert_eq!(short("a\u{1b}[2Jb"), "a[2Jb");
        assert_eq!(short("2026-11-22T21:00:00.123456Z"), "2026-11-22T21:00:00Z");
    }
}
