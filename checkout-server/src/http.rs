//! Every route and layer: the table of contents of the helper's doors.

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};

use crate::app::App;

pub mod address;
pub mod answer;
pub mod assets;
mod catalog;
pub mod checkouts;
pub mod extract;
pub mod json;
mod origin;
mod pages;
mod pay;
mod quotes;
mod selling;
pub mod serve;
mod status;
mod visitor;
mod webhooks;

/// What buyers' browsers, the provider and merchants' backends reach.
pub fn router(app: &App) -> Router {
    let browser = Router::new()
        .route("/v1/catalog", get(catalog::show))
        .route("/v1/quotes", post(quotes::create))
        .route("/v1/checkouts", post(checkouts::create))
        .route("/v1/checkouts/{id}", get(checkouts::show))
        .route("/v1/checkouts/{id}/events", get(checkouts::follow))
        .layer(from_fn_with_state(app.clone(), origin::check));

    let pages = Router::new()
        .route("/pay/{price_id}", get(pay::show).post(pay::submit))
        .route("/c/{id}", get(status::show))
        .route("/problems/{code}", get(pages::problem))
        .route("/pages.css", get(pages::stylesheet))
        .layer(from_fn_with_state(app.clone(), pages::protect));

    let widget = Router::new()
        .route("/checkout.js", get(assets::loader))
        .route("/assets/{hash}/{*path}", get(assets::file))
        .route("/csp", get(assets::csp))
        .with_state(Arc::new(assets::Widget::embedded(
            &*app.public_url,
            vec![app.provider.checkout_origin().to_owned()],
        )));

    let provider = Router::new().route("/webhooks/dodo", post(webhooks::accept));

    Router::new()
        .merge(browser)
        .merge(pages)
        .merge(widget)
        .merge(provider)
        .layer(from_fn_with_state(app.clone(), origin::known_host))
        .layer(from_fn(answer::contain))
        .with_state(app.clone())
}

/// What only operators reach, on its own listener.
pub fn operations(app: &App, metrics: metrics_exporter_prometheus::PrometheusHandle) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(serve::ready))
        .route("/metrics", get(async move || metrics.render()))
        .route("/selling", get(selling::show).put(selling::turn))
        .layer(from_fn(answer::contain))
        .with_state(app.clone())
}
