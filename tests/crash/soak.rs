//! `soak`: minutes of load at about half of what the helper can do (G33). After a warm-up its memory and
//! its descriptors stay where they are, and the log of the database stays small.

use std::time::{Duration, Instant};

use crate::helper::{Helper, Start};
use crate::history::{History, Outcome, What};
use crate::load::{Crowd, Load, settle};
use crate::oracle::{self, stored};
use crate::run::{Options, block_on};
use crate::verdict::Verdict;
use crate::world::World;

mod samples;

use samples::{Sample, Samples};

const SECONDS: u64 = 600;
/// How long everybody asks as fast as they can, to see how fast that is.
const TRIAL: Duration = Duration::from_secs(5);
/// Orders a second at most, however fast the machine is: the provider here remembers all of them.
const FASTEST: u64 = 60;
const PATIENCE: Duration = Duration::from_mins(5);

/// Runs the command.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(async {
        let world = World::start(options, "soak").await;
        let history = History::default();
        let seconds = options.seconds.unwrap_or(SECONDS);
        let verdict = soak(&world, &history, seconds).await.unwrap_or_else(|failure| {
            let mut verdict = Verdict::default();
            verdict.check(false, failure);
            verdict
        });
        world.close(&history, &verdict);
        verdict
    })
}

async fn soak(world: &World, history: &History, seconds: u64) -> Result<Verdict, String> {
    let mut verdict = Verdict::default();
    let mut helper = Helper::start(world, &Start::default()).await?;
    let capacity = capacity(world).await?;
    let rate = (capacity / 2).clamp(1, FASTEST);
    let crowd = Crowd::default();
    let every = Duration::from_secs(crowd.buyers as u64) / u32::try_from(rate).unwrap_or(1);
    let load = Load::start(world, Crowd { every, ..crowd }, history);
    let (begun, mut samples) = (Instant::now(), Samples::default());
    while begun.elapsed() < Duration::from_secs(seconds) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let Some(ended) = helper.exited() {
            return Err(format!("the helper ended with {ended}"));
        }
        samples.add(Sample::of(world, &helper));
    }
    for left in [load.finish(PATIENCE).await, settle(world, PATIENCE).await] {
        verdict.check(left.is_ok(), left.err().unwrap_or_default());
    }
    verdict.count("seconds", seconds);
    verdict.count("orders a second at most", capacity);
    verdict.count("orders a second", history.count(What::Order, Outcome::Acknowledged) / seconds.max(1));
    samples.judge(seconds, &mut verdict);
    halves(history, seconds, &mut verdict);
    let ended = helper.terminate().await?;
    verdict.check(ended.success(), format!("the stop ended with {ended}"));
    kept(world, history, &mut verdict);
    Ok(verdict)
}

/// Orders a second, where everybody asks again as soon as they are answered.
async fn capacity(world: &World) -> Result<u64, String> {
    let history = History::default();
    let load = Load::start(world, Crowd { every: Duration::from_millis(1), ..Crowd::default() }, &history);
    tokio::time::sleep(TRIAL).await;
    let made = history.count(What::Order, Outcome::Acknowledged);
    load.finish(PATIENCE).await?;
    Ok(made / TRIAL.as_secs())
}

/// Whether answers get slower; told, because other programs share the machine.
fn halves(history: &History, seconds: u64, verdict: &mut Verdict) {
    let middle = seconds * 500_000;
    let of = |first: bool| {
        let in_half = |entry: &crate::history::Entry| (entry.intended < middle) == first;
        let millis = history.percentile_of(What::Order, 99, in_half).as_millis();
        u64::try_from(millis).unwrap_or(u64::MAX)
    };
    verdict.count("order p99 ms, first half", of(true));
    verdict.count("order p99 ms, second half", of(false));
}

/// Nothing was lost meanwhile, and everything fits together.
fn kept(world: &World, history: &History, verdict: &mut Verdict) {
    match oracle::open(&world.database()) {
        Ok(connection) => {
            verdict.join(stored::present(&connection, &history.acknowledged(|_| true)));
            verdict.join(stored::sound(&connection));
        }
        Err(error) => verdict.check(false, format!("the database opens: {error}")),
    }
    verdict.join(stored::folded(&world.database(), &world.catalog));
    verdict.join(oracle::answers::check(&history.entries()));
}
