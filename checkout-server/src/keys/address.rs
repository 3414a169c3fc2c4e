//! A buyer's address as budgets and the store know it.

use std::fmt;

/// An address as budgets and the store know it: a keyed hash, which nobody can turn back (S2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressKey([u8; 16]);

impl AddressKey {
    /// From what [`super::Keys::address`] made, or the store kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// For the store.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Debug for AddressKey {
    /// Enough to find lines of the log that belong together.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
