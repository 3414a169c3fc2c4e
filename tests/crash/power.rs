//! `power`: cuts the power (G2). A helper works under load with the shim between it and its disk; from the
//! shim's log the disk is rebuilt as a cut would leave it, at moments and with losses chosen by the seed, and
//! whatever had been acknowledged by then has to be in it. As a control, the same has to lose something
//! where commits do not wait for the disk (`synchronous=NORMAL`): else it proves nothing.

use std::path::Path;
use std::time::Duration;

use checkout_server::fault::Mutant;
use checkout_server::outbox::Routes;
use checkout_server::store::{Rules, Store};

use crate::chance::Chance;
use crate::helper::{Executable, Helper};
use crate::history::History;
use crate::load::{Crowd, Load};
use crate::oracle::{self, answers, stored};
use crate::run::{Options, block_on};
use crate::shim::Shim;
use crate::verdict::Verdict;
use crate::world::World;

pub(crate) mod image;
pub(crate) mod log;

use image::Disk;
use log::Log;

const IMAGES: u64 = 1_000;
/// Images within which the control has to lose something.
const CONTROL: u64 = 30;
/// Moments of one run at which the power is cut.
const CUTS: u64 = 9;
/// How much of what was not synced is on the disk, in percent: an image each for every moment.
const KEPT: [u64; 4] = [0, 50, 90, 100];
/// How long a helper lives before it is killed; it lives twice in a run.
const LIFE: Duration = Duration::from_millis(1_200);

/// Runs the command.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(async {
        let mut verdict = Verdict::default();
        let images = options.count.unwrap_or(IMAGES);
        verdict.join(cut(options, Executable::Product, &[], images, "power").await);
        let looked_for = verdict.counted("acknowledgements looked for");
        verdict.check(looked_for > 0, "nothing had been acknowledged before any of the cuts");
        let lost = images_until_a_loss(options, Mutant::SynchronousNormal, CONTROL).await;
        let told = format!("the control with synchronous=NORMAL lost nothing in {CONTROL} images");
        verdict.check(lost.is_some(), told);
        verdict.count("images until the control lost something", lost.unwrap_or(0));
        verdict
    })
}

/// How many images it takes until one lacks something that a broken helper had acknowledged, or does not open;
/// `None` where none of so many does.
pub(crate) async fn images_until_a_loss(options: &Options, mutant: Mutant, most: u64) -> Option<u64> {
    let env = [("CHECKOUT_MUTANT".to_owned(), mutant.name().to_owned())];
    let verdict = cut(options, Executable::Faults, &env, most, "power-control").await;
    let is_a_loss = |failure: &String| failure.contains("G1: ") || failure.contains("does not open");
    verdict.failures.iter().any(is_a_loss).then(|| verdict.counted("images until the first loss"))
}

/// Runs a helper and cuts its power, as often as it takes for so many images.
async fn cut(
    options: &Options,
    executable: Executable,
    env: &[(String, String)],
    images: u64,
    command: &str,
) -> Verdict {
    let mut verdict = Verdict::default();
    let (mut taken, mut lost, mut first) = (0, 0, 0);
    while taken < images {
        let seed = options.seed + taken;
        let world = World::start(&Options { seed, ..options.clone() }, command).await;
        let shim = Shim::with_a_log(&world);
        let history = shim.history();
        let mut round = Verdict::default();
        match live(&world, &shim, &history, executable, env).await {
            Ok(log) => {
                let few = (images - taken).div_ceil(KEPT.len() as u64).min(CUTS);
                for image in wrecks(&world, &log, &history, few) {
                    taken += 1;
                    if !image.failures.is_empty() {
                        lost += 1;
                        first = if first == 0 { taken } else { first };
                    }
                    round.join(image);
                }
            }
            Err(failure) => round.check(false, failure),
        }
        end(world, &history, executable, &mut round);
        verdict.join(round);
        if !verdict.failures.is_empty() {
            break;
        }
    }
    verdict.count("images", taken);
    verdict.count("images with a loss", lost);
    verdict.count("images until the first loss", first);
    verdict
}

