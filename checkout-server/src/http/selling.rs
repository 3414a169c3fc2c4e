//! `GET /selling` and `PUT /selling`: the kill switch, on the operations listener.

use axum::Json as Answer;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::extract::Json;
use super::who::Operator;
use crate::app::App;
use crate::clock::rfc3339;
use crate::error::{Code, Problem};
use crate::selling::Switch;

/// Characters of a reason.
const LONGEST_REASON: usize = 200;

/// How the switch is to stand.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    selling: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// How it stands.
#[derive(Serialize)]
pub(super) struct Shown {
    selling: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// RFC 3339, UTC; absent where it was never used.
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<String>,
}

pub(super) async fn show(State(app): State<App>) -> Answer<Shown> {
    let Switch { selling, reason, changed_at } = app.selling.switch();
    Answer(Shown { selling, reason, changed_at: changed_at.map(rfc3339) })
}

pub(super) async fn turn(
    _: Operator,
    State(app): State<App>,
    Json(Wanted { selling, reason }): Json<Wanted>,
) -> Result<Answer<Shown>, Problem> {
    if reason.as_ref().is_some_and(|reason| reason.chars().count() > LONGEST_REASON) {
        return Err(Problem::at(Code::TextInvalid, "/reason"));
    }
    // Done to the end, also when the operator hangs up.
    let turning = {
        let app = app.clone();
        let switch = Switch { selling, reason, changed_at: Some(app.clock.now()) };
        async move { app.selling.turn(&app.store, switch).await }
    };
    app.finish(turning).await??;
    Ok(show(State(app)).await)
}
