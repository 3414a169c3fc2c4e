//! The kill switch: whether anything is sold at the moment. Durable before it is in force, in force
//! at once, and after a restart too. Replays, states, payments and webhooks go on regardless: what
//! was begun is finished.

use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;

use crate::error::{Code, Problem};
use crate::fault::crash_point;
use crate::store::{Store, StoreError};

/// Seconds after which it is worth asking again.
const COME_BACK: u64 = 300;

/// How the switch stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// Whether anything is sold.
    pub selling: bool,
    /// Why not, in the operator's words; never shown to buyers.
    pub reason: Option<String>,
    /// Since when; `None` where nobody has ever used it.
    pub changed_at: Option<Timestamp>,
}

impl Default for Switch {
    fn default() -> Self {
        Self { selling: true, reason: None, changed_at: None }
    }
}

/// The switch that is in force.
#[derive(Debug, Default)]
pub struct Selling {
    switch: RwLock<Switch>,
    /// One who turns it at a time, so that the store and this never differ.
    turning: tokio::sync::Mutex<()>,
}

impl Selling {
    /// As it was left.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn resume(store: &Store) -> Result<Self, StoreError> {
        let switch = store.selling().await?.unwrap_or_default();
        if !switch.selling {
            tracing::warn!(reason = switch.reason, "nothing is sold: the switch was left off");
        }
        Ok(Self { switch: RwLock::new(switch), ..Self::default() })
    }

    /// How it stands.
    #[must_use]
    pub fn switch(&self) -> Switch {
        self.switch.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Turns it, and remembers that first.
    ///
    /// # Errors
    /// The store failed; the switch stands as it stood.
    pub async fn turn(&self, store: &Store, switch: Switch) -> Result<(), StoreError> {
        let _turn = self.turning.lock().await;
        store.set_selling(switch.clone()).await?;
        crash_point("selling.turned");
        tracing::warn!(selling = switch.selling, reason = switch.reason, "the switch was turned");
        *self.switch.write().unwrap_or_else(PoisonError::into_inner) = switch;
        self.report();
        Ok(())
    }

    /// Lets somebody buy.
    ///
    /// # Errors
    /// Nothing is sold at the moment.
    pub fn check(&self) -> Result<(), Problem> {
        if self.switch.read().unwrap_or_else(PoisonError::into_inner).selling {
            return Ok(());
        }
        metrics::counter!("checkout_refused_total", "reason" => "selling").increment(1);
        Err(Problem::from(Code::SellingStopped).after(COME_BACK))
    }

    /// Shows it in the metrics.
    pub fn report(&self) {
        metrics::gauge!("checkout_selling").set(if self.switch().selling { 1.0 } else { 0.0 });
    }
}
