//! Who may: each kind of caller an argument, so that a handler's signature says whom it serves.
//! Whoever is not asked for by name comes in unasked: `/pay`, `/c`, the widget's files, the
//! provider's signed webhooks.
//!
//! Nothing is read from the store before the caller has shown what it takes, and what is absent is
//! answered as what is not the caller's (S14).

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::extract::{bearer, one};
use crate::app::App;
use crate::customer::token;
use crate::error::{Code, Problem};
use crate::keys::CLIENT_SECRET;
use crate::store::StoredCheckout;

pub(super) mod leak;

/// A page that may use the helper: of a listed origin or our own; or the merchant's own server,
/// which shows its secret key. CORS is not access control: this keeps other people's pages from
/// spending a buyer's time here, and everything else is checked all the same (S6).
pub struct Page(());

impl FromRequestParts<App> for Page {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if is_page(app, &parts.headers) || is_merchant(app, &parts.headers) {
            Ok(Self(()))
        } else {
            Err(Code::OriginNotAllowed.into())
        }
    }
}

/// Browsers leave the origin out when a page asks its own server to read something.
fn is_page(app: &App, headers: &HeaderMap) -> bool {
    match one(headers, &header::ORIGIN) {
        Ok(Some(origin)) => app.allows(origin),
        Ok(None) => headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin"),
        Err(_) => false,
    }
}

/// `leak::refuse` keeps the key off pages, so whoever shows it here is a server.
pub(super) fn is_merchant(app: &App, headers: &HeaderMap) -> bool {
    bearer(headers).is_some_and(|token| app.keys.is_secret_key(token))
}

/// The merchant's own server, by the secret key.
pub struct Merchant(());

impl FromRequestParts<App> for Merchant {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if is_merchant(app, &parts.headers) { Ok(Self(())) } else { Err(Code::Unauthorized.into()) }
    }
}

/// A checkout, for whoever may read it: its page, by its client secret, or the merchant's server.
pub struct Readable {
    /// As it is stored.
    pub checkout: StoredCheckout,
    /// Whether it is the merchant's server that reads.
    pub by_merchant: bool,
}

impl FromRequestParts<App> for Readable {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let secret = bearer(&parts.headers).unwrap_or_default().to_owned();
        let by_merchant = is_merchant(app, &parts.headers);
        // A server may ask with the checkout's own secret too; it has no origin to show.
        let by_server = secret.starts_with(CLIENT_SECRET) && !parts.headers.contains_key(header::ORIGIN);
        if !by_merchant && !by_server && !is_page(app, &parts.headers) {
            return Err(Code::OriginNotAllowed.into());
        }
        let Path(id) = Path::<String>::from_request_parts(parts, app).await.map_err(|_| Code::NotFound)?;
        if !by_merchant && !app.keys.is_client_secret(&id, &secret) {
            return Err(Code::NotFound.into());
        }
        let checkout = app.store.checkout(&id).await?.ok_or(Code::NotFound)?;
        Ok(Self { checkout, by_merchant })
    }
}

/// Whoever is signed in at the merchant's, by a customer token.
pub struct SignedIn(pub token::SignedIn);

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let given = bearer(&parts.headers).unwrap_or_default();
        let opened = token::open(&app.keys.customers, &app.public_url, given, app.clock.now());
        opened.map(Self).map_err(|_| Code::CustomerTokenInvalid.into())
    }
}

/// An operator, at the operations listener. Nobody is one until a key is configured.
pub struct Operator(());

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        if !app.keys.has_operator() {
            tracing::warn!("an operator was refused: set CHECKOUT_OPERATOR_KEY or operator_key_file, and restart");
        }
        let shown = bearer(&parts.headers).is_some_and(|token| app.keys.is_operator_key(token));
        if shown { Ok(Self(())) } else { Err(Code::Unauthorized.into()) }
    }
}
