//! An attempt to collect a failed renewal, as Dodo writes it.

use serde::Deserialize;

use super::{Field, value};
use crate::event::dunning::{DunningSeen, DunningState};

#[derive(Deserialize)]
struct Attempt<'a> {
    #[serde(borrow)]
    subscription_id: Field<'a>,
    #[serde(borrow)]
    status: Field<'a>,
}

/// Reads the data of `dunning.*`.
pub(super) fn read(object: &str) -> Option<DunningSeen> {
    let attempt: Attempt<'_> = serde_json::from_str(object).ok()?;
    Some(DunningSeen {
        subscription: value(attempt.subscription_id)?,
        state: match value::<String>(attempt.status).as_deref() {
            Some("recovering") => DunningState::Recovering,
            Some("recovered") => DunningState::Recovered,
            Some("exhausted") => DunningState::Exhausted,
            _ => DunningState::Unknown,
        },
    })
}
