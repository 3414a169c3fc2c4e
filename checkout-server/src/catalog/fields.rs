//! Reads one table of the catalog, field by field: what is absent, of another type or unknown is
//! reported with its line and what to write instead.

use std::ops::RangeInclusive;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::Report;

/// A value and the byte of the text where it stands.
#[derive(Clone, Debug)]
pub(super) struct Located<T> {
    pub(super) value: T,
    pub(super) at: usize,
}

/// One table that is being read.
pub(super) struct Fields<'a> {
    report: &'a Report<'a>,
    table: &'a DeTable<'a>,
    /// How each message starts, such as `price "pro_monthly"`.
    pub(super) label: String,
    /// Where the table starts.
    pub(super) at: usize,
}

impl<'a> Fields<'a> {
    /// Starts on a table that may have the `known` keys and no others. `kind` is its word for
    /// messages, such as `price`.
    pub(super) fn new(
        report: &'a Report<'a>,
        table: &'a DeTable<'a>,
        at: usize,
        kind: &str,
        known: &[&'static str],
    ) -> Self {
        let id = table.get("id").and_then(|id| id.get_ref().as_str());
        let label = id.map_or_else(|| format!("this {kind}"), |id| format!("{kind} {}", quoted(id)));
        Self::labelled(report, table, at, label, known)
    }

    /// The same, for a table whose messages start with this label.
    pub(super) fn labelled(
        report: &'a Report<'a>,
        table: &'a DeTable<'a>,
        at: usize,
        label: String,
        known: &[&'static str],
    ) -> Self {
        let fields = Self { report, table, label, at };
        fields.refuse_unknown(known);
        fields
    }

    /// Notes a mistake at a byte of the text, after the table's label.
    pub(super) fn wrong(&self, at: usize, what: &str, cure: impl Into<String>) {
        self.report.add(at, format!("{}: {what}", self.label), cure);
    }

    /// The key's value, if it is there.
    pub(super) fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.get(key)
    }

    /// The key's value; its absence is a mistake. `example` is how such a line looks.
    pub(super) fn required(&self, key: &str, example: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        let value = self.get(key);
        if value.is_none() {
            self.wrong(self.at, &format!("{key} is missing"), format!("add {example}"));
        }
        value
    }

    /// A text that must be there.
    pub(super) fn required_text(&self, key: &str, example: &str) -> Option<Located<&'a str>> {
        self.as_text(key, self.required(key, example)?)
    }

    /// A text that may be absent.
    pub(super) fn text(&self, key: &str) -> Option<Located<&'a str>> {
        self.as_text(key, self.get(key)?)
    }

    /// A list of texts; absent is empty. The items that are no texts are reported and left out.
    pub(super) fn texts(&self, key: &str) -> Vec<Located<&'a str>> {
        let Some(value) = self.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.wrong(value.span().start, &format!("{key} is not a list"), format!("write {key} = [\"…\", \"…\"]"));
            return Vec::new();
        };
        items.iter().filter_map(|item| self.as_text(key, item)).collect()
    }

    /// A whole number within a range; absent is `None` without a mistake.
    pub(super) fn number(&self, key: &str, range: RangeInclusive<u32>) -> Option<u32> {
        let value = self.get(key)?;
        let number = whole_number(value.get_ref()).and_then(|number| u32::try_from(number).ok());
        let allowed = number.filter(|number| range.contains(number));
        if allowed.is_none() {
            let what = format!("{key} {} is not allowed", written(value.get_ref()));
            let cure = format!("write a whole number from {} to {}", range.start(), range.end());
            self.wrong(value.span().start, &what, cure);
        }
        allowed
    }

    /// One of a few words; absent is `None` without a mistake.
    pub(super) fn choice<'c>(&self, key: &str, choices: &[&'c str]) -> Option<&'c str> {
        let text = self.text(key)?;
        let chosen = choices.iter().find(|choice| **choice == text.value).copied();
        if chosen.is_none() {
            let all = || choices.iter().map(|choice| format!("{choice:?}")).collect::<Vec<_>>().join(", ");
            let cure = match nearest(text.value, choices) {
                Some(meant) => format!("did you mean {meant:?}?"),
                None => format!("write one of {}", all()),
            };
            self.wrong(text.at, &format!("{key} {} is not known", quoted(text.value)), cure);
        }
        chosen
    }

    fn as_text(&self, key: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Located<&'a str>> {
        let at = value.span().start;
        let text = value.get_ref().as_str();
        if text.is_none() {
            let written = written(value.get_ref());
            self.wrong(at, &format!("{key} {written} is not a text"), "put it in double quotes");
        }
        text.map(|value| Located { value, at })
    }

    fn refuse_unknown(&self, known: &[&'static str]) {
        for (key, _) in self.table {
            let name = key.get_ref();
            if known.contains(&name.as_ref()) {
                continue;
            }
            let cure = match nearest(name, known) {
                Some(meant) => format!("did you mean {meant}?"),
                None => format!("remove it; known here are {}", known.join(", ")),
            };
            self.wrong(key.span().start, &format!("the key {} is not known", quoted(name)), cure);
        }
    }
}

/// The value of an integer that fits; `None` for anything else, a float like `2900.0` included.
pub(super) fn whole_number(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

/// A text from the file as it may stand in a message: cut, quoted, on one line.
pub(super) fn quoted(text: &str) -> String {
    const MOST_CHARS: usize = 48;
    let mut cut: String = text.chars().take(MOST_CHARS).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    format!("{cut:?}")
}

/// A value from the file as it may stand in a message.
pub(super) fn written(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => quoted(text),
        DeValue::Integer(integer) => clipped(integer.as_str()),
        DeValue::Float(float) => clipped(float.as_str()),
        DeValue::Boolean(boolean) => boolean.to_string(),
        DeValue::Datetime(_) => "(a date)".to_owned(),
        DeValue::Array(_) => "(a list)".to_owned(),
        DeValue::Table(_) => "(a table)".to_owned(),
    }
}

fn clipped(number: &str) -> String {
    number.chars().take(40).collect()
}

/// The known name that a typing slip away from this one, if there is one.
pub(crate) fn nearest<'n>(name: &str, known: &[&'n str]) -> Option<&'n str> {
    // A name much longer than ours cannot be a slip, and its distance would be costly to find.
    if name.len() > 40 {
        return None;
    }
    let close = |candidate: &&&str| distance(name, candidate) <= 1 + candidate.len() / 4;
    known.iter().filter(close).min_by_key(|candidate| distance(name, candidate)).copied()
}

/// How many letters must be put in, taken out or changed to get from one to the other (Levenshtein).
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.chars().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
