//! The provider's error body, `{"code": "UPPER_SNAKE", "message": "text"}`, with the status we
//! chose for it: the provider documents codes, not which status goes with which. Business
//! failures are 422, as observed.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// An answer that is not 2xx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    /// One of the provider's own codes; `PRODUCT_CART_EMTPY` is spelt so on the wire.
    pub(crate) code: &'static str,
    /// For the merchant. Clients branch on `code`.
    pub(crate) message: String,
}

/// Most handlers answer JSON or that.
pub(crate) type ApiResult<T> = Result<T, ApiError>;

impl ApiError {
    /// A request that is understood and refused: 422.
    pub(crate) fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::UNPROCESSABLE_ENTITY, code, message: message.into() }
    }

    /// A body that does not match the schema: 422.
    pub(crate) fn body(message: impl Into<String>) -> Self {
        Self::refused("INVALID_REQUEST_BODY", message)
    }

    /// A query that does not match the schema: 422.
    pub(crate) fn query(message: impl Into<String>) -> Self {
        Self::refused("INVALID_QUERY_PARAMS", message)
    }

    /// Nothing by that id: 404.
    pub(crate) fn not_found(what: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "NOT_FOUND", message: format!("No such {what}") }
    }

    /// A session that has made its one payment: 409.
    pub(crate) fn consumed() -> Self {
        let message = "The session already produced a payment".into();
        Self { status: StatusCode::CONFLICT, code: "CHECKOUT_SESSION_CONSUMED", message }
    }

    /// An amount beyond what can be counted: 422.
    pub(crate) fn too_large() -> Self {
        Self::refused("INTEGER_CONVERSION_FAILURE", "The amount is too large to charge")
    }
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    message: &'a str,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(Body { code: self.code, message: &self.message })).into_response()
    }
}
