//! What a sweep found and did, for operators.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::plan::Scope;
use crate::healing::difference::What;
use crate::provider::Kind;

/// As many differences are named; the others are counted.
const MOST_NAMED: usize = 100;

/// What a sweep found and did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// How much was looked through.
    pub scope: Scope,
    /// When it began.
    pub started_at: Timestamp,
    /// When it had seen all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// Rows of the provider's lists.
    pub looked_at: u64,
    /// Rows that could not be read.
    pub unreadable: u64,
    /// Objects that were unknown here, or known otherwise.
    pub differing: u64,
    /// Of these, those that are as the provider shows them now.
    pub mended: u64,
    /// Of these, those that still are not.
    pub still_open: u64,
    /// Which they are, the first hundred of them.
    pub open: Vec<Open>,
}

/// A difference that could not be mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Such as `payment`.
    pub kind: String,
    /// The provider's id.
    pub id: String,
    /// What differs.
    pub differs: String,
}

impl Report {
    /// Of a sweep that begins.
    #[must_use]
    pub fn new(scope: Scope, started_at: Timestamp) -> Self {
        Self {
            scope,
            started_at,
            finished_at: None,
            looked_at: 0,
            unreadable: 0,
            differing: 0,
            mended: 0,
            still_open: 0,
            open: Vec::new(),
        }
    }

    /// Counts a difference that is gone.
    pub fn mended(&mut self) {
        self.differing = self.differing.saturating_add(1);
        self.mended = self.mended.saturating_add(1);
    }

    /// Counts a difference that stays.
    pub fn open(&mut self, kind: Kind, id: &str, what: What) {
        self.differing = self.differing.saturating_add(1);
        self.still_open = self.still_open.saturating_add(1);
        if self.open.len() < MOST_NAMED {
            let (kind, differs) = (kind.as_str().to_owned(), what.as_str().to_owned());
            self.open.push(Open { kind, id: id.to_owned(), differs });
        }
    }
}
