//! What a price gives, and when it is taken back, as the catalog says it.

use std::collections::BTreeMap;

use checkout_types::money::MAX_AMOUNT;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

/// What a price gives, and when it is taken back. From the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Terms {
    /// The names of what may be used, each with its limits.
    pub grants: BTreeMap<String, BTreeMap<String, Limit>>,
    /// How long a failed renewal takes nothing away.
    pub grace: SignedDuration,
    /// What a full refund does.
    pub refund: RefundPolicy,
    /// What an open dispute does.
    pub dispute: DisputePolicy,
}

impl Default for Terms {
    /// Gives nothing, and takes it back as a price does that says nothing of it.
    fn default() -> Self {
        Self {
            grants: BTreeMap::new(),
            grace: SignedDuration::from_hours(24 * 7),
            refund: RefundPolicy::default(),
            dispute: DisputePolicy::default(),
        }
    }
}

/// How much of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// So many for each one bought: seats.
    PerUnit(i64),
    /// So many, however many were bought.
    Fixed(i64),
    /// As many as one likes.
    Unlimited,
}

/// What a full refund does to access.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundPolicy {
    /// It ends at once.
    #[default]
    Revoke,
    /// It ends with the period that was paid for.
    AtPeriodEnd,
    /// It stays.
    Keep,
}

/// What an open dispute does to access. A lost one always ends it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisputePolicy {
    /// Nothing, until it is decided.
    #[default]
    Keep,
    /// It is suspended until it is decided.
    Suspend,
}

impl Limit {
    /// What it comes to for so many bought.
    pub(crate) fn of(self, quantity: i64) -> Self {
        match self {
            Self::PerUnit(each) => Self::Fixed(each.saturating_mul(quantity).min(MAX_AMOUNT)),
            fixed => fixed,
        }
    }
}
