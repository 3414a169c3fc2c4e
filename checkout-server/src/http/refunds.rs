//! `POST /v1/payments/{id}/refunds` and `GET /v1/refunds/{id}`, for the merchant's own server; the same
//! on the operations listener, for operators.

use axum::Json as Answer;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use checkout_types::refund::{Refund, RefundRequest};

use super::extract::{IdempotencyKey, Json};
use crate::app::App;
use crate::error::Problem;
use crate::refunding::{self, Made};

/// `Who` may: `Merchant` or `Operator`.
pub(super) async fn create<Who: FromRequestParts<App>>(
    _: Who,
    State(app): State<App>,
    Path(payment): Path<String>,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<RefundRequest>,
) -> Result<Response, Problem> {
    let Made { refund, replayed } = refunding::refund(&app, &key, &payment, request).await?;
    let mut response = (StatusCode::CREATED, Answer(refund)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if replayed {
        response.headers_mut().insert(HeaderName::from_static("idempotent-replayed"), HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// `Who` may: `Merchant` or `Operator`.
pub(super) async fn show<Who: FromRequestParts<App>>(
    _: Who,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer<Refund>, Problem> {
    refunding::find(&app, &id).await.map(Answer)
}
