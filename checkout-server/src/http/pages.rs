//! What the pages that we serve have in common: templates and the stylesheet. What keeps strangers out
//! of them is in `headers.rs`.

use std::sync::LazyLock;

use axum::Extension;
use axum::extract::{MatchedPath, Path, Request};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use minijinja::{Environment, Value};

use super::headers::Page;
use crate::error::{Code, Problem};

static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    let all = [
        ("base.html", include_str!("../../pages/base.html")),
        ("pay.html", include_str!("../../pages/pay.html")),
        ("status.html", include_str!("../../pages/status.html")),
        ("mend.html", include_str!("../../pages/mend.html")),
        ("problem.html", include_str!("../../pages/problem.html")),
    ];
    for (name, source) in all {
        templates.add_template(name, source).expect("the templates are part of the program and parse");
    }
    templates
});

/// A page.
pub(super) fn render(template: &'static str, context: Value) -> Result<Response, Problem> {
    let rendered = TEMPLATES.get_template(template).and_then(|template| template.render(context));
    rendered.map(|html| (Extension(Page(template)), Html(html)).into_response()).map_err(|error| {
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

/// Refusals that came before a page was asked for, such as an overload, in words as well.
pub(super) async fn in_words(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) => refusal(&problem),
        None => response,
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
    let context = minijinja::context! {
        title => known.title(),
        code => known.as_str(),
        retryable => known.retryable(),
        status => known.status(),
        cause => known.cause(),
        cure => known.cure(),
    };
    render("problem.html", context)
}

pub(super) async fn stylesheet() -> Response {
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300")),
    ];
    (headers, include_str!("../../pages/pages.css")).into_response()
}

/// Whether a request is for a page that people read.
pub(super) fn answers(request: &Request) -> bool {
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    route.is_some_and(|route| ["/pay/", "/c/", "/mend/"].iter().any(|page| route.starts_with(page)))
}
