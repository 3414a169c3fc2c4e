//! `clock`: the helper's wall clock is set forward and back by an hour under load (G21). Nothing is lost,
//! doubled or out of order; webhooks with a true signature are refused while the clock is wrong, and taken
//! afterwards; `/readyz` names the skew; and nothing waits for the hour that the clock was ahead.

use std::time::{Duration, Instant};

use checkout_tests::http::client;

use crate::helper::{Executable, Helper};
use crate::history::{Entry, History, Outcome, What};
use crate::load::{Crowd, Load, let_time_pass, settle};
use crate::oracle;
use crate::run::{Options, block_on};
use crate::shim::Shim;
use crate::verdict::Verdict;
use crate::world::World;

const STEPS: u64 = 20;
/// How far a step goes, in seconds.
const STEP: i64 = 3_600;
/// How long the clock stays as it is, in milliseconds: this, and up to as much again.
const STAY: u64 = 1_500;
/// How long anything may take that does not wait for the clock: much less than the hour of a step.
const PATIENCE: Duration = Duration::from_mins(10);

/// Runs the command.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(async {
        let world = World::start(options, "clock").await;
        let shim = Shim::new(&world);
        let history = History::default();
        let mut verdict = Verdict::default();
        if let Err(failure) = step(&world, &shim, &history, options, &mut verdict).await {
            verdict.check(false, failure);
        }
        world.close(&history, &verdict);
        verdict
    })
}

async fn step(
    world: &World,
    shim: &Shim,
    history: &History,
    options: &Options,
    verdict: &mut Verdict,
) -> Result<(), String> {
    let mut chance = world.chance("steps");
    let helper = Helper::start(world, &shim.start(Executable::Product, &[])).await?;
    let load = Load::start(world, Crowd::default(), history);
    let (mut off, mut wrong) = (0, Vec::new());
    let mut stay = || Duration::from_millis(STAY + chance.below(STAY));
    tokio::time::sleep(stay()).await;
    let steps = options.count.unwrap_or(STEPS);
    for number in 0..steps {
        // Forward, back, back, forward: each way from each side of the truth.
        off = [STEP, 0, -STEP, 0][usize::try_from(number % 4).unwrap_or(0)];
        shim.set_clock(off);
        let begun = history.now();
        tokio::time::sleep(stay()).await;
        if off == 0 {
            works(history, begun, verdict).await;
        } else {
            is_told(world, verdict).await;
            wrong.push((begun, history.now()));
        }
    }
    if off != 0 {
        shim.set_clock(0);
        works(history, history.now(), verdict).await;
    }
    let finished = load.finish(PATIENCE).await;
    // What was planned while the clock was ahead would be asked for in an hour.
    let_time_pass(world)?;
    for left in [finished, settle(world, PATIENCE).await] {
        verdict.check(left.is_ok(), left.err().unwrap_or_default());
    }
    verdict.count("steps", steps);
    verdict.count("orders acknowledged", history.count(What::Order, Outcome::Acknowledged));
    let refused = refusals(history, &wrong, verdict);
    let mut found = oracle::check(world, history, &world.database()).await;
    // Those were looked at above: while the clock is wrong, that is as it should be.
    let is_refusal = |failure: &String| failure.starts_with("G13: a signed webhook was refused");
    let excused = found.failures.iter().filter(|failure| is_refusal(failure)).count() as u64;
    found.failures.retain(|failure| !is_refusal(failure));
    verdict.check(excused == refused, format!("{excused} refusals, of which {refused} are excused"));
    verdict.join(found);
    let ended = helper.terminate().await?;
    verdict.check(ended.success(), format!("the last stop ended with {ended}"));
    Ok(())
}

/// With its clock right, the helper takes orders and webhooks.
async fn works(history: &History, since: u64, verdict: &mut Verdict) {
    let begun = Instant::now();
    let done =
        |what: What| history.acknowledged_since(since, |entry: &Entry| entry.what == what && entry.invoked > since);
    while !(done(What::Order) && done(What::Webhook)) {
        if begun.elapsed() > PATIENCE {
            verdict.check(false, "after the clock was set right nothing is acknowledged");
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    verdict.check(true, "");
}

/// Whoever looks after the helper is told.
async fn is_told(world: &World, verdict: &mut Verdict) {
    let read = async |path: &str| {
        let answer = client().get(format!("{}{path}", world.operations.url())).send().await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    };
    let (status, text) = read("/readyz").await.unwrap_or_default();
    verdict.check(status == 503 && text.contains("skew"), format!("G21: /readyz says {status} {text}"));
    let (_, metrics) = read("/metrics").await.unwrap_or_default();
    let skew = metrics.lines().find_map(|line| line.strip_prefix("checkout_provider_clock_skew_seconds "));
    let skew = skew.and_then(|skew| skew.parse::<f64>().ok()).unwrap_or_default();
    verdict.check(skew.abs() > 3_000.0, format!("G21: the metric says {skew}"));
}

/// Webhooks that were refused: all of them while the clock was wrong. Gives how many.
fn refusals(history: &History, wrong: &[(u64, u64)], verdict: &mut Verdict) -> u64 {
    let refused = history.entries().into_iter();
    let refused = refused.filter(|entry| entry.what == What::Webhook && entry.outcome == Outcome::Refused);
    let mut count = 0;
    for entry in refused {
        count += 1;
        let excused = wrong.iter().any(|(begun, ended)| entry.answered >= *begun && entry.invoked <= *ended);
        verdict.check(excused, format!("G13: a webhook was refused with {:?} while the clock was right", entry.status));
    }
    verdict.check(count > 0, "G12: no webhook was refused while the clock was wrong");
    verdict.count("webhooks refused while the clock was wrong", count);
    count
}
