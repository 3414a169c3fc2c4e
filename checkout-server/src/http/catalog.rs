//! `GET /v1/catalog`: what may be shown.

use axum::Json;
use axum::extract::State;

use super::who::Page;
use crate::app::App;

pub(super) async fn show(_: Page, State(app): State<App>) -> Json<checkout_types::Catalog> {
    Json(app.catalog.public())
}
