//! The operator's page, on the operations listener: what is wrong first, then what happened lately;
//! search; one customer with all that is theirs; messages, and sending them again. Made on the server,
//! without any script.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header;
use axum::middleware::from_fn;
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::{get, post};
use checkout_types::CheckoutStatus;
use minijinja::value::Serde;
use minijinja::{Value, context};

use super::extract::{body, is_in_utf8};
use super::{checkouts, events};
use crate::app::App;
use crate::clock::{Clock, rfc3339};
use crate::error::{Code, Problem};
use crate::provider::skew;
use crate::store::lists::{CheckoutFilter, Condition, EventFilter, Found, Slice};

mod alarms;
mod customer;
mod door;
mod messages;
mod view;

use door::Watching;
use view::{Named as _, path_of, render};

/// Rows of a list on the overview.
const FEW: u32 = 8;
/// Rows of a list on a page of its own.
const MANY: u32 = 50;
/// Bytes of a form: one text.
const LARGEST_FORM: usize = 4 * 1_024;

/// The pages, and nothing of the rest of the operations listener.
pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/", get(overview))
        .route("/search", post(search))
        .route("/customers/{key}", get(customer::show))
        .route("/checkouts/{id}", get(checkout))
        .route("/needs-review", get(needs_review))
        .route("/paid-twice", get(paid_twice))
        .route("/stuck", get(stuck))
        .route("/events", get(messages::events))
        .route("/events/{id}", get(messages::event))
        .route("/events/{id}/replay", post(messages::replay_event))
        .route("/messages", get(messages::list))
        .route("/messages/replay", post(messages::replay_all))
        .route("/messages/{id}", get(messages::show))
        .route("/messages/{id}/replay", post(messages::replay))
        .layer(from_fn(view::in_words))
        .route("/operator.css", get(view::stylesheet))
}

/// What every page is given.
fn frame(app: &App, page: &'static str, request: &Request) -> Value {
    let query = request.uri().query().unwrap_or_default();
    let replayed = query.split('&').find_map(|pair| pair.strip_prefix("replayed=")?.parse::<u64>().ok());
    context! {
        known => true,
        page,
        here => request.uri().path(),
        now => rfc3339(app.clock.now()),
        test_mode => app.test_mode,
        replayed,
    }
}

async fn overview(_: Watching, State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let now = app.clock.now();
    let condition = app.store.condition().await?;
    let orders = app.store.checkouts(CheckoutFilter::default(), Slice::first(FEW)).await?;
    let happened = app.store.events(EventFilter::default(), Slice::first(FEW)).await?;
    let alarms = alarms::of(&condition, &app.selling.switch(), skew::harmful(Clock::wall()), now);
    let page = context! {
        alarms => Serde(alarms),
        tiles => tiles(&condition),
        checkouts => Serde(orders.into_iter().map(|row| checkouts::listed(row, now)).collect::<Vec<_>>()),
        events => Serde(happened.into_iter().map(events::shown).collect::<Vec<_>>()),
        ..frame(&app, "overview", &request)
    };
    render("operator/overview.html", page)
}

/// How many messages stand where.
fn tiles(condition: &Condition) -> Vec<Value> {
    let says = [
        ("queued", "wait for their turn"),
        ("leased", "are being sent"),
        ("parked", "refused by their endpoint"),
        ("dead", "given up after three days"),
    ];
    let count = |state: &str| -> u64 {
        condition.waiting.iter().filter(|(_, of, _)| of == state).map(|(_, _, count)| count).sum()
    };
    says.into_iter().map(|(state, says)| context! { state, says, count => count(state) }).collect()
}

/// Leads to whose order it is.
async fn checkout(_: Watching, State(app): State<App>, Path(id): Path<String>) -> Result<Response, Problem> {
    let filter = CheckoutFilter { id: Some(id), ..CheckoutFilter::default() };
    let row = app.store.checkouts(filter, Slice::first(1)).await?.pop().ok_or(Code::NotFound)?;
    Ok(Redirect::to(&path_of(&row.checkout.customer)).into_response())
}

