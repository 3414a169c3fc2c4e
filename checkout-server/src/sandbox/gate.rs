//! What every API request passes before its handler: it is counted, meets the scenario's faults,
//! shows its key and is held against the rate limit.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State as Ctx};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

use super::Sandbox;
use super::error::ApiError;
use super::scenario::Outage;
use super::state::State;

/// Requests a minute, where no scenario says otherwise: out of the way of a benchmark.
const GENEROUS: u64 = 1_000_000;

/// How long `timeout` stays silent: longer than any client waits.
const SILENCE: Duration = Duration::from_mins(1);

/// The layer around the API's routes.
pub(crate) async fn pass(Ctx(sandbox): Ctx<Sandbox>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str);
    let route = format!("{} {route}", request.method());
    let (outage, latency) = {
        let mut state = sandbox.state();
        let outage = state.scenario.strike(&route);
        // A connection that is refused has asked for nothing.
        if outage != Outage::Refuse {
            *state.requests.entry(route).or_default() += 1;
        }
        (outage, Duration::from_millis(state.scenario.latency_ms))
    };
    match outage {
        Outage::None | Outage::DropReply => {}
        Outage::Refuse => return hang_up(),
        Outage::Error500 => return server_error().into_response(),
        Outage::Timeout => {
            tokio::time::sleep(SILENCE).await;
            return hang_up();
        }
    }
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let answer = admitted(&sandbox, request, next).await;
    if outage == Outage::DropReply { hang_up() } else { answer }
}

async fn admitted(sandbox: &Sandbox, request: Request, next: Next) -> Response {
    if !knows_key(request.headers(), &sandbox.config().api_key) {
        let message = "API key missing, unknown or lacking scope".into();
        return ApiError { status: StatusCode::UNAUTHORIZED, code: "UNAUTHORIZED", message }.into_response();
    }
    let Limit { most, left, resets_at } = count(&mut sandbox.state(), sandbox.now());
    let mut answer = match left {
        None => {
            let message = "Slow down".into();
            ApiError { status: StatusCode::TOO_MANY_REQUESTS, code: "TOO_MANY_REQUESTS", message }.into_response()
        }
        Some(_) => next.run(request).await,
    };
    let headers = answer.headers_mut();
    headers.insert("x-ratelimit-limit", HeaderValue::from(most));
    headers.insert("x-ratelimit-remaining", HeaderValue::from(left.unwrap_or(0)));
    headers.insert("x-ratelimit-reset", HeaderValue::from(resets_at.as_second()));
    answer
}

fn knows_key(headers: &HeaderMap, api_key: &str) -> bool {
    let given = headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    given.is_some_and(|given| given.ct_eq(api_key.as_bytes()).into())
}

struct Limit {
    most: u64,
    /// `None` when this request is one too many.
    left: Option<u64>,
    resets_at: Timestamp,
}

/// Counts a request against the present minute of the sandbox's clock.
fn count(state: &mut State, now: Timestamp) -> Limit {
    let most = state.scenario.rate_limit.unwrap_or(GENEROUS);
    let (resets_at, before) = state
        .window
        .filter(|(end, _)| *end > now)
        .unwrap_or_else(|| (now.checked_add(SignedDuration::from_mins(1)).unwrap_or(now), 0));
    let used = before.saturating_add(1);
    state.window = Some((resets_at, used));
    Limit { most, left: most.checked_sub(used), resets_at }
}

fn server_error() -> ApiError {
    let message = "Unexpected failure".into();
    ApiError { status: StatusCode::INTERNAL_SERVER_ERROR, code: "INTERNAL_SERVER_ERROR", message }
}

/// An answer whose body fails before its first byte: the server closes the connection without
/// having written anything.
fn hang_up() -> Response {
    let broken = futures_util::stream::once(async { Err::<&'static [u8], _>(std::io::Error::other("hung up")) });
    Response::new(Body::from_stream(broken))
}
