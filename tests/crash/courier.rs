//! The courier's office: takes every webhook of the sandbox at once and keeps it, as it was signed, until
//! couriers have handed it over. So the sandbox never waits for a helper that is dead, and what the helper
//! gets is shuffled and repeated as the seed says.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use checkout_server::clock::Clock;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;

/// Signatures older than this are not handed over any more: the provider is asked for a new one, with the
/// newest state of the object, as it does itself when it tries again. In seconds; the tolerance is 300.
const STALE: i64 = 200;

/// A webhook as it was signed.
#[derive(Clone, Debug)]
pub(crate) struct Parcel {
    /// `webhook-id`
    pub(crate) id: String,
    /// `webhook-timestamp`
    pub(crate) timestamp: String,
    /// `webhook-signature`
    pub(crate) signature: String,
    /// As it came.
    pub(crate) body: Bytes,
    /// Whether it was handed over before.
    pub(crate) again: bool,
}

impl Parcel {
    /// What tells it from every other one: its id and its body, as the inbox sees it.
    pub(crate) fn key(&self) -> String {
        key(&self.id, &self.body)
    }

    /// Whether it was signed too long ago to be believed.
    pub(crate) fn is_stale(&self) -> bool {
        self.timestamp.parse::<i64>().is_ok_and(|signed| Clock::wall().as_second() - signed > STALE)
    }
}

/// What tells a delivery from every other one.
pub(crate) fn key(id: &str, body: &[u8]) -> String {
    use std::fmt::Write as _;
    Sha256::digest(body).iter().fold(format!("{id} "), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a text takes text");
        text
    })
}

#[derive(Default)]
struct Inside {
    waiting: Mutex<Vec<Parcel>>,
    /// Each distinct one.
    seen: Mutex<HashSet<String>>,
    carried: AtomicUsize,
    came: AtomicU64,
}

/// The office. Clones share it.
#[derive(Clone)]
pub(crate) struct Office {
    url: String,
    inside: Arc<Inside>,
}

impl Office {
    /// One on a free port.
    pub(crate) async fn open(stop: CancellationToken) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/courier", listener.local_addr().expect("it is bound"));
        let office = Self { url, inside: Arc::default() };
        let router = Router::new().route("/courier", post(take)).with_state(office.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                _ = axum::serve(listener, router) => {}
            }
        });
        office
    }

    /// Where the sandbox sends its webhooks to.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// One of those that wait; it counts as carried until [`Self::give_back`] or [`Self::done`].
    pub(crate) fn pick(&self, chance: &mut Chance) -> Option<Parcel> {
        let mut waiting = lock(&self.inside.waiting);
        let place = chance.place(waiting.len())?;
        self.inside.carried.fetch_add(1, Ordering::SeqCst);
        Some(waiting.swap_remove(place))
    }

    /// It was not acknowledged, or is to be handed over once more.
    pub(crate) fn give_back(&self, parcel: Parcel) {
        lock(&self.inside.waiting).push(parcel);
        self.done();
    }

    /// It was acknowledged, or a newer one was asked for.
    pub(crate) fn done(&self) {
        self.inside.carried.fetch_sub(1, Ordering::SeqCst);
    }

    /// How many are not acknowledged.
    pub(crate) fn open_ends(&self) -> usize {
        let waiting = lock(&self.inside.waiting);
        waiting.len() + self.inside.carried.load(Ordering::SeqCst)
    }

    /// Whether one with that id and that body ever came from the provider.
    pub(crate) fn has_seen(&self, key: &str) -> bool {
        lock(&self.inside.seen).contains(key)
    }

    /// How many came.
    pub(crate) fn came(&self) -> u64 {
        self.inside.came.load(Ordering::SeqCst)
    }
}

async fn take(State(office): State<Office>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let parcel = Parcel {
        id: text("webhook-id"),
        timestamp: text("webhook-timestamp"),
        signature: text("webhook-signature"),
        body,
        again: false,
    };
    office.inside.came.fetch_add(1, Ordering::SeqCst);
    lock(&office.inside.seen).insert(parcel.key());
    lock(&office.inside.waiting).push(parcel);
    StatusCode::OK
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
