//! `/mailbox`: the mails that have arrived, and each of them as a mail program shows it. A mail's HTML is
//! in a frame where nothing runs, under a policy of its own.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use minijinja::{Value, context};

use super::super::letter::Letter;
use super::super::pages::Shop;
use crate::mail::words;

/// Links open beside the shop; nothing is loaded from anywhere, and no script runs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; \
                      sandbox allow-popups allow-popups-to-escape-sandbox";

/// `GET /mailbox`
pub(in crate::demo) async fn list(State(shop): State<Arc<Shop>>) -> Response {
    let letters: Vec<Value> = shop.mailbox.letters().iter().map(|letter| shown(letter)).collect();
    shop.page_with(StatusCode::OK, "mailbox.html", context! { letters })
}

/// `GET /mailbox/{number}`
pub(in crate::demo) async fn show(State(shop): State<Arc<Shop>>, Path(number): Path<String>) -> Response {
    match found(&shop, &number) {
        Some(letter) => shop.page_with(StatusCode::OK, "mail.html", context! { letter => shown(&letter) }),
        None => shop.page_with(StatusCode::NOT_FOUND, "missing.html", context! {}),
    }
}

/// `GET /mailbox/{number}/html`
pub(in crate::demo) async fn html(State(shop): State<Arc<Shop>>, Path(number): Path<String>) -> Response {
    let Some(letter) = found(&shop, &number) else { return StatusCode::NOT_FOUND.into_response() };
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, letter.html.replacen("<head>", "<head><base target=\"_blank\">", 1)).into_response()
}

fn found(shop: &Shop, number: &str) -> Option<Arc<Letter>> {
    shop.mailbox.letter(number.parse().ok()?)
}

fn shown(letter: &Letter) -> Value {
    context! {
        number => letter.number,
        at => words::date(letter.at),
        to => letter.to.join(", "),
        from => letter.from.as_str(),
        subject => letter.subject.as_str(),
        text => letter.text.as_str(),
        html => !letter.html.is_empty(),
    }
}
