//! `restart`: from the start of the process until it answers (G34), after a kill: with a small database, and
//! with a large one in which many messages wait. Then a copy of the large one, and how long it takes to
//! put it in place (G2e). `--count` is the number of customers of the large one, of about 15 KB each.

use std::time::{Duration, Instant};

use checkout_tests::merchant::Play;

use crate::backup::command;
use crate::helper::{Helper, Start};
use crate::history::History;
use crate::oracle::stored;
use crate::run::{Options, block_on};
use crate::stock;
use crate::verdict::Verdict;
use crate::world::World;

/// About a gigabyte.
const CUSTOMERS: u64 = 68_000;
/// Messages that wait in the large one (G34), as far as it has as many.
const WAITING: u64 = 100_000;
const RESTARTS: usize = 20;
/// What is promised (G34, G2e), of the executable that merchants have.
const SMALL: Duration = Duration::from_millis(100);
const LARGE: Duration = Duration::from_secs(1);
const RESTORED: Duration = Duration::from_mins(1);

/// Runs the command.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(async {
        let world = World::start(options, "restart").await;
        let verdict = measure(&world, options.count.unwrap_or(CUSTOMERS)).await.unwrap_or_else(|failure| {
            let mut verdict = Verdict::default();
            verdict.check(false, failure);
            verdict
        });
        world.close(&History::default(), &verdict);
        verdict
    })
}

async fn measure(world: &World, customers: u64) -> Result<Verdict, String> {
    let mut verdict = Verdict::default();
    let small = restarts(world).await?;
    verdict.count("small p50 ms", millis(small.usual));
    within(&mut verdict, "G34: a small database", "small ms", small.slowest, SMALL);
    drop(std::fs::remove_dir_all(world.data()));
    let waiting = WAITING.min(customers * 3);
    let (many, few) = (i64::try_from(customers).unwrap_or(i64::MAX), i64::try_from(waiting).unwrap_or(i64::MAX));
    stock::fill(&world.data(), &world.catalog, many, few).await.map_err(|error| error.to_string())?;
    let bytes = std::fs::metadata(world.database()).map_err(|error| error.to_string())?.len();
    verdict.count("large MB", bytes / 1_000_000);
    verdict.count("messages waiting", waiting);
    // What is measured is what a helper would have written.
    verdict.join(stored::folded(&world.database(), &world.catalog));
    // Its endpoint answers nobody: everything still waits at the last restart.
    world.merchant.plays(|_| Play::Answer(503));
    let large = restarts(world).await?;
    verdict.count("large p50 ms", millis(large.usual));
    within(&mut verdict, "G34: a large database", "large ms", large.slowest, LARGE);
    copies(world, &mut verdict).await?;
    Ok(verdict)
}

/// How long starts took.
struct Starts {
    /// Half of them took less.
    usual: Duration,
    /// None took more.
    slowest: Duration,
}

/// Several starts, each after a kill, until an order's page, an operator and a commit answer.
async fn restarts(world: &World) -> Result<Starts, String> {
    let client = checkout_tests::http::client();
    let mut took = Vec::new();
    // The first one makes or upgrades the database; it is no restart.
    Helper::start(world, &Start::default()).await?.kill().await;
    for _ in 0..RESTARTS {
        let begun = Instant::now();
        let helper = Helper::start(world, &Start::default()).await?;
        let ready = format!("{}/readyz", helper.ready["operations"].as_str().unwrap_or_default());
        let answer = client.get(ready).send().await.map_err(|error| error.to_string())?;
        if answer.status() != 200 {
            return Err(format!("/readyz answers {}", answer.status()));
        }
        took.push(begun.elapsed());
        helper.kill().await;
    }
    took.sort_unstable();
    let at = |place: usize| took.get(place).copied().unwrap_or_default();
    Ok(Starts { usual: at(took.len() / 2), slowest: at(took.len().saturating_sub(1)) })
}

async fn copies(world: &World, verdict: &mut Verdict) -> Result<(), String> {
    let copy = world.folder.join("copy.db");
    for (name, said, most, arguments) in [
        ("backup ms", "a backup", Duration::MAX, ["backup", "--data", "data", "--to", "copy.db"]),
        ("restore ms", "G2e: a restore", RESTORED, ["restore", "--move-aside", "--data", "data", "copy.db"]),
    ] {
        let begun = Instant::now();
        let done = command(&arguments).current_dir(&world.folder).output().await.map_err(|error| error.to_string())?;
        verdict.check(done.status.success(), format!("{said}: {done:?}"));
        within(verdict, said, name, begun.elapsed(), most);
    }
    drop(std::fs::remove_file(copy));
    Ok(())
}

/// Times are promised of the release profile alone.
fn within(verdict: &mut Verdict, said: &str, name: &'static str, took: Duration, most: Duration) {
    let promised = !cfg!(debug_assertions);
    verdict.check(!promised || took <= most, format!("{said} took {took:?}, more than {most:?}"));
    verdict.count(name, millis(took));
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
