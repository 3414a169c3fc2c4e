//! What a customer may use, for whoever asks: from the projection alone (G19).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::account::account;
use super::{Store, StoreError, projection};
use crate::customer::CustomerKey;
use crate::entitlement::Entitlement;
use crate::fault::{self, Mutant};
use crate::standing;

/// What a customer may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoredAccess {
    /// Grows with each change; 0 where nothing was ever heard of them, or higher after a restore.
    pub version: i64,
    /// By name.
    pub entitlements: BTreeMap<String, Entitlement>,
}

impl Store {
    /// What that customer may use at `now`. What only takes time needs no event: where a change is due
    /// and not written yet, by time or by another catalog, it is worked out here, with the version that it will get (G20).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn access(&self, customer: &CustomerKey, now: Timestamp) -> Result<StoredAccess, StoreError> {
        let (customer, rules) = (customer.clone(), self.rules.clone());
        self.read(move |connection| {
            let known = projection::projected(connection, &customer)?;
            let is_current = !rules.is_behind() && known.next_change_at.is_none_or(|at| now.as_microsecond() < at);
            if is_current || fault::is(Mutant::ExpiryByEventOnly) {
                return Ok(StoredAccess { version: known.version, entitlements: known.standing.entitlements });
            }
            let (standing, _) = standing::of(&account(connection, &customer)?, &rules.catalog, now);
            let changed = standing.entitlements != known.standing.entitlements;
            let version = known.version + i64::from(changed);
            Ok(StoredAccess { version, entitlements: standing.entitlements })
        })
        .await
    }
}
