//! `kills`: kill -9 at random moments, 1 to 150 ms after the helper is up, under load (G1, G3, G5, G6, G14,
//! G16, G22, G23). The file's integrity is looked at after each fiftieth kill, on a copy.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::helper::{Helper, Start};
use crate::history::{History, Outcome, What};
use crate::load::{Crowd, Load, settle};
use crate::oracle::{self, answers, stored};
use crate::run::{Options, block_on};
use crate::verdict::Verdict;
use crate::world::World;

const KILLS: u64 = 1_000;
/// Kills between two looks at the file.
const LOOK: u64 = 50;
/// How long everybody may take to be told after the last kill.
const PATIENCE: Duration = Duration::from_mins(10);

/// Runs the command.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(under_kills(options, &Start::default(), "kills"))
}

/// Kills a helper so often; the run's folder is called `command`.
pub(crate) async fn under_kills(options: &Options, start: &Start, command: &str) -> Verdict {
    let world = World::start(options, command).await;
    let history = History::default();
    let verdict = match kill(&world, &history, start, options.count.unwrap_or(KILLS)).await {
        Ok(verdict) => verdict,
        Err(failure) => {
            let mut verdict = Verdict::default();
            verdict.check(false, failure);
            verdict
        }
    };
    world.close(&history, &verdict);
    verdict
}

async fn kill(world: &World, history: &History, start: &Start, kills: u64) -> Result<Verdict, String> {
    let mut verdict = Verdict::default();
    let mut chance = world.chance("kills");
    let mut helper = Helper::start(world, start).await?;
    let load = Load::start(world, Crowd::default(), history);
    let (begun, mut restarts) = (Instant::now(), Vec::new());
    for kill in 1..=kills {
        tokio::time::sleep(Duration::from_millis(1 + chance.below(150))).await;
        helper.kill().await;
        if kill % LOOK == 0 {
            look(world, &mut verdict);
        }
        helper = Helper::start(world, start).await?;
        restarts.push(helper.started_in);
    }
    let took = begun.elapsed();
    for left in [load.finish(PATIENCE).await, settle(world, PATIENCE).await] {
        verdict.check(left.is_ok(), left.err().unwrap_or_default());
    }
    tell(&mut verdict, history, took, restarts);
    verdict.join(answers::worked(history, &["order_closed"]));
    verdict.join(oracle::check(world, history, &world.database()).await);
    let ended = helper.terminate().await?;
    verdict.check(ended.success(), format!("the last stop ended with {ended}"));
    Ok(verdict)
}

/// The counts of a run under kills.
fn tell(verdict: &mut Verdict, history: &History, took: Duration, mut restarts: Vec<Duration>) {
    restarts.sort_unstable();
    let at = |percent: usize| restarts.get(restarts.len() * percent / 100).map_or(0, Duration::as_millis);
    let millis = |time: u128| u64::try_from(time).unwrap_or(u64::MAX);
    let kills = restarts.len() as u64;
    verdict.count("kills", kills);
    verdict.count("kills in 100 s", kills * 100_000 / millis(took.as_millis()).max(1));
    verdict.count("restart p50 ms", millis(at(50)));
    verdict.count("restart p99 ms", millis(at(99)));
    verdict.count("orders acknowledged", history.count(What::Order, Outcome::Acknowledged));
    verdict.count("orders unknown", history.count(What::Order, Outcome::Unknown));
    verdict.count("orders refused", history.count(What::Order, Outcome::Refused));
    verdict.count("webhooks acknowledged", history.count(What::Webhook, Outcome::Acknowledged));
    verdict.count("webhooks unknown", history.count(What::Webhook, Outcome::Unknown));
    verdict.count("order p50 ms", millis(history.percentile(What::Order, 50).as_millis()));
}

/// Whether the file is whole as the kill left it: on a copy, because opening it would mend it.
fn look(world: &World, verdict: &mut Verdict) {
    let copy = world.folder.join("copy");
    let looked = copied(&world.data(), &copy).and_then(|()| {
        oracle::open_and_recover(&copy.join("checkout.db")).map_err(|error| std::io::Error::other(error.to_string()))
    });
    match looked {
        Ok(connection) => verdict.join(stored::sound(&connection)),
        Err(error) => verdict.check(false, format!("the database opens after a kill: {error}")),
    }
    drop(fs::remove_dir_all(copy));
}

/// The database and its log. What is shared in memory is worth nothing after a crash.
fn copied(from: &Path, to: &Path) -> std::io::Result<()> {
    drop(fs::remove_dir_all(to));
    fs::create_dir_all(to)?;
    for file in ["checkout.db", "checkout.db-wal"] {
        if from.join(file).exists() {
            fs::copy(from.join(file), to.join(file))?;
        }
    }
    Ok(())
}
