//! The running helper: what its doors share, put together once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedMutexGuard, Semaphore, broadcast, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::abuse::{Abuse, Limits};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::error::{Code, Problem};
use crate::healing::Healing;
use crate::http::address::Network;
use crate::http::admission::Classes;
use crate::http::assets::Releases;
use crate::keys::Keys;
use crate::mail::Mailer;
use crate::outbox::Endpoint;
use crate::provider::{Provider, dodo};
use crate::selling::Selling;
use crate::signature::SigningSecret;
use crate::store::{Store, StoreError};

/// Everything a handler may need. Cloning is cheap.
#[derive(Clone)]
pub struct App(Arc<Shared>);

/// What a helper is made of: what was configured, and what is in force while it runs.
pub struct Shared {
    parts: Parts,
    /// Cancelled when the helper is to stop.
    pub stopping: CancellationToken,
    /// What has to end before the helper may.
    pub tasks: TaskTracker,
    /// Which checkouts are being made right now.
    pub flights: Flights,
    /// Tells who watches that a checkout has changed.
    pub changes: Changes,
    /// Wakes whoever works off what is to be told, and what only takes time.
    pub news: watch::Sender<u64>,
    /// What robots have used up.
    pub abuse: Abuse,
    /// What brings our state to the provider's.
    pub healing: Healing,
    /// Whether anything is sold.
    pub selling: Selling,
    /// How much is worked on at once.
    pub(crate) admission: Classes,
}

/// What was configured.
pub struct Parts {
    /// What is sold.
    pub catalog: Catalog,
    /// What time it is.
    pub clock: Clock,
    /// Who takes the money.
    pub provider: Box<dyn Provider>,
    /// What is remembered.
    pub store: Store,
    /// Our own secrets.
    pub keys: Keys,
    /// The merchant's endpoints that are told what happened.
    pub endpoints: Vec<Endpoint>,
    /// The provider's webhook secrets that are in force, newest first.
    pub webhook_secrets: Vec<SigningSecret>,
    /// Where the helper is reached from outside, such as `https://pay.example.com`.
    pub public_url: String,
    /// The pages that may use it, as exact origins.
    pub allowed_origins: Vec<String>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// What is too much.
    pub limits: Limits,
    /// Who writes to buyers, where anybody does.
    pub mailer: Option<Mailer>,
    /// Whether no real money moves: the pages say so.
    pub test_mode: bool,
    /// The widgets of earlier releases.
    pub releases: Releases,
}

impl App {
    /// Puts a helper together. It goes on where the last one on the same store stopped: what was used up
    /// stays used up, and a shop that was closed stays closed.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn open(parts: Parts) -> Result<Self, StoreError> {
        let abuse =
            Abuse::resume(parts.limits.clone(), parts.keys.challenges.clone(), &parts.store, parts.clock.now()).await?;
        let selling = Selling::resume(&parts.store).await?;
        parts.store.compare_the_catalog().await?;
        let folded = parts.store.fold_earlier(dodo::read_kept, parts.clock.now()).await?;
        if folded > 0 {
            tracing::info!(notices = folded, "what an earlier release kept is folded; nobody is told of it");
        }
        Ok(Self(Arc::new(Shared {
            parts,
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
            flights: Flights::default(),
            changes: Changes::default(),
            news: watch::Sender::new(0),
            abuse,
            healing: Healing::default(),
            selling,
            admission: Classes::new(),
        })))
    }

    /// Finishes work that has been begun, also when its caller goes away or the helper is told to
    /// stop meanwhile. A panic is counted and told like any other.
    ///
    /// # Errors
    /// The work panicked.
    pub async fn finish<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Problem> {
        self.tasks.spawn(work).await.map_err(|_| {
            metrics::counter!("checkout_panics_total").increment(1);
            tracing::error!("work that had been begun panicked");
            Code::Internal.into()
        })
    }

    /// Whether pages of that origin may use the helper: the listed ones, and its own.
    #[must_use]
    pub fn allows(&self, origin: &str) -> bool {
        self.public_url == origin || self.allowed_origins.iter().any(|allowed| allowed == origin)
    }

    /// Whether that is a name of this helper: the public one, or loopback for its own machine.
    #[must_use]
    pub fn answers_for(&self, host: &str) -> bool {
        if host.contains('@') {
            return false;
        }
        let public = self.public_url.split("://").nth(1).unwrap_or_default();
        let name = match host.rsplit_once(':') {
            // An IPv6 address has colons of its own, inside its brackets.
            Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        };
        host.eq_ignore_ascii_case(public) || matches!(name, "127.0.0.1" | "localhost" | "[::1]")
    }
}

impl std::ops::Deref for App {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl std::ops::Deref for Shared {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

/// Callers who wait for another one's answer, all keys together: whoever repeats one key must not take
/// the places of those who buy (S12).
const MOST_WAITING: usize = 128;

/// One at a time for each idempotency key: the others wait for the first one's answer (G4).
pub struct Flights {
    turns: Mutex<HashMap<[u8; 32], Arc<tokio::sync::Mutex<()>>>>,
    waiting: Semaphore,
}

impl Default for Flights {
    fn default() -> Self {
        Self { turns: Mutex::default(), waiting: Semaphore::new(MOST_WAITING) }
    }
}

impl Flights {
    /// Waits for one's turn; `None` where it did not come in time, or too many wait already.
    pub async fn enter(&self, key: [u8; 32], patience: Duration) -> Option<OwnedMutexGuard<()>> {
        let turn = {
            let mut flights = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            // Forget those that nobody holds or waits for.
            flights.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(flights.entry(key).or_default())
        };
        if let Ok(turn) = Arc::clone(&turn).try_lock_owned() {
            return Some(turn);
        }
        let _waiting = self.waiting.try_acquire().ok()?;
        tokio::time::timeout(patience, turn.lock_owned()).await.ok()
    }
}

/// News of changed checkouts. Whoever missed some reads the store instead.
pub struct Changes(broadcast::Sender<String>);

impl Default for Changes {
    fn default() -> Self {
        Self(broadcast::Sender::new(1_024))
    }
}

impl Changes {
    /// Says that a checkout has changed.
    pub fn publish(&self, checkout: &str) {
        // Nobody may be watching.
        drop(self.0.send(checkout.to_owned()));
    }

    /// Hears of every change from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<String> {
        self.0.subscribe()
    }
}
