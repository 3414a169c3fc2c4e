//! `POST /v1/payments/{id}/refunds` and `GET /v1/refunds/{id}`, for the merchant's own server; the same
//! on the operations listener, for operators.

use axum::Json as Answer;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use checkout_types::refund::{Refund, RefundRequest};

use serde::{Deserialize, Serialize};

use super::access::signed;
use super::extract::{IdempotencyKey, Json};
use super::listing;
use super::who::Operator;
use crate::app::App;
use crate::error::{Code, Problem};
use crate::refunding::{self, Made, Outcome};

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

/// What a person found out about a refund that needs one.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Decision {
    outcome: Word,
    /// The provider's id of it, where it was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refund_id: Option<String>,
    who: String,
    why: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Word {
    Made,
    NotMade,
}

/// On the operations listener alone: nobody's server decides that by itself.
pub(super) async fn review(
    _: Operator,
    State(app): State<App>,
    Path(id): Path<String>,
    Json(Decision { outcome, refund_id, who, why }): Json<Decision>,
) -> Result<Answer<Refund>, Problem> {
    let outcome = match (outcome, refund_id) {
        (Word::Made, None) => return Err(Problem::at(Code::Required, "/refund_id")),
        (Word::Made, Some(refund)) => {
            let refund = listing::id(&refund).ok_or_else(|| Problem::at(Code::TextInvalid, "/refund_id"))?;
            Outcome::Made(refund)
        }
        (Word::NotMade, None) => Outcome::NotMade,
        (Word::NotMade, Some(_)) => return Err(Problem::at(Code::UnknownField, "/refund_id")),
    };
    let by = signed(who, why)?;
    // Done to the end, also when the operator hangs up.
    let reviewing = {
        let app = app.clone();
        async move { refunding::review(&app, &id, outcome, by).await }
    };
    app.finish(reviewing).await?.map(Answer)
}

/// `Who` may: `Merchant` or `Operator`.
pub(super) async fn show<Who: FromRequestParts<App>>(
    _: Who,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer<Refund>, Problem> {
    refunding::find(&app, &id).await.map(Answer)
}
