//! Sweeps: the provider's lists of payments, subscriptions, refunds and disputes are compared with what we
//! know, and what differs is asked for in full (G18). Every hour, every day, and on demand.

use std::time::Duration;

use jiff::Timestamp;

use super::difference::{What, difference};
use super::refetch::{Unanswered, about};
use super::{TICK, patience};
use crate::app::App;
use crate::fault::crash_point;
use crate::provider::objects::Row;
use crate::provider::{Kind, Page, ProviderError};
use crate::store::StoreError;

pub mod plan;
pub mod report;

use plan::{Memory, Scope};
use report::Report;

/// How far a sweep is.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// Sweeps that were begun since the start.
    pub run: u64,
    /// What the present or the last one has found.
    pub report: Option<Report>,
    /// What is looked through right now, and at which page.
    pub at: Option<(Kind, u32)>,
    /// Why it was interrupted; it goes on by itself.
    pub interrupted: Option<&'static str>,
}

impl Progress {
    /// Whether one has seen all.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.report.as_ref().is_some_and(|report| report.finished_at.is_some())
    }
}

/// Why a sweep stopped before its end.
enum Stopped {
    /// The provider does not answer.
    Silent,
    /// Somebody wants another one.
    Superseded,
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Sweeps when it is time, and when it is demanded, until it is dropped.
pub(super) async fn run(app: &App) {
    let (mut failures, mut failed_at) = (0, None::<Timestamp>);
    loop {
        let now = app.clock.now();
        let demanded = app.healing.demanded();
        // A clock that was set back makes nobody wait for the time before.
        let has_waited = |failed_at: Timestamp| now < failed_at || now >= failed_at + patience(failures);
        let may = demanded.is_some() || failed_at.is_none_or(has_waited);
        let swept = if may { sweep(app, demanded, now).await } else { Ok(false) };
        match swept {
            Ok(true) => (failures, failed_at) = (0, None),
            Ok(false) | Err(Stopped::Superseded) => {}
            Err(stopped) => {
                failures = if failed_at.is_some() { failures.saturating_add(1) } else { 0 };
                failed_at = Some(app.clock.now());
                interrupt(app, &stopped);
            }
        }
        app.healing.tick(TICK).await;
    }
}

fn interrupt(app: &App, stopped: &Stopped) {
    let why = if let Stopped::Store(error) = stopped {
        tracing::error!(%error, "a sweep was interrupted and goes on later");
        "the database failed"
    } else {
        tracing::warn!("a sweep was interrupted and goes on later: the provider does not answer");
        "the provider does not answer"
    };
    metrics::counter!("checkout_sweeps_total", "outcome" => "interrupted").increment(1);
    app.healing.progress.send_modify(|progress| progress.interrupted = Some(why));
}

/// One sweep to its end: the demanded one, or the one that was interrupted, or the one that is due.
/// `false` where there is none.
async fn sweep(app: &App, demanded: Option<Scope>, now: Timestamp) -> Result<bool, Stopped> {
    let mut memory = match app.store.sweep_memory().await? {
        Some(memory) => memory,
        None => Memory::new(now, app.store.oldest_checkout().await?),
    };
    let scope = match (demanded, &memory.under_way) {
        (Some(scope), _) => Some(scope),
        (None, Some(_)) => None,
        (None, None) => match memory.due(now) {
            Some(scope) if !app.healing.is_resting() => Some(scope),
            _ => return Ok(remember_first(app, &memory).await.map(|()| false)?),
        },
    };
    if let Some(scope) = scope {
        memory.begin(scope, now);
        // So that it goes on when the provider does not answer yet.
        app.store.remember_sweep(&memory).await?;
        crash_point("sweep.begun");
    }
    app.healing.begin(memory.under_way.as_ref().map(|sweep| sweep.report.clone()));
    while let Some(listing) = memory.listing() {
        app.healing.at(listing.kind, listing.page);
        app.healing.pace.turn().await;
        let page = app.provider.page(&listing).await.map_err(|error| silent(&error))?;
        crash_point("sweep.listed");
        let is_empty = page.is_empty;
        if let Some(sweep) = &mut memory.under_way {
            compare(app, listing.kind, page, &mut sweep.report).await?;
            app.healing.show(&sweep.report);
        }
        crash_point("sweep.compared");
        memory.turn(is_empty);
        app.store.remember_sweep(&memory).await?;
        crash_point("sweep.page_stored");
        if app.healing.is_demanded() {
            return Err(Stopped::Superseded);
        }
    }
    memory.finish(app.clock.now());
    app.store.remember_sweep(&memory).await?;
    crash_point("sweep.finished");
    if let Some(report) = &memory.last {
        tell(report);
        app.healing.end(report);
    }
    Ok(true)
}

/// When a helper began has to be known at its first sweep, which is later.
async fn remember_first(app: &App, memory: &Memory) -> Result<(), StoreError> {
    if app.store.sweep_memory().await?.is_none() { app.store.remember_sweep(memory).await } else { Ok(()) }
}

fn silent(error: &ProviderError) -> Stopped {
    tracing::warn!(%error, "a list of the provider's could not be read");
    Stopped::Silent
}

/// Compares a page with what we know, and mends what differs.
async fn compare(app: &App, kind: Kind, page: Page, report: &mut Report) -> Result<(), Stopped> {
    let Page { rows, unreadable, is_empty: _ } = page;
    report.looked_at = report.looked_at.saturating_add(rows.len() as u64);
    report.unreadable = report.unreadable.saturating_add(unreadable);
    let known = app.store.known(kind, rows.iter().map(|row| row.id.clone()).collect()).await?;
    for Row { id, seen } in rows {
        if let Some(what) = difference(known.get(&id), &seen) {
            let labels = [("kind", kind.as_str()), ("differs", what.as_str())];
            metrics::counter!("checkout_sweep_differences_total", &labels).increment(1);
            crash_point("sweep.differs");
            mend(app, kind, &id, what, report).await?;
        }
    }
    Ok(())
}

/// Asks for an object in full, and looks whether it is the same on both sides then.
async fn mend(app: &App, kind: Kind, id: &str, what: What, report: &mut Report) -> Result<(), Stopped> {
    match about(app, kind, id).await {
        Ok(theirs) => {
            let ours = app.store.known(kind, vec![id.to_owned()]).await?;
            match difference(ours.get(id), &theirs) {
                None => report.mended(),
                Some(what) => {
                    tracing::error!(
                        kind = kind.as_str(),
                        id,
                        differs = what.as_str(),
                        "a difference could not be mended"
                    );
                    report.open(kind, id, what);
                }
            }
            Ok(())
        }
        Err(Unanswered::Gone | Unanswered::Refused) => {
            report.open(kind, id, what);
            Ok(())
        }
        Err(Unanswered::Later) => Err(Stopped::Silent),
        Err(Unanswered::Store(StoreError::Impossible { table, id: row, column })) => {
            tracing::error!(table, row, column, "an answer was kept and could not be folded");
            report.open(kind, id, what);
            Ok(())
        }
        Err(Unanswered::Store(error)) => Err(error.into()),
    }
}

fn tell(report: &Report) {
    let Report { scope, looked_at, differing, mended, still_open, unreadable, .. } = report;
    tracing::info!(
        scope = scope.as_str(),
        looked_at,
        differing,
        mended,
        still_open,
        unreadable,
        "a sweep has compared the provider's lists with what we know"
    );
    metrics::counter!("checkout_sweeps_total", "outcome" => scope.as_str()).increment(1);
    #[expect(clippy::cast_precision_loss, reason = "a gauge")]
    metrics::gauge!("checkout_sweep_finished_seconds").set(report.finished_at.map_or(0, Timestamp::as_second) as f64);
    metrics::gauge!("checkout_sweep_open").set(u32::try_from(*still_open).unwrap_or(u32::MAX));
}

impl super::Healing {
    /// Asks for a sweep, to begin at once; gives what its progress will be numbered, at least.
    pub fn demand(&self, scope: Scope) -> u64 {
        let next = self.progress.borrow().run.saturating_add(1);
        self.demand.send_replace(Some(scope));
        next
    }

