//! `points`: the helper ends at every named step (G2b), the first time that it comes there, the second and
//! the third, under the load of `kills` and whatever else it takes to get there; after each round the
//! oracle looks at everything. Steps that one life of a helper has once only come once.

use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use checkout_server::fault::POINTS;
use rustix::process::Signal;

use crate::helper::{Executable, Helper, Start};
use crate::history::History;
use crate::load::{Crowd, Load, settle};
use crate::oracle::{self, answers};
use crate::run::{Options, block_on};
use crate::verdict::Verdict;
use crate::world::World;

mod stage;

use stage::Stage;

/// First, second and third time.
const TIMES: u64 = 3;
/// How long a step that has to come may take, and one that may. A sweep asks at the provider's pace.
const PATIENCE: Duration = Duration::from_mins(3);
const SHORT: Duration = Duration::from_secs(15);
/// Between two looks whether it has ended.
const LOOK: Duration = Duration::from_millis(30);
/// How long everybody may take to be told in the end.
const END: Duration = Duration::from_mins(4);
/// How long the shop is open before the first step: there is something to give back, to claim, to sweep.
const WARM: Duration = Duration::from_secs(4);

/// Why orders may be refused: the provider misbehaves on purpose.
const REFUSED: [&str; 2] = ["order_closed", "amount_too_small"];

/// Runs the command. `--count 1` goes to each step once.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(rounds(options))
}

async fn rounds(options: &Options) -> Verdict {
    let mut verdict = Verdict::default();
    for time in 1..=options.count.unwrap_or(TIMES).min(TIMES) {
        let world = World::start(options, "points").await;
        let history = History::default();
        let mut stage = Stage::new(world);
        let round = round(&mut stage, &history, options, time).await.unwrap_or_else(|failure| {
            let mut verdict = Verdict::default();
            verdict.check(false, format!("round {time}: {failure}"));
            verdict
        });
        let failed = !round.failures.is_empty();
        stage.world.close(&history, &round);
        verdict.join(round);
        if failed {
            break;
        }
    }
    verdict
}

async fn round(stage: &mut Stage, history: &History, options: &Options, time: u64) -> Result<Verdict, String> {
    let mut verdict = Verdict::default();
    let begun = Instant::now();
    let helper = Helper::start(&stage.world, &faults(None)).await?;
    let load = Load::start(&stage.world, Crowd::default(), history);
    tokio::time::sleep(WARM).await;
    helper.kill().await;
    let mut deaths = 1;
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    for (name, _) in POINTS.iter().filter(|(name, _)| wanted(name) && (time == 1 || comes_again(name))) {
        for before in stage::before(name) {
            deaths += u64::from(reach(stage, before, 1, PATIENCE).await?);
        }
        let patience = if time == 1 { PATIENCE } else { SHORT };
        let reached = reach(stage, name, nth(name, time), patience).await?;
        deaths += 1;
        verdict.check(reached || time > 1, format!("{name} was never reached"));
        verdict.count("steps reached", u64::from(reached));
        verdict.count("steps that did not come again", u64::from(!reached));
    }
    stage.set(stage::END)?;
    let helper = Helper::start(&stage.world, &faults(None)).await?;
    stage.tidy_up().await;
    for left in [load.finish(END).await, settle(&stage.world, END).await] {
        verdict.check(left.is_ok(), left.err().unwrap_or_default());
    }
    verdict.join(answers::worked(history, &REFUSED));
    verdict.join(oracle::check(&stage.world, history, &stage.world.database()).await);
    verdict.join(stage.intents());
    let ended = helper.terminate().await?;
    verdict.check(ended.success(), format!("the last stop ended with {ended}"));
    verdict.count("deaths", deaths);
    verdict.count("seconds", begun.elapsed().as_secs());
    Ok(verdict)
}

/// Starts a helper that ends there, and does what leads there until it has. Whether it did.
async fn reach(stage: &mut Stage, name: &str, nth: u64, patience: Duration) -> Result<bool, String> {
    stage.set(name)?;
    let mut helper = match Helper::start(&stage.world, &faults(Some(format!("{name}:{nth}")))).await {
        Ok(helper) => helper,
        Err(why) if why.contains("SIGKILL") => return Ok(true),
        Err(why) => return Err(format!("{name}: {why}")),
    };
    let begun = Instant::now();
    let ended = loop {
        if let Some(ended) = helper.exited() {
            break Some(ended);
        }
        if begun.elapsed() > patience {
            break None;
        }
        stage.act(name, &helper).await;
        tokio::time::sleep(LOOK).await;
    };
    stage.clear();
    match ended {
        Some(ended) if ended.signal() == Some(Signal::KILL.as_raw()) => Ok(true),
        Some(ended) => Err(format!("{name}: it ended with {ended}")),
        None => {
            helper.kill().await;
            Ok(false)
        }
    }
}

fn faults(crash_at: Option<String>) -> Start {
    let env = crash_at.map(|at| ("CRASH_AT".to_owned(), at)).into_iter().collect();
    Start { executable: Executable::Faults, env }
}

/// A helper starts and stops once.
fn comes_again(name: &str) -> bool {
    !name.starts_with("start.") && !name.starts_with("stop.")
}

/// The first groups are those of the start: the later ones are those of the load.
fn nth(name: &str, time: u64) -> u64 {
    if name.starts_with("group.") { [1, 30, 150][usize::try_from(time - 1).unwrap_or(0).min(2)] } else { time }
}
