//! `GET /v1/catalog`: what may be shown.

use axum::Json;
use axum::extract::State;

use crate::app::App;

pub(super) async fn show(State(app): State<App>) -> Json<checkout_types::Catalog> {
    Json(app.catalog.public())
}
