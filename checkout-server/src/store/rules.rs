//! What the fold goes by: the catalog, and who is told of what. Both come from the settings, so they
//! may be others after a restart.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::catalog::Catalog;
use crate::outbox::Routes;

/// See above. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What each of the provider's products gives.
    pub catalog: Arc<Catalog>,
    /// Who is told of what.
    pub routes: Arc<Routes>,
    /// Whether customers may still stand as an earlier catalog had it.
    pub(super) behind: Arc<AtomicBool>,
}

impl Rules {
    /// The rules of a helper with that catalog and those routes.
    #[must_use]
    pub fn new(catalog: &Catalog, routes: Routes) -> Self {
        Self { catalog: Arc::new(catalog.clone()), routes: Arc::new(routes), behind: Arc::default() }
    }

    /// Whether a customer's row may be an earlier catalog's.
    pub(super) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Relaxed)
    }
}
