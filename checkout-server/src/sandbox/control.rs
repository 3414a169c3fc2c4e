//! The control API of tests and demos, `/control/…`: no key, so for loopback listeners alone.

mod subscriptions;

use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, Request, State as Ctx};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use axum::{Json, Router, middleware};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Sandbox;
use super::cards::{self, Expiry};
use super::disputes;
use super::error::{ApiError, ApiResult};
use super::pay::{self, Buyer};
use super::refunds;
use super::scenario::{self, ScenarioChange};
use super::webhooks::Subject;
use crate::clock::rfc3339;

/// Its routes.
pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/control/sessions/{id}/pay", post(pay))
        .route("/control/payments/{id}/settle", post(settle))
        .route("/control/payments/{id}/dispute", post(disputes::open))
        .route("/control/disputes/{id}/move", post(disputes::go))
        .route("/control/refunds/{id}/settle", post(refunds::settle))
        .route("/control/subscriptions/{id}/decline-next", post(subscriptions::decline_next))
        .route("/control/subscriptions/{id}/decline_next", post(subscriptions::decline_next))
        .route("/control/subscriptions/{id}/renew", post(subscriptions::renew))
        .route("/control/subscriptions/{id}/expire", post(subscriptions::expire))
        .route("/control/subscriptions/{id}/bill-usage", post(subscriptions::bill_usage))
        .route("/control/subscriptions/{id}/mend", post(subscriptions::mend))
        .route("/control/clock/advance", post(advance))
        .route("/control/scenario", get(get_scenario).put(put_scenario).delete(delete_scenario))
        .route("/control/state", get(get_state))
        .route("/control/deliveries/{webhook_id}/redeliver", post(redeliver))
        .route("/control/deliveries/release", post(release))
        .route("/control/webhooks/send", post(send))
        .route("/control/emit", post(send))
        .route("/control/webhooks/endpoint", put(put_endpoint))
        .layer(middleware::from_fn(from_here))
}

/// A year and a bit: a clock that is moved further is a mistake.
const FURTHEST: u64 = 400 * 24 * 60 * 60;

/// Reads a body.
///
/// # Errors
/// 422 with what is wrong with it, an unknown field too.
pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> ApiResult<T> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| ApiError::body(error.to_string()))
}

/// Only whoever is on this machine orders the sandbox about: a page of another site in this
/// machine's browser is not.
pub(crate) async fn from_here(request: Request, next: Next) -> Response {
    if is_from_here(request.headers()) {
        return next.run(request).await;
    }
    let message = "the control API answers programs on this machine, not web pages".into();
    ApiError { status: StatusCode::FORBIDDEN, code: "FORBIDDEN", message }.into_response()
}

fn is_from_here(headers: &HeaderMap) -> bool {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let is_local = |host: &str| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        matches!(name, "127.0.0.1" | "localhost" | "[::1]")
    };
    let origin = header(ORIGIN);
    header(HOST).is_some_and(is_local)
        && origin.is_none_or(|origin| origin.split_once("://").is_some_and(|(_, host)| is_local(host)))
}

/// What a challenge ends in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Challenge {
    Approve,
    Fail,
}

