//! `GET /v1/customers/{reference}/entitlements` and `POST /v1/customers/{reference}/claims`, for the
//! merchant's own server. Access is read from our own store alone: the provider may be down (G19).

use std::collections::BTreeMap;

use axum::Json as Answer;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use checkout_types::entitlement::{ClaimRequest, Claimed, Entitlements};
use jiff::Timestamp;
use serde::Deserialize;

use super::extract::Json;
use super::who::Merchant;
use crate::app::App;
use crate::catalog::Catalog;
use crate::clock::rfc3339;
use crate::customer::{self, CustomerKey};
use crate::entitlement::wire;
use crate::error::{Code, Problem};
use crate::fault::crash_point;
use crate::inbox;

const NO_STORE: (HeaderName, HeaderValue) = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));

/// What is asked for, where it is not everything.
#[derive(Default, Deserialize)]
pub(super) struct Asked {
    /// One name alone.
    name: Option<String>,
}

pub(super) async fn show(
    _: Merchant,
    State(app): State<App>,
    reference: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Problem> {
    let reference = checked(reference)?;
    // Twice the same parameter, or one that is no text.
    let Query(Asked { name }) = asked.map_err(|_| Problem::at(Code::TextInvalid, "/name"))?;
    let mut shown = read(&app, reference, app.clock.now()).await?;
    if let Some(name) = name {
        shown.items.retain(|item| item.name == name);
        if shown.items.is_empty() {
            return Err(unknown(&app.catalog, &name, "/name"));
        }
    }
    Ok(([NO_STORE], Answer(shown)).into_response())
}

/// What a customer may use at that time; one that nobody has heard of may use nothing.
pub(super) async fn read(app: &App, reference: String, now: Timestamp) -> Result<Entitlements, Problem> {
    let stored = app.store.access(&CustomerKey::Reference(reference.clone()), now).await?;
    let items = wire::items(&stored.entitlements, &app.catalog.entitlement_names());
    Ok(Entitlements { reference, version: stored.version, as_of: rfc3339(now), items })
}

pub(super) async fn claim(
    _: Merchant,
    State(app): State<App>,
    reference: Result<Path<String>, PathRejection>,
    Json(ClaimRequest { email }): Json<ClaimRequest>,
) -> Result<Response, Problem> {
    let reference = checked(reference)?;
    let email = customer::mailbox(email.trim()).ok_or_else(|| Problem::at(Code::EmailInvalid, "/email"))?;
    // Done to the end, also when the caller hangs up.
    let claiming = {
        let (app, reference) = (app.clone(), reference.clone());
        async move { app.store.claim_guests(&reference, &email, app.clock.now()).await }
    };
    let (checkouts, effects) = app.finish(claiming).await??;
    crash_point("claim.stored");
    inbox::tell(&app, &effects);
    Ok(([NO_STORE], Answer(Claimed { reference, checkouts })).into_response())
}

/// The reference of a path: percent-encoded there, and what a customer token may name.
fn checked(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    let Path(reference) = path.map_err(|_| Code::PathInvalid)?;
    super::json::check_text(&reference).map_err(|code| Problem::at(code, "/reference"))?;
    customer::reference(&reference, "/reference")
}

/// A name that the catalog does not know, with those that it does.
pub(super) fn unknown(catalog: &Catalog, name: &str, pointer: &str) -> Problem {
    let names: Vec<&str> = catalog.entitlement_names().into_iter().collect();
    Problem::none_of(Code::UnknownEntitlement, pointer, name, &names)
}

/// Limits as they are on the wire: `null` is as many as one likes.
pub(super) type Limits = BTreeMap<String, Option<i64>>;
