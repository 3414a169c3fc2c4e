//! One of the merchant's endpoints: where it is, what it wants to hear, and what its messages are
//! signed with.

use crate::outgoing::{Forbidden, Outgoing, Purpose, Reach};
use crate::signature::SigningSecret;

use super::{EndpointRoute, Filter};

/// An endpoint that can be sent to. Clones share its connections.
#[derive(Clone)]
pub struct Endpoint {
    /// Its name in the settings.
    pub id: String,
    /// Which events it gets.
    pub filter: Filter,
    /// Newest first; while they rotate every message is signed with both (G25).
    pub(super) secrets: Vec<SigningSecret>,
    pub(super) url: String,
    pub(super) http: Outgoing,
}

/// Why nothing can be sent there. The text fits after "it".
#[derive(Debug, thiserror::Error)]
pub enum UnusableEndpoint {
    /// Its address.
    #[error("{0}")]
    Address(#[from] Forbidden),
    /// Our own client.
    #[error("cannot be reached: {0}")]
    Client(#[from] reqwest::Error),
}

impl Endpoint {
    /// An endpoint at that address, which must be within `reach` (S5).
    ///
    /// # Errors
    /// It is not, or the TLS machinery of the system cannot be set up.
    pub fn new(
        id: &str,
        url: &str,
        reach: Reach,
        secrets: Vec<SigningSecret>,
        filter: Filter,
    ) -> Result<Self, UnusableEndpoint> {
        reach.check(url)?;
        let http = Outgoing::new(Purpose::Endpoint, reach)?;
        Ok(Self { id: id.to_owned(), filter, secrets, url: url.to_owned(), http })
    }

    /// What it is told of.
    #[must_use]
    pub fn route(&self) -> EndpointRoute {
        EndpointRoute { id: self.id.clone(), filter: self.filter.clone() }
    }
}

impl std::fmt::Debug for Endpoint {
    /// An address may hold a token of the merchant's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("id", &self.id).field("filter", &self.filter).finish_non_exhaustive()
    }
}
