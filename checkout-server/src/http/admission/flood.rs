//! The answer to an order that does not even find room to wait, given at the connection: before any
//! layer or route has work with it, and with its bytes prepared. At three times what can be served, two
//! of three requests end here, and what they cost is taken from the third.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::Class;
use crate::app::App;
use crate::clock::Clock;
use crate::error::{Code, Problem};
use crate::http::{answer, headers, origin};
use crate::random;

/// The routes of orders that scripts ask. The pay page's form is refused in words, by its route.
const ROUTES: [&str; 2] = ["/v1/quotes", "/v1/checkouts"];
/// Stands in the prepared bytes where the request's id will be.
const ID: &str = "{request_id}";

/// Refuses what comes in a flood.
pub(crate) struct Flood {
    app: App,
    orders: Class,
    prepared: [Prepared; 2],
}

/// One route's refusal, but for what differs from one request to the next.
struct Prepared {
    headers: HeaderMap,
    /// Before and after the request's id.
    body: [String; 2],
}

impl Flood {
    /// Prepares the answers.
    pub(crate) fn new(app: &App) -> Self {
        let prepared = ROUTES.map(|route| Prepared::new(app, route));
        Self { app: app.clone(), orders: app.admission.orders.clone(), prepared }
    }

    /// The answer to what there is no room for; nothing where there may be some.
    pub(crate) fn refuse<B>(&self, request: &Request<B>) -> Option<Response> {
        if request.method() != Method::POST || !self.orders.is_full() {
            return None;
        }
        let at = ROUTES.iter().position(|route| *route == request.uri().path())?;
        let request_id = random::id("req", Clock::wall());
        let mut response = self.prepared[at].response(&request_id);
        origin::let_read(&mut response, origin::listed(&self.app, request.headers()));
        drop(self.orders.shed());
        metrics::counter!("checkout_http_requests_total", "route" => ROUTES[at], "status" => "503").increment(1);
        tracing::debug!(%request_id, route = ROUTES[at], "shed");
        Some(response)
    }
}

impl Prepared {
    fn new(app: &App, route: &str) -> Self {
        let problem = || Problem::from(Code::Overloaded).after(1);
        let response = origin::varying(problem().into_response());
        let (mut response, body) = answer::told(response, problem(), route, ID);
        headers::put_data(app, response.headers_mut());
        let (before, after) = body.split_once(ID).unwrap_or((&body, ""));
        Self { headers: response.headers().clone(), body: [before.to_owned(), after.to_owned()] }
    }

    fn response(&self, request_id: &str) -> Response {
        let [before, after] = &self.body;
        let mut response = Response::new(Body::from([before, request_id, after].concat()));
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        *response.headers_mut() = self.headers.clone();
        if let Ok(value) = HeaderValue::from_str(request_id) {
            response.headers_mut().insert(answer::REQUEST_ID, value);
        }
        response
    }
}
