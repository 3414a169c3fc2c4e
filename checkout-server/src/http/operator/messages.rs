//! Events and messages: lists, each one by itself, and the buttons that send again.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use checkout_types::delivery::{Delivery, DeliveryState};
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::door::Watching;
use super::view::render;
use super::{back, form, frame};
use crate::app::App;
use crate::error::{Code, Problem};
use crate::http::listing::Asked;
use crate::http::{deliveries, events as event_list};
use crate::store::lists::{EventFilter, MessageFilter};

/// The states that have a tab, what is wrong first.
const TABS: [&str; 6] = ["dead", "parked", "queued", "leased", "delivered", "canceled"];

pub(super) async fn list(
    _: Watching,
    State(app): State<App>,
    mut asked: Asked,
    request: Request,
) -> Result<Response, Problem> {
    let state = asked.choice("state", &DeliveryState::ALL, DeliveryState::as_str)?;
    asked.forget("replayed");
    let sliced = asked.slice(&app.keys.cursors, "operator/messages")?;
    let filter = MessageFilter { state, ..MessageFilter::default() };
    let rows = app.store.messages(filter, sliced.slice.clone()).await?;
    let page = sliced.page(rows, |row| row.seq, deliveries::shown);
    let next = page.next_cursor.map(|cursor| match state {
        Some(state) => format!("/messages?state={}&cursor={cursor}", state.as_str()),
        None => format!("/messages?cursor={cursor}"),
    });
    let context = context! {
        deliveries => Serde(page.items),
        next,
        states => TABS,
        state => state.map(DeliveryState::as_str),
        ..frame(&app, "messages", &request)
    };
    render("operator/messages.html", context)
}

pub(super) async fn show(
    _: Watching,
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let detail = deliveries::detail(&app, &id).await?;
    let context = context! {
        says => says(&detail.delivery),
        delivery => Serde(detail.delivery),
        body => detail.body.map(pretty),
        ..frame(&app, "messages", &request)
    };
    render("operator/message.html", context)
}

/// What the state means for whoever looks at it.
fn says(delivery: &Delivery) -> &'static str {
    match delivery.state {
        DeliveryState::Queued if delivery.attempts == 0 => "It waits for its turn.",
        DeliveryState::Queued => "It will be tried again by itself, for three days.",
        DeliveryState::Leased => "It is being sent right now.",
        DeliveryState::Delivered if delivery.channel == "email" => {
            "It arrived. Sent again, the customer gets it a second time."
        }
        DeliveryState::Delivered => "It arrived. Sent again, it has the same id: an endpoint that has it drops it.",
        DeliveryState::Parked => "The endpoint refuses this message and takes others. Mend it, then send it again.",
        DeliveryState::Dead => "It was tried for three days and given up. Mend the receiver, then send it again.",
        DeliveryState::Canceled => "It was taken back: what happened since made it wrong, or its receiver is gone.",
    }
}

pub(super) async fn events(
    _: Watching,
    State(app): State<App>,
    asked: Asked,
    request: Request,
) -> Result<Response, Problem> {
    let sliced = asked.slice(&app.keys.cursors, "operator/events")?;
    let rows = app.store.events(EventFilter::default(), sliced.slice.clone()).await?;
    let page = sliced.page(rows, |row| row.seq, event_list::shown);
    let next = page.next_cursor.map(|cursor| format!("/events?cursor={cursor}"));
    let context = context! { events => Serde(page.items), next, ..frame(&app, "events", &request) };
    render("operator/events.html", context)
}

pub(super) async fn event(
    _: Watching,
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let detail = event_list::detail(&app, &id).await?;
    let context = context! {
        event => Serde(detail.event),
        deliveries => Serde(detail.deliveries),
        body => pretty(detail.body),
        ..frame(&app, "events", &request)
    };
    render("operator/event.html", context)
}

fn pretty(body: serde_json::Value) -> Value {
    serde_json::to_string_pretty(&body).unwrap_or_default().into()
}

pub(super) async fn replay(
    _: Watching,
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let fields = form(request).await?;
    let replayed = deliveries::replay_message(&app, &id).await?;
    Ok(back(&fields, "/messages", replayed))
}

pub(super) async fn replay_event(
    _: Watching,
    State(app): State<App>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let fields = form(request).await?;
    let replayed = deliveries::replay_event(&app, &id).await?;
    Ok(back(&fields, "/events", replayed))
}

pub(super) async fn replay_all(_: Watching, State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let fields = form(request).await?;
    let state = fields.get("state").and_then(|state| DeliveryState::named(state));
    // Only what is wrong is sent again by the hundred.
    let state = state.filter(|state| matches!(state, DeliveryState::Dead | DeliveryState::Parked));
    let replayed = deliveries::replay_all(&app, state.ok_or(Code::NotFound)?, None, None).await?;
    Ok(back(&fields, "/messages", replayed))
}
