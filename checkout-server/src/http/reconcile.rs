//! `POST /reconcile` and `GET /reconcile`: a sweep on demand and how far it is, on the operations
//! listener.

use std::time::Duration;

use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::extract::Json;
use super::who::Operator;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::Problem;
use crate::healing::sweep::Progress;
use crate::healing::sweep::plan::Scope;
use crate::healing::sweep::report::{Open, Report};

/// How long a caller waits for the end: less than its own patience.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which sweep is wanted.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Without it, a full one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
}

/// How far the present sweep is, or how the last one ended.
#[derive(Serialize)]
pub(super) struct Shown {
    /// `never`, `running` or `finished`.
    state: &'static str,
    /// Grows with each sweep: the one that was asked for has ended when this one has.
    run: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    /// Why it has stopped for a while.
    #[serde(skip_serializing_if = "Option::is_none")]
    interrupted: Option<&'static str>,
    /// What is looked through right now.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<At>,
    looked_at: u64,
    unreadable: u64,
    differing: u64,
    mended: u64,
    still_open: u64,
    open: Vec<Open>,
}

/// A page of a list.
#[derive(Serialize)]
struct At {
    kind: &'static str,
    page: u32,
}

pub(super) async fn begin(
    _: Operator,
    State(app): State<App>,
    Json(Wanted { scope }): Json<Wanted>,
) -> Result<Answer<Shown>, Problem> {
    let run = app.healing.demand(scope.unwrap_or(Scope::Full));
    let progress = app.healing.wait_for(run, PATIENCE).await;
    Ok(Answer(shown(progress, Some(run))))
}

pub(super) async fn show(_: Operator, State(app): State<App>) -> Answer<Shown> {
    Answer(shown(app.healing.progress(), None))
}

/// `wanted` is the number of the sweep that was asked for, which may not have begun yet.
fn shown(progress: Progress, wanted: Option<u64>) -> Shown {
    let waits = wanted.is_some_and(|wanted| progress.run < wanted);
    let state = match (&progress.report, progress.is_finished()) {
        _ if waits => "running",
        (None, _) => "never",
        (Some(_), true) => "finished",
        (Some(_), false) => "running",
    };
    let Progress { run, report, at, interrupted } = progress;
    let report = report.filter(|_| !waits);
    let empty = Report::new(Scope::Full, jiff::Timestamp::UNIX_EPOCH);
    let known = report.as_ref();
    Shown {
        state,
        run: wanted.unwrap_or(run).max(run),
        scope: known.map(|report| report.scope),
        started_at: known.map(|report| rfc3339(report.started_at)),
        finished_at: known.and_then(|report| report.finished_at).map(rfc3339),
        interrupted,
        at: at.map(|(kind, page)| At { kind: kind.as_str(), page }),
        looked_at: known.unwrap_or(&empty).looked_at,
        unreadable: known.unwrap_or(&empty).unreadable,
        differing: known.unwrap_or(&empty).differing,
        mended: known.unwrap_or(&empty).mended,
        still_open: known.unwrap_or(&empty).still_open,
        open: report.map(|report| report.open).unwrap_or_default(),
    }
}
