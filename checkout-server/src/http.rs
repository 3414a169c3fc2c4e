//! Every route and layer: the table of contents of the helper's doors.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{delete, get, post};

use admission::Classes;
use who::{Merchant, Operator};

use crate::app::App;

mod access;
pub mod address;
pub(crate) mod admission;
pub mod answer;
pub mod assets;
mod catalog;
pub mod checkouts;
mod customers;
mod deliveries;
mod endpoints;
mod entitlements;
mod events;
pub mod extract;
mod headers;
pub mod json;
pub mod listing;
mod mend;
mod metrics;
pub mod openapi;
mod operator;
mod origin;
mod pages;
mod pay;
mod payments;
mod quotes;
mod ready;
mod reconcile;
mod refunds;
mod selling;
pub mod serve;
mod status;
mod subscriptions;
mod visitor;
mod webhooks;
pub mod who;

/// What buyers' browsers, the provider and merchants' backends reach.
pub fn router(app: &App) -> Router {
    let Classes { orders, reads, streams, webhooks, backends } = &app.admission;

    let browser = Router::new()
        .route("/v1/catalog", reads.admits(get(catalog::show)))
        .route("/v1/quotes", orders.admits(post(quotes::create)))
        .route("/v1/checkouts", orders.admits(post(checkouts::create)))
        .route("/v1/checkouts", backends.admits(get(checkouts::list::<Merchant>)))
        .route("/v1/checkouts/{id}", reads.admits(get(checkouts::show)))
        .route("/v1/checkouts/{id}/events", streams.admits(get(checkouts::follow)))
        .route("/v1/customer", reads.admits(get(customers::show)))
        .layer(from_fn_with_state(app.clone(), origin::cors));

    let merchant = Router::new()
        .route("/v1/customer-tokens", backends.admits(post(customers::create_token)))
        .route("/v1/customers/{reference}/entitlements", backends.admits(get(entitlements::show)))
        .route("/v1/customers/{reference}/claims", backends.admits(post(entitlements::claim)))
        .route("/v1/deliveries", backends.admits(get(deliveries::list::<Merchant>)))
        .route("/v1/deliveries/replay", backends.admits(post(deliveries::replay_many::<Merchant>)))
        .route("/v1/deliveries/{id}", backends.admits(get(deliveries::show::<Merchant>)))
        .route("/v1/deliveries/{id}/replay", backends.admits(post(deliveries::replay::<Merchant>)))
        .route("/v1/events", backends.admits(get(events::list::<Merchant>)))
        .route("/v1/events/{id}", backends.admits(get(events::show::<Merchant>)))
        .route("/v1/events/{id}/replay", backends.admits(post(events::replay::<Merchant>)))
        .route("/v1/payments", backends.admits(get(payments::list::<Merchant>)))
        .route("/v1/payments/{id}/refunds", backends.admits(post(refunds::create::<Merchant>)))
        .route("/v1/refunds/{id}", backends.admits(get(refunds::show::<Merchant>)))
        .route("/v1/subscriptions", backends.admits(get(subscriptions::list::<Merchant>)))
        .route("/v1/subscriptions/{id}", backends.admits(get(subscriptions::show::<Merchant>)));

    let pages = Router::new()
        .route("/pay/{price_id}", reads.admits(get(pay::show)).merge(orders.admits(post(pay::submit))))
        .route("/c/{id}", reads.admits(get(status::show)))
        .route("/mend/{token}", reads.admits(get(mend::show)).merge(orders.admits(post(mend::submit))))
        .layer(from_fn(pages::in_words))
        .route("/problems/{code}", reads.admits(get(pages::problem)))
        .route("/pages.css", reads.admits(get(pages::stylesheet)));

    let widget = Router::new()
        .route("/openapi.json", reads.admits(get(openapi::show)))
        .route("/checkout.js", reads.admits(get(assets::loader)))
        .route("/assets/{hash}/{*path}", reads.admits(get(assets::file)))
        .route("/csp", reads.admits(get(assets::csp)))
        .with_state(Arc::new(
            assets::Widget::embedded(&*app.public_url, vec![app.provider.checkout_origin().to_owned()])
                .with_releases(app.releases.clone()),
        ));

    let provider = Router::new().route("/webhooks/dodo", webhooks.admits(post(webhooks::accept)));

    Router::new()
        .merge(browser)
        .merge(merchant)
        .merge(pages)
        .merge(widget)
        .merge(provider)
        .layer(from_fn_with_state(app.clone(), who::leak::refuse))
        .layer(from_fn(origin::valid_path))
        .layer(from_fn_with_state(app.clone(), origin::known_host))
        .layer(from_fn(answer::contain))
        .layer(from_fn_with_state(app.clone(), headers::guard))
        .with_state(app.clone())
}

/// What only operators reach, on its own listener.
pub fn operations(app: &App, recorded: metrics_exporter_prometheus::PrometheusHandle) -> Router {
    Router::new()
        .route("/access", get(access::show).post(access::set))
        .route("/access/{id}", delete(access::lift))
        .route("/endpoints", get(endpoints::list))
        .route("/endpoints/{id}/enable", post(endpoints::enable))
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready::show).with_state(ready::Readiness::new(app.clone())))
        .route("/metrics", get(async move |State(app)| metrics::show(app, &recorded).await))
        .route("/reconcile", get(reconcile::show).post(reconcile::begin))
        .route("/selling", get(selling::show).put(selling::turn))
        .route("/v1/checkouts", get(checkouts::list::<Operator>))
        .route("/v1/deliveries", get(deliveries::list::<Operator>))
        .route("/v1/deliveries/replay", post(deliveries::replay_many::<Operator>))
        .route("/v1/deliveries/{id}", get(deliveries::show::<Operator>))
        .route("/v1/deliveries/{id}/replay", post(deliveries::replay::<Operator>))
        .route("/v1/events", get(events::list::<Operator>))
        .route("/v1/events/{id}", get(events::show::<Operator>))
        .route("/v1/events/{id}/replay", post(events::replay::<Operator>))
        .route("/v1/payments", get(payments::list::<Operator>))
        .route("/v1/payments/{id}/refunds", post(refunds::create::<Operator>))
        .route("/v1/refunds/{id}", get(refunds::show::<Operator>))
        .route("/v1/refunds/{id}/review", post(refunds::review))
        .route("/v1/subscriptions", get(subscriptions::list::<Operator>))
        .route("/v1/subscriptions/{id}", get(subscriptions::show::<Operator>))
        .merge(operator::router())
        .layer(from_fn(answer::contain))
        .layer(from_fn_with_state(app.clone(), headers::guard))
        .with_state(app.clone())
}
