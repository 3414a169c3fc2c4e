//! Which pages may use the browser routes: exact origins (S6). CORS is not access control; it
//! keeps other people's pages from spending a buyer's time here.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::extract::{bearer, one};
use crate::app::App;
use crate::error::{Code, Problem};
use crate::keys::CLIENT_SECRET;

const METHODS: &str = "GET, POST";
const HEADERS: &str = "authorization, checkout-proof, content-type, idempotency-key, last-event-id";
/// What a page's script may read of an answer.
const EXPOSED: &str = "idempotent-replayed, retry-after, x-request-id";

/// Lets listed pages in, and a merchant's own server with its secret key. Refuses before any work
/// is done.
pub(super) async fn check(State(app): State<App>, request: Request, next: Next) -> Response {
    let origin = match admitted(&app, request.headers()) {
        Ok(origin) => origin,
        Err(problem) => return varying(problem.into_response()),
    };
    let response = match (&origin, request.method()) {
        (Some(_), &Method::OPTIONS) => preflight(request.headers()),
        _ => next.run(request).await,
    };
    let mut response = varying(response);
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
    response
}

/// The origin to echo; `None` for callers that are no page.
fn admitted(app: &App, headers: &HeaderMap) -> Result<Option<HeaderValue>, Problem> {
    let refused = || Problem::from(Code::OriginNotAllowed);
    let secret = bearer(headers).is_some_and(|token| app.keys.is_secret_key(token));
    match one(headers, &header::ORIGIN) {
        Ok(Some(_)) if secret => {
            tracing::error!("a secret key came from a browser: it must be replaced");
            Err(Code::SecretKeyInBrowser.into())
        }
        Ok(Some(origin)) if app.allows(origin) => Ok(HeaderValue::from_str(origin).ok()),
        // Browsers leave the origin out when a page asks its own server.
        // A merchant's own server may ask after an order, with either key.
        Ok(None) if bearer(headers).is_some_and(|token| token.starts_with(CLIENT_SECRET)) => Ok(None),
        Ok(None) if secret || headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin") => Ok(None),
        Ok(_) | Err(_) => Err(refused()),
    }
}

fn preflight(headers: &HeaderMap) -> Response {
    let asked = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let known = |list: &str, wanted: &str| list.split(", ").any(|known| known.eq_ignore_ascii_case(wanted.trim()));
    let method = asked(header::ACCESS_CONTROL_REQUEST_METHOD);
    let wanted = asked(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let private_network = headers.contains_key("access-control-request-private-network");
    let fits = known(METHODS, method) && wanted.split(',').all(|name| name.trim().is_empty() || known(HEADERS, name));
    if !fits || private_network {
        return Problem::from(Code::OriginNotAllowed).into_response();
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("7200"));
    response
}

/// A cache must not give one page's answer to another.
fn varying(mut response: Response) -> Response {
    response.headers_mut().append(header::VARY, HeaderValue::from_static("Origin"));
    response.headers_mut().entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
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
