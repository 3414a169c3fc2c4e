//! What stands between a browser and the helper: it passes everything on, and a story may let it
//! answer by itself, or change what comes back.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use reqwest::Client;

/// A request on its way to the helper.
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Its path, without a query.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Vec<u8>,
}

impl Asked {
    /// A header as text; empty if it is not there.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

type Before = dyn Fn(&mut Asked) -> Option<Response> + Send + Sync;
type After = dyn Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync;

/// The proxy.
#[derive(Clone)]
pub struct Proxy {
    helper: String,
    before: Arc<Before>,
    after: Arc<After>,
    http: Client,
}

impl Proxy {
    /// One in front of that helper, which changes nothing.
    #[must_use]
    pub fn to(helper: &str) -> Self {
        let (before, after): (Arc<Before>, Arc<After>) = (Arc::new(|_| None), Arc::new(|_, body| body));
        Self { helper: helper.to_owned(), before, after, http: crate::http::client() }
    }

    /// Answers where `before` does, which may change what is asked.
    #[must_use]
    pub fn before(self, before: impl Fn(&mut Asked) -> Option<Response> + Send + Sync + 'static) -> Self {
        Self { before: Arc::new(before), ..self }
    }

    /// Changes the bodies that come back, by their path.
    #[must_use]
    pub fn after(self, after: impl Fn(&str, Vec<u8>) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self { after: Arc::new(after), ..self }
    }

    /// Serves on a free loopback port until the test's runtime ends, and returns its origin.
    pub async fn serve(self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
        let router = Router::new().fallback(move |request: Request| {
            let proxy = self.clone();
            async move { proxy.answer(request).await }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        origin
    }

    /// Passes one request on, or answers it.
    pub(crate) async fn answer(&self, request: Request) -> Response {
        let (head, body) = request.into_parts();
        let body = to_bytes(body, 1 << 20).await.expect("a browser sends what it says").to_vec();
        let target = head.uri.to_string();
        let mut asked = Asked { method: head.method, path: head.uri.path().to_owned(), headers: head.headers, body };
        if let Some(mut response) = (self.before)(&mut asked) {
            open_to(response.headers_mut(), asked.headers.get(header::ORIGIN));
            return response;
        }
        // As one of the helper's own names, and in plain bytes.
        for name in [header::HOST, header::ACCEPT_ENCODING, header::CONTENT_LENGTH] {
            asked.headers.remove(name);
        }
        let request = self.http.request(asked.method, format!("{}{target}", self.helper));
        match request.headers(asked.headers).body(asked.body).send().await {
            Ok(answer) => self.passed(&asked.path, answer).await,
            Err(_) => StatusCode::BAD_GATEWAY.into_response(),
        }
    }

    async fn passed(&self, path: &str, answer: reqwest::Response) -> Response {
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::CONNECTION] {
            headers.remove(name);
        }
        let streams = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let body = if streams {
            Body::from_stream(answer.bytes_stream())
        } else {
            let body = answer.bytes().await.unwrap_or_default().to_vec();
            (self.after)(path, body).into()
        };
        (status, headers, body).into_response()
    }
}

/// What the helper says to a page that may read its answers.
fn open_to(headers: &mut HeaderMap, origin: Option<&HeaderValue>) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.cloned().unwrap_or(HeaderValue::from_static("*")));
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, checkout-proof, content-type, idempotency-key, last-event-id",
        ),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "retry-after"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
