//! Checks as arguments: a handler that names one of these has had it checked. Who may call is in
//! `http/who.rs`; here is what a request holds.

use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use http_body_util::BodyExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::json;
use super::who::leak;
use crate::app::App;
use crate::error::{Code, Problem};

/// Bodies of browsers and merchants.
pub(super) const LARGEST_BODY: usize = 64 * 1_024;
/// Bodies of webhooks.
pub const LARGEST_WEBHOOK: usize = 256 * 1_024;
/// A body that takes longer is a stalled one (G30).
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body, read strictly (`http/json.rs`).
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + Serialize> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        if !is_in_utf8(request.headers(), "application/json") {
            return Err(Code::UnsupportedMediaType.into());
        }
        let body = body(request, LARGEST_BODY).await?;
        if leak::is_in(app, &body) {
            return Err(leak::reported());
        }
        json::read(&body).map(Self)
    }
}

/// Whether a body says that it is of that kind, and in UTF-8 if it says anything of its letters.
#[must_use]
pub fn is_in_utf8(headers: &HeaderMap, wanted: &str) -> bool {
    let kind = one(headers, &header::CONTENT_TYPE).ok().flatten().unwrap_or_default().to_ascii_lowercase();
    let mut parts = kind.split(';').map(str::trim);
    let is_wanted = parts.next() == Some(wanted);
    let utf8 =
        parts.all(|parameter| match parameter.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
            Some(("charset", charset)) => charset.trim_matches('"') == "utf-8",
            _ => true,
        });
    is_wanted && utf8
}

/// The bytes of a body, up to a size and for a time.
///
/// # Errors
/// Too large, too slow, compressed, or broken off.
pub async fn body(request: Request<Body>, largest: usize) -> Result<Vec<u8>, Problem> {
    received(request, largest, |_| Ok(())).await
}

/// The same, where somebody is asked before each piece is kept, by how much there is with it.
pub(super) async fn received(
    request: Request<Body>,
    largest: usize,
    mut may_keep: impl FnMut(usize) -> Result<(), Problem>,
) -> Result<Vec<u8>, Problem> {
    if request.headers().get_all(header::CONTENT_ENCODING).iter().any(|encoding| encoding != "identity") {
        return Err(Code::UnsupportedEncoding.into());
    }
    // Not waited for: it says itself that it is too much.
    if request.body().size_hint().lower() > largest as u64 {
        return Err(Code::BodyTooLarge.into());
    }
    let reading = async {
        let (mut body, mut kept) = (request.into_body(), Vec::new());
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(|_| Code::BodyMalformed)?.into_data() else { continue };
            if kept.len() + piece.len() > largest {
                return Err(Problem::from(Code::BodyTooLarge));
            }
            may_keep(kept.len() + piece.len())?;
            kept.extend_from_slice(&piece);
        }
        Ok(kept)
    };
    tokio::time::timeout(BODY_TIMEOUT, reading).await.unwrap_or_else(|_| Err(Code::BodyTimeout.into()))
}

/// A header that two readers could understand differently.
#[derive(Clone, Copy, Debug)]
pub struct Ambiguous;

/// A header that may come once at most.
///
/// # Errors
/// It came twice, or is not visible ASCII.
pub fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Ambiguous> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| Ambiguous),
        (Some(_), Some(_)) => Err(Ambiguous),
    }
}

/// The `Authorization: Bearer` token, if there is one.
#[must_use]
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = one(headers, &header::AUTHORIZATION).ok()??.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The key that makes a request safe to send again.
pub struct IdempotencyKey(pub String);

impl FromRequestParts<App> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        let name = HeaderName::from_static("idempotency-key");
        let Ok(value) = one(&parts.headers, &name) else { return Err(Code::IdempotencyKeyInvalid.into()) };
        let key = value.ok_or(Code::IdempotencyKeyMissing)?;
        // RFC 8941 writes strings in quotes; with or without, it is the same key.
        let bare = key.strip_prefix('"').and_then(|key| key.strip_suffix('"')).unwrap_or(key);
        let visible = bare.bytes().all(|byte| byte.is_ascii_graphic());
        if visible && (1..=255).contains(&bare.len()) {
            Ok(Self(bare.to_owned()))
        } else {
            Err(Code::IdempotencyKeyInvalid.into())
        }
    }
}
