//! What the pages that we serve have in common: templates, the stylesheet and the headers that
//! keep strangers out of them (S8).

use std::sync::LazyLock;

use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use minijinja::{Environment, Value};

use crate::app::App;
use crate::error::{Code, Problem};

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    let all = [
        ("base.html", include_str!("../../pages/base.html")),
        ("pay.html", include_str!("../../pages/pay.html")),
        ("status.html", include_str!("../../pages/status.html")),
        ("problem.html", include_str!("../../pages/problem.html")),
    ];
    for (name, source) in all {
        templates.add_template(name, source).expect("the templates are part of the program and parse");
    }
    templates
});

/// A page.
pub(super) fn render(template: &str, context: Value) -> Result<Response, Problem> {
    let rendered = TEMPLATES.get_template(template).and_then(|template| template.render(context));
    rendered.map(|html| Html(html).into_response()).map_err(|error| {
        tracing::error!(%error, template, "a page was not made");
        Code::Internal.into()
    })
}

/// A refusal as a page: somebody who follows a link reads this, not JSON.
pub(super) fn refusal(problem: &Problem) -> Response {
    let code = problem.code;
    let status = axum::http::StatusCode::from_u16(code.status()).unwrap_or_default();
    let context = minijinja::context! { title => code.title(), code => code.as_str(), retryable => code.retryable() };
    match render("problem.html", context) {
        // The page says it all: `answer::contain` must not put JSON in its place.
        Ok(page) => later((status, page).into_response(), Some(problem)),
        Err(problem) => problem.into_response(),
    }
}

/// Says when to come back, where the refusal says so.
pub(super) fn later(mut response: Response, refused: Option<&Problem>) -> Response {
    if let Some(after) = refused.and_then(|problem| problem.retry_after) {
        response.headers_mut().insert(header::RETRY_AFTER, after.as_secs().into());
    }
    response
}

/// `GET /problems/{code}`: what a code means, for whoever follows a problem's `type`.
pub(super) async fn problem(Path(code): Path<String>) -> Result<Response, Problem> {
    let code = code.replace('-', "_");
    let known = Code::ALL.iter().find(|known| known.as_str() == code).ok_or(Code::NotFound)?;
    let context =
        minijinja::context! { title => known.title(), code => known.as_str(), retryable => known.retryable() };
    render("problem.html", context)
}

pub(super) async fn stylesheet() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, include_str!("../../pages/pages.css")).into_response()
}

/// The headers of every page: nothing from elsewhere, framed by allowed pages only.
pub(super) async fn protect(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let ancestors = app.allowed_origins.join(" ");
    // A form's redirect counts as its action in some browsers, so the payment page is named too.
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self' {}; base-uri 'none'; \
         frame-ancestors {}",
        app.provider.checkout_origin(),
        if ancestors.is_empty() { "'none'" } else { &ancestors },
    );
    let headers = response.headers_mut();
    set(headers, "content-security-policy", &policy);
    set(headers, "x-content-type-options", "nosniff");
    set(headers, "referrer-policy", "strict-origin-when-cross-origin");
    set(headers, "permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()");
    set(headers, "cross-origin-opener-policy", "same-origin-allow-popups");
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn set(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
