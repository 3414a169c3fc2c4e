//! A web site of somebody else: pages under an origin of their own, with headers as we like.

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};

/// One page.
#[derive(Clone, Debug)]
pub struct Page {
    path: &'static str,
    body: String,
    headers: HeaderMap,
}

impl Page {
    /// A page of HTML. `path` starts with a slash.
    pub fn html(path: &'static str, body: impl Into<String>) -> Self {
        let content_type = HeaderValue::from_static("text/html; charset=utf-8");
        Self {
            path,
            body: body.into(),
            headers: HeaderMap::from_iter([(axum::http::header::CONTENT_TYPE, content_type)]),
        }
    }

    /// With one more header, such as a `content-security-policy`; or with another content type.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).expect("a header's value is visible ASCII");
        self.headers.insert(HeaderName::from_static(name), value);
        self
    }
}

/// Serves the pages on a free loopback port until the test's runtime ends, and returns the origin,
/// such as `http://127.0.0.1:40001`.
pub async fn serve(pages: Vec<Page>) -> String {
    let (origin, site) = reserve().await;
    site.serve(pages);
    origin
}

/// An origin whose pages are not written yet: they may name a server that has to know it first.
pub struct Site(tokio::net::TcpListener);

/// Takes a free loopback port.
pub async fn reserve() -> (String, Site) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
    (origin, Site(listener))
}

impl Site {
    /// Serves the pages until the test's runtime ends.
    pub fn serve(self, pages: Vec<Page>) {
        serve_on(self.0, pages);
    }
}

fn serve_on(listener: tokio::net::TcpListener, pages: Vec<Page>) {
    let pages = Arc::new(pages);
    let router = Router::new().fallback(move |uri: Uri| {
        let pages = Arc::clone(&pages);
        async move { answer(&pages, uri.path()) }
    });
    tokio::spawn(async move { axum::serve(listener, router).await });
}

fn answer(pages: &[Page], path: &str) -> Response {
    match pages.iter().find(|page| page.path == path) {
        Some(page) => (page.headers.clone(), page.body.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