/// The end of a run. What the control loses is wanted, and not kept.
fn end(world: World, history: &History, executable: Executable, round: &mut Verdict) {
    round.join(answers::check(&history.entries()));
    let kept = if executable == Executable::Product { round } else { &mut Verdict::default() };
    world.close(history, kept);
}

/// Two lives of a helper under load, and the log of its disk.
async fn live(
    world: &World,
    shim: &Shim,
    history: &History,
    executable: Executable,
    env: &[(String, String)],
) -> Result<Log, String> {
    let start = shim.start(executable, env);
    let first = Helper::start(world, &start).await?;
    let load = Load::start(world, Crowd::default(), history);
    tokio::time::sleep(LIFE).await;
    first.kill().await;
    let second = Helper::start(world, &start).await?;
    tokio::time::sleep(LIFE).await;
    second.kill().await;
    // Whoever still waits for an answer will not get one.
    drop(load);
    Log::parse(shim.log().map_err(|error| error.to_string())?)
}

/// Cuts the power at so many moments of what a shim has logged so far, and gives what each image shows.
///
/// # Errors
/// The log cannot be read.
pub(crate) fn cut_now(world: &World, shim: &Shim, history: &History, cuts: u64) -> Result<Vec<Verdict>, String> {
    let log = Log::parse(shim.log().map_err(|error| error.to_string())?)?;
    Ok(wrecks(world, &log, history, cuts))
}

/// What each image shows.
fn wrecks(world: &World, log: &Log, history: &History, cuts: u64) -> Vec<Verdict> {
    let mut chance = world.chance("cuts");
    let mut found = Vec::new();
    for number in 0..cuts {
        let cut = moment(log, history, &mut chance);
        let disk = Disk::at(log, cut);
        for kept in KEPT {
            let folder = world.folder.join(format!("image-{number}-{kept}"));
            let written = disk.image(kept, &mut chance).write(&folder);
            let mut verdict = match written {
                Ok(()) => survived(&folder, world, history, cut),
                Err(error) => {
                    let mut verdict = Verdict::default();
                    verdict.check(false, format!("the image cannot be written: {error}"));
                    verdict
                }
            };
            for failure in &mut verdict.failures {
                *failure = format!("cut at {cut}, {kept} % of the rest kept: {failure}");
            }
            if verdict.failures.is_empty() {
                drop(std::fs::remove_dir_all(folder));
            }
            found.push(verdict);
        }
    }
    found
}

/// Half of the cuts are right after somebody had an answer, the others anywhere.
fn moment(log: &Log, history: &History, chance: &mut Chance) -> u64 {
    let answers = history.acknowledged(|entry| entry.mark > 0);
    let after_an_answer = chance.one_of(&answers).map(|entry| entry.mark);
    let anywhere = chance.one_of(log.records()).map(|record| record.end);
    if chance.percent(50) { after_an_answer.or(anywhere) } else { anywhere }.unwrap_or_default()
}

/// Whether a helper that is started on what is left has everything that was acknowledged until the cut, whole
/// and folded.
fn survived(folder: &Path, world: &World, history: &History, cut: u64) -> Verdict {
    let mut verdict = Verdict::default();
    let path = folder.join("checkout.db");
    let acknowledged = history.acknowledged_until(cut);
    match Store::open(&path, Rules::new(&world.catalog, Routes::default())) {
        Ok(store) => drop(store),
        Err(error) => verdict.check(false, format!("what is left does not open: {error}")),
    }
    match oracle::open(&path) {
        Ok(database) => {
            verdict.join(stored::present(&database, &acknowledged));
            verdict.join(stored::sound(&database));
        }
        Err(error) => verdict.check(false, format!("what is left does not open: {error}")),
    }
    verdict.join(stored::folded(&path, &world.catalog));
    verdict.count("acknowledgements looked for", acknowledged.len() as u64);
    verdict
}
