//! `/v1/events`: what happened, in our words.

use axum::Json as Answer;
use axum::extract::{Path, State};
use checkout_types::delivery::Delivery;
use checkout_types::event::Event;
use checkout_types::listing::{Page, Replayed};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::deliveries;
use super::listing::{Asked, Reader, customer, reference, time};
use crate::announcement::Kind;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::{Code, Problem};
use crate::store::lists::{EventFilter, MessageFilter, Slice, StoredEvent};

/// More messages than any event has: one for each endpoint and mail.
const MOST_MESSAGES: u32 = 100;

/// An event with all that it says.
#[derive(Serialize, ToSchema)]
pub(super) struct EventDetail {
    #[serde(flatten)]
    pub(super) event: Event,
    /// What endpoints are told, but for its `sequence`, which each has of its own.
    #[schema(value_type = Object)]
    pub(super) body: Value,
    /// To whom it was told, newest first.
    pub(super) deliveries: Vec<Delivery>,
}

pub(super) async fn list<R: Reader>(
    _: R,
    State(app): State<App>,
    mut asked: Asked,
) -> Result<Answer<Page<Event>>, Problem> {
    let filter = EventFilter {
        kind: asked.choice("type", &Kind::ALL, Kind::as_str)?,
        customer: asked.filter("reference", reference)?,
        since: asked.filter("since", time)?,
        until: asked.filter("until", time)?,
    };
    let sliced = asked.slice(&app.keys.cursors, "events")?;
    let rows = app.store.events(filter, sliced.slice.clone()).await?;
    Ok(Answer(sliced.page(rows, |row| row.seq, shown)))
}

pub(super) async fn show<R: Reader>(
    _: R,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer<EventDetail>, Problem> {
    detail(&app, &id).await.map(Answer)
}

/// The event with that id.
pub(super) async fn detail(app: &App, id: &str) -> Result<EventDetail, Problem> {
    let (event, body) = app.store.event(id).await?.ok_or(Code::NotFound)?;
    let filter = MessageFilter { event: Some(id.to_owned()), ..MessageFilter::default() };
    let messages = app.store.messages(filter, Slice::first(MOST_MESSAGES)).await?;
    let body = serde_json::from_str(&body).unwrap_or_default();
    Ok(EventDetail { event: shown(event), body, deliveries: messages.into_iter().map(deliveries::shown).collect() })
}

pub(super) async fn replay<R: Reader>(
    _: R,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer<Replayed>, Problem> {
    let replayed = deliveries::replay_event(&app, &id).await?;
    Ok(Answer(Replayed { replayed }))
}

/// An event on the wire.
pub(super) fn shown(event: StoredEvent) -> Event {
    let StoredEvent { seq: _, id, kind, customer: whose, object, created_at } = event;
    Event { id, kind, customer: customer(&whose), object, created_at: rfc3339(created_at) }
}
