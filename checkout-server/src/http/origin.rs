//! Where a request comes from and goes to: CORS for the browser routes (S6), our own host names,
//! and paths that two readers could understand differently.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::extract::one;
use super::pages;
use crate::app::App;
use crate::error::{Code, Problem};

const METHODS: &str = "GET, POST";
const HEADERS: &str = "authorization, checkout-proof, content-type, idempotency-key, last-event-id";
/// What a page's script may read of an answer.
const EXPOSED: &str = "idempotent-replayed, retry-after, x-request-id";

/// Answers preflights, and lets listed pages read the answers; others get none. Whether a caller
/// that names no page may ask is for `who::Page` to say.
pub(super) async fn cors(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let named = headers.contains_key(header::ORIGIN);
    let listed = listed(&app, headers);
    let is_preflight = request.method() == Method::OPTIONS && named;
    // Before the body is read: another page gets no work done.
    if (named && listed.is_none()) || (is_preflight && !is_fitting(headers)) {
        return varying(Problem::from(Code::OriginNotAllowed).into_response());
    }
    let response = if is_preflight { preflight() } else { next.run(request).await };
    let mut response = varying(response);
    let_read(&mut response, listed);
    response
}

/// The page that asks, where it is one of ours.
pub(super) fn listed(app: &App, headers: &HeaderMap) -> Option<HeaderValue> {
    let listed = one(headers, &header::ORIGIN).ok().flatten().filter(|origin| app.allows(origin));
    listed.and_then(|origin| HeaderValue::from_str(origin).ok())
}

/// That page's script may read the answer.
pub(super) fn let_read(response: &mut Response, page: Option<HeaderValue>) {
    if let Some(origin) = page {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

/// Whether a preflight asks for what our routes take, and not for a way into somebody's own network.
fn is_fitting(headers: &HeaderMap) -> bool {
    let asked = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let known = |list: &str, wanted: &str| list.split(", ").any(|known| known.eq_ignore_ascii_case(wanted.trim()));
    let method = asked(header::ACCESS_CONTROL_REQUEST_METHOD);
    let wanted = asked(header::ACCESS_CONTROL_REQUEST_HEADERS);
    METHODS.split(", ").any(|known| known == method)
        && wanted.split(',').all(|name| name.trim().is_empty() || known(HEADERS, name))
        && !OWN_NETWORK.iter().any(|name| headers.contains_key(*name))
}

fn preflight() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    response
}

/// A cache must not give one page's answer to another.
pub(super) fn varying(mut response: Response) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Private network access (WICG), under its two names.
const OWN_NETWORK: [&str; 2] = ["access-control-request-private-network", "access-control-request-local-network"];

/// Refuses a path whose escapes are none; where a page would answer, in words for people.
pub(super) async fn valid_path(request: Request, next: Next) -> Response {
    let invalid = Problem::from(Code::PathInvalid);
    match is_valid_path(request.uri().path()) {
        true => next.run(request).await,
        false if pages::answers(&request) => pages::refusal(&invalid),
        false => invalid.into_response(),
    }
}

/// Every percent sign escapes a byte, and the bytes are UTF-8 (RFC 3986, 2.1).
fn is_valid_path(path: &str) -> bool {
    let hex = |text: Option<&str>| text.is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
    path.match_indices('%').all(|(at, _)| hex(path.get(at + 1..at + 3)))
        && percent_encoding::percent_decode_str(path).decode_utf8().is_ok()
}

/// Answers only for its own names, so that a rebound DNS name finds nothing.
pub(super) async fn known_host(State(app): State<App>, request: Request, next: Next) -> Response {
    if is_ambiguous(request.headers()) {
        return Problem::from(Code::BodyMalformed).into_response();
    }
    let named = match one(request.headers(), &header::HOST) {
        Ok(Some(host)) => host,
        // HTTP/1.0 may leave it out; anything else must name somebody.
        Ok(None) if request.version() == axum::http::Version::HTTP_10 && request.uri().authority().is_none() => {
            return next.run(request).await;
        }
        _ => return Problem::from(Code::BadHost).into_response(),
    };
    // In the absolute form of a request target the target's host counts (RFC 9112, 3.2.2).
    let target = request.uri().authority().map_or(named, axum::http::uri::Authority::as_str);
    if app.answers_for(named) && app.answers_for(target) {
        next.run(request).await
    } else {
        Problem::from(Code::UnknownHost).into_response()
    }
}

/// Framing that a proxy in front could read in another way than we do (RFC 9112, 6.1).
fn is_ambiguous(headers: &HeaderMap) -> bool {
    let coded = headers.get(header::TRANSFER_ENCODING);
    coded.is_some_and(|coding| coding != "chunked" || headers.contains_key(header::CONTENT_LENGTH))
}
