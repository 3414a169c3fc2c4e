//! `GET /metrics`: what was counted as it happened, and what is counted in the store when somebody asks.

use metrics::gauge;
use metrics_exporter_prometheus::PrometheusHandle;

use crate::app::App;
use crate::store::lists::Condition;

/// The states of subscriptions that have a line each; others are `other`.
const SUBSCRIPTIONS: [&str; 8] =
    ["pending", "active", "on_hold", "past_due", "paused", "cancelled", "failed", "expired"];

pub(super) async fn show(app: App, recorded: &PrometheusHandle) -> String {
    match app.store.outbox_depth().await {
        Ok(depth) => depth.report(app.clock.now()),
        Err(error) => tracing::error!(%error, "the outbox could not be counted"),
    }
    match app.store.condition().await {
        Ok(condition) => report(&condition),
        // What was counted before is told all the same; /readyz says that the store fails.
        Err(error) => tracing::error!(%error, "the store could not be counted"),
    }
    recorded.render()
}

fn report(condition: &Condition) {
    gauge!("checkout_notices_stuck").set(number(condition.stuck));
    gauge!("checkout_orders_to_review").set(number(condition.needs_review));
    gauge!("checkout_orders_paid_twice").set(number(condition.paid_twice));
    gauge!("checkout_refetches_waiting").set(number(condition.refetches.iter().map(|(_, count)| count).sum()));
    let known = |state: &str| SUBSCRIPTIONS.contains(&state);
    let count = |is: &dyn Fn(&str) -> bool| -> u64 {
        condition.subscriptions.iter().filter(|(state, _)| is(state)).map(|(_, count)| count).sum()
    };
    for state in SUBSCRIPTIONS {
        gauge!("checkout_subscriptions", "status" => state).set(number(count(&|of| of == state)));
    }
    gauge!("checkout_subscriptions", "status" => "other").set(number(count(&|of| !known(of))));
}

/// Prometheus counts in floating point; nobody has 2^32 of these.
fn number(count: u64) -> f64 {
    u32::try_from(count).unwrap_or(u32::MAX).into()
}
