//! `mutants`: servers that are broken on purpose go through what `kills` does to the right one, and through a
//! few things besides (`mutants/probes.rs`); each has to be caught by the oracle's rules within 60 kills, and
//! the same executable, not broken, has to pass. A proof that passes a broken server proves nothing.

use std::io::Write as _;
use std::time::Duration;

use checkout_server::fault::Mutant;

use crate::helper::{Executable, Helper, Start};
use crate::history::History;
use crate::load::{Crowd, Load, let_time_pass, settle};
use crate::oracle;
use crate::power;
use crate::run::{Options, block_on};
use crate::verdict::Verdict;
use crate::world::World;

mod probes;

/// Within so many kills each has to be caught.
const MOST_KILLS: u64 = 60;
/// Within so many images of a power cut.
const MOST_IMAGES: u64 = 30;
/// Kills between two looks.
const ROUND: u64 = 10;
/// Rounds that the unbroken one has to pass.
const UNBROKEN: u64 = 2;
/// How long everybody may take to be told, in a round.
const PATIENCE: Duration = Duration::from_secs(90);

/// Runs the command, for the named ones or all.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(all(options))
}

async fn all(options: &Options) -> Verdict {
    let mut verdict = Verdict::default();
    verdict.join(unbroken(options).await);
    if !verdict.failures.is_empty() {
        return verdict;
    }
    let wanted = |name: &str| options.only.is_empty() || options.only.iter().any(|only| only == name);
    for mutant in Mutant::ALL.iter().copied().filter(|mutant| wanted(mutant.name())) {
        let (caught, after) = match mutant {
            // A kill takes nothing from the system's memory: only a power cut shows this one.
            Mutant::SynchronousNormal => cut(options, mutant).await,
            _ => catch(options, mutant).await,
        };
        say(mutant, caught.as_deref(), after);
        verdict.check(caught.is_some(), format!("{} was not caught within {after}", mutant.name()));
        verdict.count(mutant.name(), after);
    }
    verdict
}

/// The same executable, as merchants have it.
async fn unbroken(options: &Options) -> Verdict {
    let mut world = World::start(options, "mutants").await;
    let history = History::default();
    let mut verdict = Verdict::default();
    for round in 1..=options.count.unwrap_or(UNBROKEN).min(UNBROKEN) {
        verdict.join(kill(&mut world, &history, &start(None), round).await);
    }
    world.close(&history, &verdict);
    verdict
}

/// Kills a broken one until a rule notices, and says which, and after how many kills.
async fn catch(options: &Options, mutant: Mutant) -> (Option<String>, u64) {
    let mut world = World::start(options, "mutant").await;
    let history = History::default();
    let (mut caught, mut kills, mut last) = (None, 0, Verdict::default());
    for round in 1..=MOST_KILLS / ROUND {
        let verdict = kill(&mut world, &history, &start(Some(mutant)), round).await;
        kills = round * ROUND;
        caught = verdict.failures.iter().find(|failure| is_the_rule(mutant, failure)).cloned();
        last = verdict;
        if caught.is_some() {
            last = Verdict::default();
            break;
        }
    }
    if caught.is_none() {
        last.check(false, format!("{} was not caught", mutant.name()));
    }
    world.close(&history, &last);
    (caught, kills)
}

/// The rules that notice each of them: one that fails by anything else, such as a helper that does not start,
/// is not caught by the proof.
fn rules(mutant: Mutant) -> &'static [&'static str] {
    match mutant {
        Mutant::AckBeforeCommit => &["G1"],
        Mutant::FoldByArrival => &["G15", "G16", "G17", "G18"],
        Mutant::LastAnswerWins | Mutant::KeyClaimedAfterTheCall => &["G3", "G5"],
        Mutant::NoOutbox | Mutant::OutboxOutsideTransaction | Mutant::NoLease => &["G22", "G23", "G28"],
        Mutant::DedupeInMemory => &["G14"],
        Mutant::NoSignatureCheck | Mutant::NoTolerance => &["G12"],
        Mutant::ResendCharges => &["G6"],
        Mutant::SynchronousNormal | Mutant::DeferredTransactions => &["G2", "G2d"],
        Mutant::ExpiryByEventOnly => &["G20"],
    }
}

/// Whether a failure, which begins with its rule as `G14: …` does, is what has to be said of that mutant.
fn is_the_rule(mutant: Mutant, failure: &str) -> bool {
    failure.split_once(':').is_some_and(|(rule, _)| rules(mutant).contains(&rule))
}

/// Cuts the power of one until an image lacks what was acknowledged, and says after how many images.
async fn cut(options: &Options, mutant: Mutant) -> (Option<String>, u64) {
    match power::images_until_a_loss(options, mutant, MOST_IMAGES).await {
        Some(images) => (Some("G2: an image lacks what was acknowledged".to_owned()), images),
        None => (None, MOST_IMAGES),
    }
}

/// One round: the load of `kills` and its kills, the probes, and all that the oracle knows.
async fn kill(world: &mut World, history: &History, start: &Start, round: u64) -> Verdict {
    let mut verdict = Verdict::default();
    // Other people, with other keys, in each round.
    world.seed += 1_000_003;
    if let Err(failure) = work(world, history, start, round, &mut verdict).await {
        verdict.check(false, failure);
    }
    verdict
}

async fn work(
    world: &World,
    history: &History,
    start: &Start,
    round: u64,
    verdict: &mut Verdict,
) -> Result<(), String> {
    let mut chance = world.chance("mutants");
    let mut helper = Helper::start(world, start).await?;
    let mut load = Load::start(world, Crowd::default(), history);
    for _ in 0..ROUND {
        tokio::time::sleep(Duration::from_millis(100 + chance.below(200))).await;
        helper.kill().await;
        helper = Helper::start(world, start).await?;
    }
    verdict.join(probes::while_open(world, round).await);
    let_time_pass(world)?;
    let closed = load.close(PATIENCE).await;
    verdict.join(probes::when_closed(world, round).await);
    let left = [closed, load.finish(PATIENCE).await, settle(world, PATIENCE).await];
    verdict.join(probes::afterwards(world, history));
    verdict.join(oracle::check(world, history, &world.database()).await);
    // Last: what is behind it says more.
    for left in left {
        verdict.check(left.is_ok(), left.err().unwrap_or_default());
    }
    helper.kill().await;
    Ok(())
}

fn start(mutant: Option<Mutant>) -> Start {
    let env = mutant.map(|mutant| ("CHECKOUT_MUTANT".to_owned(), mutant.name().to_owned()));
    Start { executable: Executable::Faults, env: env.into_iter().collect() }
}

/// As it goes: a run takes minutes.
fn say(mutant: Mutant, caught: Option<&str>, after: u64) {
    let rule: String = caught.unwrap_or("nothing").chars().take(160).collect();
    // Whoever reads it no longer has no use for it.
    drop(writeln!(std::io::stdout().lock(), "  {} (kills or images: {after}): {rule}", mutant.name()));
}
