//! What is wrong with a catalog's text: every mistake, with its line and what to write instead.

use std::cell::RefCell;
use std::fmt;

/// Every mistake in a catalog, in the order of its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogErrors {
    mistakes: Vec<Mistake>,
}

/// One thing to correct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Counted from 1.
    pub line: usize,
    /// Counted in characters from 1, where one spot is meant.
    pub column: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to write instead.
    pub cure: String,
}

impl CatalogErrors {
    /// The mistakes, in the order of their lines.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// The mistakes as `catalog.toml:12: what; cure`, a line each: the form that editors jump to.
    #[must_use]
    pub fn in_file(&self, file: &str) -> String {
        let line = |mistake: &Mistake| format!("{file}:{}: {}; {}", mistake.line, mistake.what, mistake.cure);
        self.mistakes.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for CatalogErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_file("catalog"))
    }
}

impl std::error::Error for CatalogErrors {}

/// Collects mistakes while a text is read. Shared by everyone who reads a part of it.
pub(super) struct Report<'t> {
    text: &'t str,
    mistakes: RefCell<Vec<(usize, Mistake)>>,
}

impl<'t> Report<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, mistakes: RefCell::default() }
    }

    /// Notes a mistake at a byte of the text.
    pub(super) fn add(&self, at: usize, what: impl Into<String>, cure: impl Into<String>) {
        let (line, column) = self.place(at);
        let mistake = Mistake { line, column: Some(column), what: what.into(), cure: cure.into() };
        self.mistakes.borrow_mut().push((at, mistake));
    }

    /// Notes that something is missing from the whole file.
    pub(super) fn add_to_file(&self, what: impl Into<String>, cure: impl Into<String>) {
        let mistake = Mistake { line: 1, column: None, what: what.into(), cure: cure.into() };
        self.mistakes.borrow_mut().push((0, mistake));
    }

    /// The line of a byte of the text, counted from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.place(at).0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.mistakes.borrow().is_empty()
    }

    pub(super) fn into_errors(self) -> CatalogErrors {
        let mut mistakes = self.mistakes.into_inner();
        mistakes.sort_by_key(|(at, _)| *at);
        CatalogErrors { mistakes: mistakes.into_iter().map(|(_, mistake)| mistake).collect() }
    }

    fn place(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}
