//! `docs/problems.md`, written from the table: what a code means must not be said twice. Pure.

use std::fmt::Write as _;

use super::Code;

/// The document, with one section for each code, ordered by status and then by name.
#[must_use]
pub fn reference() -> String {
    let mut codes = Code::ALL.to_vec();
    codes.sort_by_key(|code| (code.status(), code.as_str()));
    let mut text = HEAD.to_owned();
    for code in codes {
        let retry = if code.retryable() { ", retryable" } else { "" };
        // Writing to a text cannot fail.
        let _ = write!(
            text,
            "\n## {name}\n\n{status}{retry}. {title}\n\n- **Cause.** {cause}\n- **Cure.** {cure}\n",
            name = code.as_str(),
            status = code.status(),
            title = code.title(),
            cause = plain(code.cause()),
            cure = plain(code.cure()),
        );
    }
    text
}

const HEAD: &str = "# Problems

Every refusal is `application/problem+json` (RFC 9457) with one of these as its `code`; a field of `errors` has one \
as its own `code`. Branch on the code, show the title. *Retryable* means that the very same request can work later. \
A running helper explains them too: `GET /problems/{code}`.

Written from the table in `checkout-server/src/error/codes.rs`; a test fails when they differ.
";

/// Braces, angle brackets and stars of a text are meant as they stand.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '*' | '<' | '>' | '`') {
            plain.push('\\');
        }
        plain.push(c);
    }
    plain
}
