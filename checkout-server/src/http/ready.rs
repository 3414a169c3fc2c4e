//! `GET /readyz`: whether the helper can take orders. It can where its database takes a commit,
//! which a full disk or a lost one does not, however well it reads.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::StatusCode;
use tokio::sync::Mutex;

use crate::app::App;
use crate::clock::Clock;
use crate::provider::skew;

/// A commit costs an fsync: probes that come more often share one.
const FRESH: Duration = Duration::from_secs(3);
/// A disk that takes longer than this for one commit does not serve buyers.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a failed commit counts, though a smaller one went well.
const RECENTLY: Duration = Duration::from_secs(10);

/// The last look at the disk. Clones share it.
#[derive(Clone)]
pub(super) struct Readiness {
    app: App,
    last: Arc<Mutex<Option<(Instant, bool)>>>,
}

impl Readiness {
    pub(super) fn new(app: App) -> Self {
        Self { app, last: Arc::default() }
    }

    async fn holds(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some((at, held)) = *last
            && at.elapsed() < FRESH
        {
            return held;
        }
        let store = &self.app.store;
        let proven = tokio::time::timeout(PATIENCE, store.prove()).await;
        let held = matches!(proven, Ok(Ok(()))) && !store.failed_within(RECENTLY);
        if !held {
            tracing::error!("the database takes no commit: is the disk full?");
        }
        *last = Some((Instant::now(), held));
        held
    }
}

pub(super) async fn show(State(readiness): State<Readiness>) -> (StatusCode, String) {
    if readiness.app.stopping.is_cancelled() || !readiness.holds().await {
        return (StatusCode::SERVICE_UNAVAILABLE, "not ready\n".to_owned());
    }
    // No payment would be heard of (G21).
    if let Some(skew) = skew::harmful(Clock::wall()) {
        let apart = skew.abs().as_secs();
        let says = format!("not ready: clock skew: the provider's clock and ours are {apart} seconds apart (NTP?)\n");
        return (StatusCode::SERVICE_UNAVAILABLE, says);
    }
    (StatusCode::OK, "ready\n".to_owned())
}
