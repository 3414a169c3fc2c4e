//! `/v1/deliveries`: messages to endpoints and mails, how they fare, and sending them again.

use axum::Json as Answer;
use axum::extract::{Path, State};
use checkout_types::delivery::{Delivery, DeliveryState, ReplayRequest};
use checkout_types::listing::{Page, Replayed};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::extract::Json;
use super::listing::{Asked, Reader, customer, id, reference, time};
use crate::announcement::Kind;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::{Code, Problem};
use crate::outbox::webhook;
use crate::store::Replay;
use crate::store::lists::{MessageFilter, StoredMessage};

/// A message with what it says.
#[derive(Serialize, ToSchema)]
pub(super) struct DeliveryDetail {
    #[serde(flatten)]
    pub(super) delivery: Delivery,
    /// What the endpoint is sent. `null` for mails, which are written when they are sent.
    #[schema(value_type = Option<Object>)]
    pub(super) body: Option<Value>,
}

pub(super) async fn list<R: Reader>(
    _: R,
    State(app): State<App>,
    mut asked: Asked,
) -> Result<Answer<Page<Delivery>>, Problem> {
    let filter = MessageFilter {
        state: asked.choice("state", &DeliveryState::ALL, DeliveryState::as_str)?,
        target: asked.filter("target", id)?,
        kind: asked.choice("type", &Kind::ALL, Kind::as_str)?,
        customer: asked.filter("reference", reference)?,
        event: asked.filter("event", id)?,
        since: asked.filter("since", time)?,
    };
    let sliced = asked.slice(&app.keys.cursors, "deliveries")?;
    let rows = app.store.messages(filter, sliced.slice.clone()).await?;
    Ok(Answer(sliced.page(rows, |row| row.seq, shown)))
}

pub(super) async fn show<R: Reader>(
    _: R,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer<DeliveryDetail>, Problem> {
    detail(&app, &id).await.map(Answer)
}

/// The message with that id.
pub(super) async fn detail(app: &App, id: &str) -> Result<DeliveryDetail, Problem> {
    let (message, body) = app.store.message(id).await?.ok_or(Code::NotFound)?;
    let is_webhook = message.channel == "webhook";
    let sent = is_webhook.then(|| webhook::body(&body, message.sequence));
    let body = sent.and_then(|sent| serde_json::from_str(&sent).ok());
    Ok(DeliveryDetail { delivery: shown(message), body })
}

pub(super) async fn replay<R: Reader>(
    _: R,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer<Replayed>, Problem> {
    Ok(Answer(Replayed { replayed: replay_message(&app, &id).await? }))
}

/// Puts one message into the queue again.
pub(super) async fn replay_message(app: &App, id: &str) -> Result<u64, Problem> {
    app.store.message(id).await?.ok_or(Code::NotFound)?;
    put_back(app, Replay::Message(id.to_owned())).await
}

/// The same for all messages of an event.
pub(super) async fn replay_event(app: &App, id: &str) -> Result<u64, Problem> {
    app.store.event(id).await?.ok_or(Code::NotFound)?;
    put_back(app, Replay::Event(id.to_owned())).await
}

pub(super) async fn replay_many<R: Reader>(
    _: R,
    State(app): State<App>,
    Json(ReplayRequest { state, target, since }): Json<ReplayRequest>,
) -> Result<Answer<Replayed>, Problem> {
    if matches!(state, DeliveryState::Queued | DeliveryState::Leased) {
        let ended = ["delivered", "parked", "dead", "canceled"];
        return Err(Problem::none_of(Code::FilterInvalid, "/state", state.as_str(), &ended));
    }
    let bad = |name: &str| Problem::at(Code::FilterInvalid, name);
    let endpoint = target.map(|target| id(&target).ok_or_else(|| bad("/target"))).transpose()?;
    let since = since.map(|since| time(&since).ok_or_else(|| bad("/since"))).transpose()?;
    Ok(Answer(Replayed { replayed: replay_all(&app, state, endpoint, since).await? }))
}

/// The same for all messages of a state to endpoints. Mails are sent again one by one.
pub(super) async fn replay_all(
    app: &App,
    state: DeliveryState,
    endpoint: Option<String>,
    since: Option<Timestamp>,
) -> Result<u64, Problem> {
    // What went wrong is told again whole; what arrived is all of history.
    if state == DeliveryState::Delivered && since.is_none() {
        return Err(Problem::at(Code::Required, "/since"));
    }
    let from = since.unwrap_or(Timestamp::UNIX_EPOCH);
    put_back(app, Replay::Range { endpoint, from, until: Timestamp::MAX, states: vec![state.as_str()] }).await
}

/// Done to the end, also when the caller hangs up.
async fn put_back(app: &App, what: Replay) -> Result<u64, Problem> {
    let replaying = {
        let app = app.clone();
        async move {
            let endpoints = app.endpoints.iter().map(|endpoint| endpoint.id.clone()).collect();
            app.store.replay(what, endpoints, app.clock.now()).await
        }
    };
    Ok(counted(app.finish(replaying).await?? as u64))
}

fn counted(replayed: u64) -> u64 {
    metrics::counter!("checkout_replayed_total").increment(replayed);
    replayed
}

/// A message on the wire.
pub(super) fn shown(message: StoredMessage) -> Delivery {
    let StoredMessage {
        seq: _,
        id,
        event,
        kind,
        channel,
        target,
        customer: whose,
        sequence,
        state,
        attempts,
        due_at,
        status_code,
        error,
        created_at,
        finished_at,
    } = message;
    let waits = matches!(state, DeliveryState::Queued | DeliveryState::Leased);
    Delivery {
        id,
        event,
        kind,
        channel,
        target,
        customer: customer(&whose),
        sequence,
        state,
        attempts,
        due_at: due_at.filter(|_| waits).map(rfc3339),
        status_code,
        error,
        created_at: rfc3339(created_at),
        finished_at: finished_at.map(rfc3339),
    }
}