    /// Waits for the end of a sweep that was demanded; gives how far it is by then.
    pub async fn wait_for(&self, run: u64, patience: Duration) -> Progress {
        let mut progress = self.progress.subscribe();
        let ended = progress.wait_for(|progress| progress.run >= run && progress.is_finished());
        let ended = tokio::time::timeout(patience, ended).await;
        drop(ended);
        self.progress()
    }

    fn is_demanded(&self) -> bool {
        self.demand.borrow().is_some()
    }

    fn demanded(&self) -> Option<Scope> {
        self.demand.send_replace(None)
    }

    /// Waits a while, or until somebody demands a sweep.
    async fn tick(&self, tick: Duration) {
        let mut demand = self.demand.subscribe();
        drop(tokio::time::timeout(tick, demand.wait_for(Option::is_some)).await);
    }

    fn begin(&self, report: Option<Report>) {
        self.progress.send_modify(|progress| {
            *progress = Progress { run: progress.run.saturating_add(1), report, at: None, interrupted: None };
        });
    }

    fn at(&self, kind: Kind, page: u32) {
        self.progress.send_modify(|progress| progress.at = Some((kind, page)));
    }

    fn show(&self, report: &Report) {
        self.progress.send_modify(|progress| progress.report = Some(report.clone()));
    }

    fn end(&self, report: &Report) {
        self.progress.send_modify(|progress| {
            progress.report = Some(report.clone());
            progress.at = None;
        });
    }
}
