//! `POST /v1/quotes`: what a cart costs.

use axum::Json as Answer;
use axum::extract::State;
use checkout_types::{Quote, QuoteRequest};

use super::extract::Json;
use super::who::Page;
use crate::abuse::Visitor;
use crate::app::App;
use crate::error::Problem;
use crate::pricing;

pub(super) async fn create(
    _: Page,
    State(app): State<App>,
    visitor: Visitor,
    Json(request): Json<QuoteRequest>,
) -> Result<Answer<Quote>, Problem> {
    pricing::quote(&app, &visitor, &request).await.map(Answer)
}
