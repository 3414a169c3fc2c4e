//! `POST /v1/checkouts` and what a page asks of a checkout afterwards.

use std::convert::Infallible;
use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use checkout_types::checkout::{CreatedCheckout, ListedCheckout, MerchantCheckout};
use checkout_types::{self as types, Checkout, CheckoutRequest, CheckoutStatus};
use futures_util::{Stream, StreamExt as _, stream};
use jiff::Timestamp;
use tokio::sync::broadcast;

use super::extract::{IdempotencyKey, Json};
use super::listing::{Asked, Reader, reference};
use super::visitor::Paced;
use super::who::{Page, Readable};
use crate::abuse::{Visitor, Watch};
use crate::app::App;
use crate::checkout::{canceled, failure, status_at};
use crate::clock::rfc3339;
use crate::error::Problem;
use crate::ordering::{self, Made};
use crate::store::StoredCheckout;
use crate::store::lists::{self, CheckoutFilter};

pub(super) async fn create(
    _: Page,
    State(app): State<App>,
    IdempotencyKey(key): IdempotencyKey,
    visitor: Visitor,
    Json(request): Json<CheckoutRequest>,
) -> Result<Response, Problem> {
    let Made { checkout, session, replayed } = ordering::order(&app, &visitor, &key, request).await?;
    let created = CreatedCheckout {
        client_secret: app.keys.client_secret(&checkout.id),
        // As it was then: a replay has the same bytes, whatever has happened since (G3).
        status: CheckoutStatus::Open,
        url: session.url,
        expires_at: rfc3339(checkout.expires_at),
        id: checkout.id,
    };
    let mut response = (StatusCode::CREATED, Answer(created)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if replayed {
        response.headers_mut().insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// Whose order it is, is for the merchant's own server alone.
pub(super) async fn show(State(app): State<App>, readable: Readable, _: Paced) -> Answer<MerchantCheckout> {
    let Readable { checkout, by_merchant } = readable;
    let customer_reference = checkout.customer.reference().filter(|_| by_merchant).map(str::to_owned);
    Answer(MerchantCheckout { checkout: shown(&app, checkout), customer_reference })
}

/// The list, for whoever may read all of them.
pub(super) async fn list<R: Reader>(
    _: R,
    State(app): State<App>,
    mut asked: Asked,
) -> Result<Answer<types::listing::Page<ListedCheckout>>, Problem> {
    let now = app.clock.now();
    let filter = CheckoutFilter {
        status: asked.choice("status", &CheckoutStatus::ALL, CheckoutStatus::as_str)?.map(|status| (status, now)),
        customer: asked.filter("reference", reference)?,
        id: None,
    };
    let sliced = asked.slice(&app.keys.cursors, "checkouts")?;
    let rows = app.store.checkouts(filter, sliced.slice.clone()).await?;
    Ok(Answer(sliced.page(rows, |row| row.checkout.id.clone(), |row| listed(row, now))))
}

/// A checkout in a list.
pub(super) fn listed(row: lists::ListedCheckout, now: Timestamp) -> ListedCheckout {
    let status = row.status(now);
    let lists::ListedCheckout { checkout, payment, paid_twice, changed_at } = row;
    ListedCheckout {
        id: checkout.id,
        status,
        total: checkout.order.total,
        items: checkout.order.items,
        // Whose it is now: it may have been claimed since.
        customer_reference: checkout.customer.reference().map(str::to_owned),
        payment,
        paid_twice,
        error_code: checkout.error_code,
        created_at: rfc3339(checkout.created_at),
        expires_at: rfc3339(checkout.expires_at),
        changed_at: rfc3339(changed_at),
    }
}

/// What its page may know of a checkout.
pub(super) fn shown(app: &App, checkout: StoredCheckout) -> Checkout {
    let status = status_at(checkout.status, checkout.expires_at, app.clock.now());
    let error_code = checkout.error_code.as_deref();
    let failure = match status {
        CheckoutStatus::Failed => Some(failure(error_code)),
        CheckoutStatus::Canceled => Some(error_code.map_or_else(canceled, |code| failure(Some(code)))),
        _ => None,
    };
    Checkout {
        id: checkout.id,
        status,
        total: checkout.order.total,
        url: checkout.session.filter(|_| status.is_payable()).map(|session| session.url),
        expires_at: rfc3339(checkout.expires_at),
        failure,
        items: checkout.order.items,
    }
}

/// Server-sent events: the present state at once, then each change, until nothing more will come.
pub(super) async fn follow(
    State(app): State<App>,
    Readable { checkout, .. }: Readable,
    _: Paced,
) -> Result<Response, Problem> {
    let watch = app.abuse.admit_watch(&checkout.id)?;
    // Before the state is read again, so that no change falls in between.
    let changes = app.changes.subscribe();
    let events = states(app, checkout.id, changes, watch).map(|state| {
        let data = serde_json::to_string(&state).unwrap_or_default();
        Ok::<_, Infallible>(Event::default().event("checkout").data(data))
    });
    let keep_alive = KeepAlive::new().interval(Duration::from_secs(15));
    let mut response = Sse::new(events).keep_alive(keep_alive).into_response();
    // Proxies that collect answers would hold the news back.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

/// Where one watcher of a checkout is.
struct Watcher {
    app: App,
    id: String,
    changes: broadcast::Receiver<String>,
    last: Option<Checkout>,
    /// Counts as one of those who watch it.
    _watch: Watch,
}

fn states(app: App, id: String, changes: broadcast::Receiver<String>, watch: Watch) -> impl Stream<Item = Checkout> {
    stream::unfold(Watcher { app, id, changes, last: None, _watch: watch }, async |mut watcher| {
        if watcher.last.as_ref().is_some_and(|last| last.status.is_final()) {
            return None;
        }
        loop {
            let stored = watcher.app.store.checkout(&watcher.id).await.ok()??;
            let expires_at = stored.expires_at;
            let state = shown(&watcher.app, stored);
            if watcher.last.as_ref() != Some(&state) {
                watcher.last = Some(state.clone());
                return Some((state, watcher));
            }
            watcher.wait(expires_at).await?;
        }
    })
}

impl Watcher {
    /// Until this checkout may look different; `None` when the helper stops.
    async fn wait(&mut self, expires_at: jiff::Timestamp) -> Option<()> {
        let expired = crate::checkout::expires_for_good(expires_at);
        let open = self.app.clock.now() < expired;
        loop {
            tokio::select! {
                () = self.app.stopping.cancelled() => return None,
                () = self.app.clock.sleep_until(expired), if open => return Some(()),
                change = self.changes.recv() => match change {
                    Ok(changed) if changed != self.id => {}
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return Some(()),
                    Err(broadcast::error::RecvError::Closed) => return None,
                },
            }
        }
    }
}
