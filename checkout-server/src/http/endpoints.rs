//! `GET /endpoints` and `POST /endpoints/{id}/enable`, on the operations listener: how the merchant's
//! endpoints fare, and sending to one again that was disabled.

use axum::Json as Answer;
use axum::extract::{Path, State};
use serde::Serialize;

use super::who::Operator;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::{Code, Problem};

/// All of them, in the order of the settings.
#[derive(Serialize)]
pub(super) struct Shown {
    endpoints: Vec<ShownEndpoint>,
}

#[derive(Serialize)]
struct ShownEndpoint {
    name: String,
    state: &'static str,
    /// Failed tries in a row.
    failures: u32,
    /// RFC 3339, UTC; `null` where the last try arrived.
    failing_since: Option<String>,
}

/// What enabling one did.
#[derive(Serialize)]
pub(super) struct Enabled {
    /// Messages that are sent to it now, in order.
    waiting: u32,
}

pub(super) async fn list(_: Operator, State(app): State<App>) -> Result<Answer<Shown>, Problem> {
    let fare = app.store.endpoints().await?;
    let shown = app.endpoints.iter().map(|endpoint| {
        let health = fare.get(&endpoint.id).copied().unwrap_or_default();
        ShownEndpoint {
            name: endpoint.id.clone(),
            state: health.state.as_str(),
            failures: health.failures,
            failing_since: health.failing_since.map(rfc3339),
        }
    });
    Ok(Answer(Shown { endpoints: shown.collect() }))
}

pub(super) async fn enable(
    _: Operator,
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Answer<Enabled>, Problem> {
    if !app.endpoints.iter().any(|endpoint| endpoint.id == id) {
        return Err(Code::NotFound.into());
    }
    // Done to the end, also when the operator hangs up.
    let enabling = {
        let app = app.clone();
        async move { app.store.enable_endpoint(&id, app.clock.now()).await }
    };
    Ok(Answer(Enabled { waiting: app.finish(enabling).await?? }))
}
