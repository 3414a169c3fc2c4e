//! The secret key where it does not belong: on its way from a browser, in an address, in a body, or
//! in any header but the one. It is refused on every route and told, so that somebody replaces it.

use std::borrow::Cow;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::extract::{bearer, one};
use crate::app::App;
use crate::error::{Code, Problem};

/// Headers that only browsers send. Not `Sec-Fetch-Mode`: the `fetch` of Node.js sends it too.
const ONLY_BROWSERS: [&str; 5] =
    ["origin", "sec-fetch-site", "sec-fetch-dest", "sec-fetch-user", "sec-fetch-storage-access"];

/// The layer around all routes.
pub(in crate::http) async fn refuse(State(app): State<App>, request: Request, next: Next) -> Response {
    let address = request.uri();
    let texts = [Some(address.path()), address.query()];
    let in_address = texts.into_iter().flatten().any(|text| is_in(&app, text.as_bytes()));
    if in_address || in_wrong_header(&app, request.headers()) {
        return reported().into_response();
    }
    next.run(request).await
}

/// The refusal, counted and told. Never with the key.
pub(in crate::http) fn reported() -> Problem {
    metrics::counter!("checkout_secret_key_in_browser_total").increment(1);
    tracing::error!("the secret key came from a browser, or where it does not belong: replace it");
    Code::SecretKeyInBrowser.into()
}

/// Whether the key is in a text, as it stands, percent-encoded, or with the backslashes that some
/// writers of JSON put before a slash.
pub(in crate::http) fn is_in(app: &App, text: &[u8]) -> bool {
    let shown = |text: &[u8]| app.keys.shows_secret_key(text);
    let unescaped: Cow<'_, [u8]> = if text.contains(&b'\\') {
        text.iter().copied().filter(|byte| *byte != b'\\').collect::<Vec<_>>().into()
    } else {
        text.into()
    };
    shown(text)
        || (unescaped.len() != text.len() && shown(&unescaped))
        || (text.contains(&b'%') && shown(&Cow::from(percent_encoding::percent_decode(text))))
}

fn in_wrong_header(app: &App, headers: &HeaderMap) -> bool {
    let by_browser = ONLY_BROWSERS.iter().any(|name| headers.contains_key(*name));
    // The one place where it belongs: one Authorization header, as a bearer token, from a server.
    let in_place = !by_browser && bearer(headers).is_some_and(|token| app.keys.is_secret_key(token));
    headers.iter().any(|(name, value)| {
        let expected = in_place && name == header::AUTHORIZATION;
        !expected && is_in(app, value.as_bytes())
    }) || one(headers, &header::AUTHORIZATION).ok().flatten().is_some_and(|value| is_in_basic(app, value))
}

/// User name and password of the Basic scheme are base64 (RFC 7617).
fn is_in_basic(app: &App, authorization: &str) -> bool {
    let decoded = authorization
        .split_once(' ')
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, credentials)| STANDARD.decode(credentials.trim()).ok());
    decoded.is_some_and(|decoded| is_in(app, &decoded))
}