async fn needs_review(_: Watching, State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let now = app.clock.now();
    let filter = CheckoutFilter { status: Some((CheckoutStatus::NeedsReview, now)), ..CheckoutFilter::default() };
    let rows = app.store.checkouts(filter, Slice::first(MANY)).await?;
    let page = context! {
        heading => "Orders to be looked at",
        says => "Money came, but not as ordered: another amount, currency, product or payment session, or only a part \
                 of it. Nothing is granted. Compare the payment at the provider with the order.",
        checkouts => Serde(rows.into_iter().map(|row| checkouts::listed(row, now)).collect::<Vec<_>>()),
        ..frame(&app, "", &request)
    };
    render("operator/orders.html", page)
}

async fn paid_twice(_: Watching, State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let now = app.clock.now();
    let rows = app.store.paid_twice().await?;
    let page = context! {
        heading => "Orders that were paid twice",
        says => "Two payments succeeded for one order, for instance in two tabs. Access is given once; give one payment back.",
        checkouts => Serde(rows.into_iter().map(|row| checkouts::listed(row, now)).collect::<Vec<_>>()),
        ..frame(&app, "", &request)
    };
    render("operator/orders.html", page)
}

async fn stuck(_: Watching, State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let rows = app.store.stuck_notices().await?.into_iter().map(|notice| {
        context! {
            kind => notice.kind,
            object => notice.object,
            webhook_id => notice.webhook_id,
            why => notice.why,
            received_at => rfc3339(notice.received_at),
        }
    });
    let page = context! { stuck => rows.collect::<Vec<_>>(), ..frame(&app, "", &request) };
    render("operator/stuck.html", page)
}

/// By POST, so that nobody's e-mail address gets into an address, a history or a proxy's log.
async fn search(_: Watching, State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let frame = frame(&app, "", &request);
    let asked = form(request).await?.remove("q").unwrap_or_default().trim().to_owned();
    // As the addresses of orders are kept.
    let text = crate::customer::mailbox(&asked).unwrap_or_else(|| asked.clone());
    let hits = match app.store.find(&text).await? {
        _ if asked.is_empty() => Vec::new(),
        Found::Event(id) => return Ok(Redirect::to(&format!("/events/{id}")).into_response()),
        Found::Message(id) => return Ok(Redirect::to(&format!("/messages/{id}")).into_response()),
        Found::Customers(customers) => customers,
    };
    if let [(key, _)] = hits.as_slice() {
        return Ok(Redirect::to(&path_of(key)).into_response());
    }
    let hits =
        hits.iter().map(|(key, why)| context! { path => path_of(key), name => key.name(), why => format!("by {why}") });
    render("operator/results.html", context! { asked, hits => hits.collect::<Vec<_>>(), ..frame })
}

/// The fields of a form of ours.
async fn form(request: Request) -> Result<BTreeMap<String, String>, Problem> {
    if !is_in_utf8(request.headers(), "application/x-www-form-urlencoded") {
        return Err(Code::UnsupportedMediaType.into());
    }
    let bytes = body(request, LARGEST_FORM).await?;
    serde_urlencoded::from_bytes(&bytes).map_err(|_| Code::UnknownField.into())
}

/// Back to the page of ours that the button was on, with how many messages are in the queue again.
fn back(fields: &BTreeMap<String, String>, otherwise: &str, replayed: u64) -> Response {
    let is_ours = |path: &&str| {
        path.starts_with('/')
            && !path.starts_with("//")
            && path.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'?' | b'#'))
    };
    let path = fields.get("back").map(String::as_str).filter(is_ours).unwrap_or(otherwise);
    let separator = if path.contains('?') { '&' } else { '?' };
    let to = format!("{path}{separator}replayed={replayed}");
    let mut response = Redirect::to(&to).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, axum::http::HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_leads_back_to_a_page_of_ours_and_nowhere_else() {
        let leads = |to: &str| {
            let fields = BTreeMap::from([("back".to_owned(), to.to_owned())]);
            back(&fields, "/messages", 2).headers()[header::LOCATION].to_str().unwrap().to_owned()
        };
        assert_eq!(leads("/customers/ref%3Aa"), "/customers/ref%3Aa?replayed=2");
        for evil in ["//evil.example", "https://evil.example", "/\\evil.example", "/a?b", "/a b", "", "/a\r\nb: c"] {
            assert_eq!(leads(evil), "/messages?replayed=2", "{evil}");
        }
    }
}
