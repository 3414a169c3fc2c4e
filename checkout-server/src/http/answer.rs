//! Every answer leaves through here: problems get their body, panics become problems, and each
//! request is logged and counted once, without its query, its body or anybody's name.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{AppendHeaders, IntoResponse, Response};
use futures_util::FutureExt as _;

use crate::clock::Clock;
use crate::error::{Code, Problem};
use crate::random;

/// Where a problem's `type` leads: this helper explains its own codes (see `pages::problem`).
const PROBLEMS: &str = "/problems/";

/// More mistakes than these are told one after the other: an answer stays small.
const MOST_ERRORS: usize = 16;

pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

impl IntoResponse for Problem {
    /// Status and headers; the body is written by `contain`, which knows the request.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        if let Some(after) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, after.as_secs().into());
        }
        if status == StatusCode::UNAUTHORIZED {
            // RFC 9110, 11.6.1: every 401 says how to do better.
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if self.code == Code::IdempotencyKeyMissing {
            let help = HeaderValue::from_static("</problems/idempotency-key-missing>; rel=\"help\"");
            response.headers_mut().insert(header::LINK, help);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// On the answer to a request that was shed, for layers around this one.
#[derive(Clone, Copy)]
pub(crate) struct Shed;

/// The layer around everything but the headers: request id, panics, problems, log, metrics.
pub(super) async fn contain(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = random::id("req", Clock::wall());
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();

    // It has no path, so no route would refuse it; and this is no proxy.
    let answering = async {
        if request.method() == Method::CONNECT {
            return (AppendHeaders([(header::ALLOW, "GET, POST")]), Problem::from(Code::MethodNotAllowed))
                .into_response();
        }
        next.run(request).await
    };
    let answered = AssertUnwindSafe(answering).catch_unwind().await;
    let mut response = answered.unwrap_or_else(|_| {
        metrics::counter!("checkout_panics_total").increment(1);
        tracing::error!(%request_id, %route, "a handler panicked");
        Problem::from(Code::Internal).into_response()
    });
    let problem = problem_of(&mut response);
    let shed = problem.as_ref().is_some_and(|problem| problem.code == Code::Overloaded);
    if let Some(problem) = problem {
        let (refused, body) = told(response, problem, &route, &request_id);
        response = refused.map(|_| body.into());
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    let status = response.status().as_u16();
    let millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    metrics::counter!("checkout_http_requests_total", "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    // To shed load has to cost little: the counter says how much.
    if shed {
        response.extensions_mut().insert(Shed);
        tracing::debug!(%request_id, method, %route, status, millis, "shed");
    } else {
        tracing::info!(%request_id, method, %route, status, millis, "answered");
    }
    response
}

/// A method is the caller's own text: one that nobody knows is not written down (S2).
fn known_method(method: &Method) -> &'static str {
    let known = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT"];
    known.into_iter().find(|known| *known == method.as_str()).unwrap_or("other")
}

/// Our own problems, and the refusals of the layers below us that have no words of ours yet.
fn problem_of(response: &mut Response) -> Option<Problem> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem);
    }
    let is_page =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    match response.status() {
        // A refusal in words for people, from `pages::refusal`.
        _ if is_page => None,
        StatusCode::NOT_FOUND => Some(Code::NotFound.into()),
        StatusCode::METHOD_NOT_ALLOWED => Some(Code::MethodNotAllowed.into()),
        StatusCode::PAYLOAD_TOO_LARGE => Some(Code::BodyTooLarge.into()),
        StatusCode::BAD_REQUEST => Some(Code::BodyMalformed.into()),
        StatusCode::INTERNAL_SERVER_ERROR => Some(Code::Internal.into()),
        _ => None,
    }
}

/// A refusal and its words, which become its body.
pub(super) fn told(mut response: Response, problem: Problem, route: &str, request_id: &str) -> (Response, String) {
    let Problem { code, mut errors, quote, challenge, retry_after: _ } = problem;
    errors.truncate(MOST_ERRORS);
    let body = checkout_types::Problem {
        kind: format!("{PROBLEMS}{}", code.as_str().replace('_', "-")),
        title: code.title().to_owned(),
        status: code.status(),
        code: code.as_str().to_owned(),
        // The route, not the path, which is the caller's text; and nothing that would tell what is
        // absent from what is not the caller's.
        instance: (route.starts_with('/') && code != Code::NotFound).then(|| route.to_owned()),
        request_id: Some(request_id.to_owned()),
        retryable: code.retryable(),
        errors,
        quote,
        challenge,
    };
    let body = serde_json::to_string(&body).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    (response, body)
}
