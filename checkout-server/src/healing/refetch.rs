//! Works off the queue of objects that the provider has to be asked about.

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use super::{TICK, patience};
use crate::app::App;
use crate::error::Code;
use crate::event::Seen;
use crate::fault::crash_point;
use crate::inbox;
use crate::provider::{Kind, Observed, ProviderError};
use crate::store::StoreError;
use crate::store::refetches::Refetch;

/// Objects that are looked at in one round.
const ROUND: u32 = 64;
/// Questions at once.
const AT_ONCE: usize = 4;

/// Works until it is dropped.
pub(super) async fn run(app: &App) {
    loop {
        if !app.healing.is_resting() {
            round(app).await;
        }
        tokio::time::sleep(TICK).await;
    }
}

async fn round(app: &App) {
    match app.store.due_refetches(app.clock.now(), ROUND).await {
        Ok(due) => stream::iter(due).for_each_concurrent(AT_ONCE, |due| work_off(app, due)).await,
        Err(error) => tracing::error!(%error, "the queue of questions could not be read"),
    }
}

async fn work_off(app: &App, refetch: Refetch) {
    if let Err(error) = ask(app, &refetch).await {
        // It stays in the queue.
        tracing::error!(%error, object = %refetch.object, "an answer of the provider could not be kept");
    }
}

async fn ask(app: &App, Refetch { kind, object, reason, attempts, .. }: &Refetch) -> Result<(), StoreError> {
    if let Err(from) = app.healing.may_ask(object, app.clock.now()) {
        return app.store.postpone_refetch(object, from).await;
    }
    crash_point("refetch.due");
    let outcome = match about(app, *kind, object).await {
        Ok(_) => "answered",
        Err(Unanswered::Gone) => {
            app.store.drop_refetch(object, app.clock.now()).await?;
            tracing::warn!(kind = kind.as_str(), %object, "the provider does not have an object that it told of");
            "gone"
        }
        Err(Unanswered::Refused) => {
            app.store.drop_refetch(object, app.clock.now()).await?;
            "refused"
        }
        Err(Unanswered::Later) => {
            let now = app.clock.now();
            app.store.put_off(object, now + patience(*attempts), now).await?;
            crash_point("refetch.put_off");
            "later"
        }
        Err(Unanswered::Store(error)) => return Err(error),
    };
    metrics::counter!("checkout_refetches_total", "reason" => reason.clone(), "outcome" => outcome).increment(1);
    Ok(())
}

/// Why nothing came of a question.
pub(super) enum Unanswered {
    /// The provider has no such object.
    Gone,
    /// It will never answer that.
    Refused,
    /// It did not answer now.
    Later,
    /// Its answer could not be kept.
    Store(StoreError),
}

/// Asks about an object and folds the answer in. Gives what was seen.
pub(super) async fn about(app: &App, kind: Kind, object: &str) -> Result<Seen, Unanswered> {
    app.healing.pace.turn().await;
    // The state is as of some moment between question and answer: the question's is believed, so that a
    // webhook that was signed meanwhile counts as newer.
    let asked_at: Timestamp = app.clock.now();
    let observed = app.provider.object(kind, object).await.map_err(|error| match error {
        ProviderError::Rejected { code: Code::NotFound, .. } => Unanswered::Gone,
        ProviderError::Rejected { said, .. } => {
            tracing::error!(kind = kind.as_str(), %object, %said, "the provider refuses to show an object");
            Unanswered::Refused
        }
        ProviderError::Unavailable(_) | ProviderError::Unknown(_) => Unanswered::Later,
    })?;
    crash_point("refetch.answered");
    let Observed { body, notice } = observed;
    let seen = notice.seen.clone();
    let effects = inbox::answered(app, kind.as_str(), body, notice, asked_at).await.map_err(Unanswered::Store)?;
    match effects.stuck {
        Some(error) => Err(Unanswered::Store(error)),
        None => Ok(seen),
    }
}
