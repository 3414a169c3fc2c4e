//! Checks as arguments: a handler that names one of these has had it checked.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use subtle::ConstantTimeEq as _;

use super::json;
use crate::app::App;
use crate::error::{Code, Problem};
use crate::store::StoredCheckout;

/// Bodies of browsers and merchants.
const LARGEST_BODY: usize = 64 * 1_024;
/// Bodies of webhooks.
pub const LARGEST_WEBHOOK: usize = 256 * 1_024;
/// A body that takes longer is a stalled one (G30).
const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body, read strictly (`http/json.rs`).
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + Serialize> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &App) -> Result<Self, Problem> {
        is_json(request.headers())?;
        let body = body(request, LARGEST_BODY).await?;
        json::read(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = one(headers, &header::CONTENT_TYPE).ok().flatten().unwrap_or_default().to_ascii_lowercase();
    let mut parts = kind.split(';').map(str::trim);
    let json = parts.next() == Some("application/json");
    let utf8 = parts.all(|parameter| match parameter.split_once('=') {
        Some(("charset", charset)) => charset.trim_matches('"') == "utf-8",
        _ => true,
    });
    if json && utf8 { Ok(()) } else { Err(Code::UnsupportedMediaType.into()) }
}

/// The bytes of a body, up to a size and for a time.
///
/// # Errors
/// Too large, too slow, compressed, or broken off.
pub async fn body(request: Request<Body>, largest: usize) -> Result<Vec<u8>, Problem> {
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|encoding| encoding != "identity") {
        return Err(Code::UnsupportedEncoding.into());
    }
    let reading = Limited::new(request.into_body(), largest).collect();
    match tokio::time::timeout(BODY_TIMEOUT, reading).await {
        Err(_) => Err(Code::BodyTimeout.into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Code::BodyTooLarge.into()),
        Ok(Err(_)) => Err(Code::BodyMalformed.into()),
        Ok(Ok(body)) => Ok(body.to_bytes().into()),
    }
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

/// A checkout whose client secret, or the merchant's secret key, was shown. One that is not there and one that is not yours are
/// answered alike.
pub struct Readable(pub StoredCheckout);

impl FromRequestParts<App> for Readable {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Path(id) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| Code::NotFound)?;
        let secret = bearer(&parts.headers).unwrap_or_default();
        // The merchant's own server may read every checkout; `origin::check` keeps its key off pages.
        if !app.keys.is_client_secret(&id, secret) && !app.keys.is_secret_key(secret) {
            return Err(Code::NotFound.into());
        }
        app.store.checkout(&id).await?.map(Self).ok_or_else(|| Code::NotFound.into())
    }
}

/// An operator, by the key that [`crate::app::Parts::operator_key`] holds. Without one nobody is.
pub struct Operator;

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let expected = app.operator_key.as_ref().map(ExposeSecret::expose_secret);
        let shown = bearer(&parts.headers).unwrap_or_default();
        match expected {
            Some(expected) if bool::from(expected.as_bytes().ct_eq(shown.as_bytes())) => Ok(Self),
            _ => Err(Code::Unauthorized.into()),
        }
    }
}
