//! Access that only takes time to change: a period that ends, a grace that runs out, a trial whose end
//! comes near. No notice tells of it, so somebody has to look at the clock (G20). Whoever asks
//! in between gets the right answer all the same (`store/access.rs`).

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::app::App;
use crate::fault::crash_point;
use crate::inbox;
use crate::store::StoreError;

/// How long nobody looks where nothing is due.
const NAP: SignedDuration = SignedDuration::from_hours(1);
/// How long news is gathered before it is looked at: what is told within it is looked at once.
const GATHER: Duration = Duration::from_millis(500);

/// Looks at the clock until the helper stops.
pub async fn run(app: App) {
    let mut news = app.news.subscribe();
    if let Err(error) = inbox::fold_stuck(&app).await {
        tracing::error!(%error, "the notices that are stuck could not be looked at");
    }
    loop {
        let next = match catch_up(&app).await {
            Ok(next) => next,
            Err(error) => {
                tracing::error!(%error, "what only takes time could not be looked at; tried again in a moment");
                app.clock.now() + SignedDuration::from_secs(5)
            }
        };
        tokio::select! {
            () = app.stopping.cancelled() => return,
            () = app.clock.sleep_until(next) => {}
            _ = news.changed() => tokio::select! {
                () = app.stopping.cancelled() => return,
                () = tokio::time::sleep(GATHER) => {}
            },
        }
    }
}

/// Does what is due, and says when to look again.
async fn catch_up(app: &App) -> Result<Timestamp, StoreError> {
    app.store.follow_the_catalog(&app.stopping).await?;
    crash_point("time.looked");
    while let Some(effects) = app.store.pass_time(app.clock.now()).await? {
        crash_point("time.passed");
        inbox::tell(app, &effects);
        if app.stopping.is_cancelled() {
            break;
        }
    }
    let nap = app.clock.now() + NAP;
    Ok(app.store.next_change().await?.map_or(nap, |next| next.min(nap)))
}