impl Challenge {
    /// What it means for the payment.
    pub(crate) fn outcome(self) -> Result<(), cards::Failure> {
        match self {
            Self::Approve => Ok(()),
            Self::Fail => Err(cards::NOT_AUTHENTICATED),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayBody {
    card: String,
    three_ds: Option<Challenge>,
    expiry: Option<String>,
    email: Option<String>,
    name: Option<String>,
}

/// `POST /control/sessions/{id}/pay`: what a buyer does on the payment page.
pub(crate) async fn pay(
    Ctx(sandbox): Ctx<Sandbox>,
    Path(session_id): Path<String>,
    bytes: Bytes,
) -> ApiResult<Json<Value>> {
    let PayBody { card, three_ds, expiry, email, name } = read(&bytes)?;
    let card =
        cards::find(&card).ok_or_else(|| ApiError::body("card is one of the test cards, such as 4242424242424242"))?;
    let expiry = expiry.map(|text| Expiry::parse(&text).ok_or_else(|| ApiError::body("expiry is like 06/32")));
    let buyer = Buyer { email, name, expiry: expiry.transpose()?, ..Buyer::default() };
    let (payment_id, status) = sandbox.pay(&session_id, card, buyer, three_ds)?;
    Ok(Json(json!({ "payment_id": payment_id, "status": status })))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Succeed,
    Fail,
    Cancel,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettleBody {
    outcome: Outcome,
}

/// `POST /control/payments/{id}/settle`: ends a payment that is processing or challenged.
pub(crate) async fn settle(
    Ctx(sandbox): Ctx<Sandbox>,
    Path(payment_id): Path<String>,
    bytes: Bytes,
) -> ApiResult<Json<Value>> {
    let SettleBody { outcome } = read(&bytes)?;
    let outcome = match outcome {
        Outcome::Succeed => Ok(()),
        Outcome::Fail => Err(cards::PROCESSING_ERROR),
        Outcome::Cancel => Err(cards::CANCELLED),
    };
    pay::settle(&mut sandbox.state(), &payment_id, outcome, sandbox.now())?;
    sandbox.wake();
    Ok(Json(json!({ "payment_id": payment_id, "status": sandbox.payment_status(&payment_id) })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdvanceBody {
    seconds: u64,
}

/// `POST /control/clock/advance`: stops at each moment that something happens, until it was told.
pub(crate) async fn advance(Ctx(sandbox): Ctx<Sandbox>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let AdvanceBody { seconds } = read(&bytes)?;
    if seconds > FURTHEST {
        return Err(ApiError::body("seconds is at most 400 days"));
    }
    sandbox.advance(Duration::from_secs(seconds)).await;
    Ok(Json(json!({ "now": rfc3339(sandbox.now()) })))
}

/// `GET /control/scenario`
pub(crate) async fn get_scenario(Ctx(sandbox): Ctx<Sandbox>) -> Json<Value> {
    Json(sandbox.state().scenario.wire())
}

/// `PUT /control/scenario`: what is named changes, the rest stays.
pub(crate) async fn put_scenario(Ctx(sandbox): Ctx<Sandbox>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let change: ScenarioChange = read(&bytes)?;
    let mut state = sandbox.state();
    scenario::apply(&mut state, change)?;
    Ok(Json(state.scenario.wire()))
}

/// `DELETE /control/scenario`
pub(crate) async fn delete_scenario(Ctx(sandbox): Ctx<Sandbox>) -> Json<Value> {
    let mut state = sandbox.state();
    scenario::reset(&mut state);
    Json(state.scenario.wire())
}

/// `GET /control/state`
pub(crate) async fn get_state(Ctx(sandbox): Ctx<Sandbox>) -> Json<Value> {
    Json(sandbox.state_json())
}

/// `POST /control/deliveries/{webhook_id}/redeliver`: once, at once, whatever came of it before.
pub(crate) async fn redeliver(
    Ctx(sandbox): Ctx<Sandbox>,
    Path(webhook_id): Path<String>,
) -> ApiResult<(StatusCode, Json<Value>)> {
    let now = sandbox.now();
    let mut state = sandbox.state();
    if state.outbox.deliveries.get(&webhook_id).is_none() {
        return Err(ApiError::not_found("delivery"));
    }
    state.outbox.plan(&webhook_id, now, false);
    drop(state);
    sandbox.wake();
    Ok((StatusCode::ACCEPTED, Json(json!({ "webhook_id": webhook_id }))))
}

/// `POST /control/deliveries/release`: what is held goes out, the newest first, one by one.
pub(crate) async fn release(Ctx(sandbox): Ctx<Sandbox>) -> (StatusCode, Json<Value>) {
    let released = sandbox.state().outbox.release();
    sandbox.wake();
    (StatusCode::ACCEPTED, Json(json!({ "released": released })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SendBody {
    r#type: String,
    data: Value,
}

/// `POST /control/webhooks/send`: any event, signed like the real ones.
pub(crate) async fn send(Ctx(sandbox): Ctx<Sandbox>, bytes: Bytes) -> ApiResult<(StatusCode, Json<Value>)> {
    let SendBody { r#type: event_type, data } = read(&bytes)?;
    let webhook_id = sandbox.state().emit(&event_type, Subject::Given(data), sandbox.now());
    sandbox.wake();
    Ok((StatusCode::ACCEPTED, Json(json!({ "webhook_id": webhook_id }))))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EndpointBody {
    url: Option<String>,
}

/// `PUT /control/webhooks/endpoint`: where deliveries go from now on; `null` for nowhere.
pub(crate) async fn put_endpoint(Ctx(sandbox): Ctx<Sandbox>, bytes: Bytes) -> ApiResult<Json<Value>> {
    let EndpointBody { url } = read(&bytes)?;
    sandbox.state().outbox.url.clone_from(&url);
    Ok(Json(json!({ "url": url })))
}
