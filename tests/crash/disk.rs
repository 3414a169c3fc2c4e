//! `disk`: a disk that is full, read-only or broken, under load (G2d). Whatever it does, nothing is
//! acknowledged that is not on it; callers are told `storage_unavailable`; and when it is well again, so is
//! the helper, without a restart. Only a sync that fails ends the process, by itself and with a word in
//! the log, and the next one has everything (fsyncgate; see `store/sqlite/disk.rs`).
//!
//! At the end of each run its power is cut, too: what a failed sync has lost must not have been promised.

use std::time::{Duration, Instant};

use checkout_server::error::Code;
use serde_json::Value;

use crate::chance::Chance;
use crate::format::{DATABASE, OPEN, SYNC, TRUNCATE, WAL, WRITE};
use crate::helper::{Executable, Helper, Start};
use crate::history::{Entry, History, Outcome, What};
use crate::load::{Crowd, Load, settle};
use crate::oracle;
use crate::power;
use crate::run::{Options, block_on};
use crate::shim::{Shim, Sickness};
use crate::verdict::Verdict;
use crate::world::World;

const FAULTS: u64 = 200;
/// Faults of one run.
const AT_ONCE: u64 = 50;
/// Images of each run's end.
const CUTS: u64 = 4;
/// How long a fault may wait for its call.
const STRIKES_WITHIN: Duration = Duration::from_secs(10);
/// How long everything else may take before something is wrong.
const PATIENCE: Duration = Duration::from_mins(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// `errno` of Linux: of reading and writing, no space, and a file system that is read-only.
const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
/// Until it is healed.
const EVER: u64 = u64::MAX;

const SICKNESSES: [Sickness; 11] = [
    sickness("full", &[WRITE], 0, ENOSPC, EVER),
    sickness("full for one write", &[WRITE], WAL, ENOSPC, 1),
    Sickness { short: true, ..sickness("full within a write", &[WRITE], WAL, ENOSPC, EVER) },
    sickness("full at the database", &[WRITE], DATABASE, ENOSPC, EVER),
    sickness("broken for writes", &[WRITE], 0, EIO, EVER),
    sickness("broken for one write", &[WRITE], WAL, EIO, 1),
    Sickness { short: true, ..sickness("broken within a write", &[WRITE], WAL, EIO, 2) },
    sickness("read-only", &[OPEN, WRITE, TRUNCATE], 0, EROFS, EVER),
    sickness("a sync of the log fails", &[SYNC], WAL, EIO, 1),
    sickness("no sync of the log works", &[SYNC], WAL, EIO, EVER),
    sickness("a sync of the database fails", &[SYNC], DATABASE, EIO, 1),
];

const fn sickness(name: &'static str, calls: &'static [u64], files: u64, errno: i32, fail: u64) -> Sickness {
    Sickness { name, calls, files, errno, pass: 0, fail, short: false }
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(async {
        let mut verdict = Verdict::default();
        let (mut left, mut seed) = (options.count.unwrap_or(FAULTS), options.seed);
        while left > 0 {
            let faults = left.min(AT_ONCE);
            verdict.join(under_faults(&Options { seed, ..options.clone() }, faults).await);
            if !verdict.failures.is_empty() {
                break;
            }
            (left, seed) = (left - faults, seed + 1);
        }
        verdict.join(beginnings(options).await);
        verdict
    })
}

async fn under_faults(options: &Options, faults: u64) -> Verdict {
    let world = World::start(options, "disk").await;
    let shim = Shim::with_a_log(&world);
    let history = shim.history();
    let mut verdict = Verdict::default();
    if let Err(failure) = fail(&world, &shim, &history, faults, &mut verdict).await {
        verdict.check(false, failure);
    }
    world.close(&history, &verdict);
    verdict
}

async fn fail(world: &World, shim: &Shim, history: &History, faults: u64, verdict: &mut Verdict) -> Result<(), String> {
    let mut chance = world.chance("faults");
    let start = shim.start(Executable::Product, &[]);
    let mut helper = Helper::start(world, &start).await?;
    let load = Load::start(world, Crowd::default(), history);
    let (mut struck, mut deaths, mut tries) = (0, 0, 0);
    while struck < faults && tries < faults * 3 {
        tries += 1;
        let sickness = *chance.one_of(&SICKNESSES).unwrap_or(&SICKNESSES[0]);
        // The log is synced with each commit, the database only now and then.
        let most = if sickness.files == DATABASE { 3 } else { 30 };
        let sickness = Sickness { pass: chance.below(most), ..sickness };
        let mut fault = Fault { world, shim, history, start: &start, sickness, chance: &mut chance };
        let (after, has_struck, died) = fault.suffer(helper, verdict).await?;
        helper = after;
        struck += u64::from(has_struck);
        deaths += u64::from(died);
    }
    verdict.check(struck == faults, format!("only {struck} of {faults} faults met a call"));
    for left in [load.finish(PATIENCE).await, settle(world, PATIENCE).await] {
        verdict.check(left.is_ok(), left.err().unwrap_or_default());
    }
    tell(history, verdict);
    verdict.count("faults", struck);
    verdict.count("processes that ended by themselves", deaths);
    verdict.join(oracle::check(world, history, &world.database()).await);
    let ended = helper.terminate().await?;
    verdict.check(ended.success(), format!("the last stop ended with {ended}"));
    for image in power::cut_now(world, shim, history, CUTS)? {
        verdict.join(image);
        verdict.count("images", 1);
    }
    Ok(())
}

/// One sickness, from its beginning until all is well.
struct Fault<'a> {
    world: &'a World,
    shim: &'a Shim,
    history: &'a History,
    start: &'a Start,
    sickness: Sickness,
    chance: &'a mut Chance,
}

impl Fault<'_> {
    /// Gives the helper as it is afterwards, whether the fault met a call, and whether a process ended by it.
    async fn suffer(&mut self, mut helper: Helper, verdict: &mut Verdict) -> Result<(Helper, bool, bool), String> {
        let Self { world, shim, history, sickness, .. } = self;
        let told_before = log_says(world);
        shim.fall_ill(sickness);
        if !soon(STRIKES_WITHIN, || shim.failed() > 0).await {
            shim.heal();
            return Ok((helper, false, false));
        }
        let ends = sickness.calls == [SYNC];
        if ends {
            let ended = helper.ended().await.map_err(|error| format!("after {}: {error}", sickness.name))?;
            verdict.check(!ended.success(), format!("{}: the process ended with {ended}", sickness.name));
            let told = log_says(world) > told_before;
            verdict.check(told, format!("{}: the log does not say why the process ended", sickness.name));
            shim.heal();
            helper = Helper::start(world, self.start).await?;
        } else {
            tokio::time::sleep(Duration::from_millis(50 + self.chance.below(300))).await;
            shim.heal();
        }
        let healed = history.now();
        let works = |what: What| {
            let later = |entry: &Entry| entry.what == what && entry.invoked > healed;
            history.acknowledged_since(healed, later)
        };
        let all = soon(PATIENCE, || works(What::Order) && works(What::Webhook)).await;
        verdict.check(all, format!("after {} nothing is acknowledged any more", sickness.name));
        if let Some(status) = helper.exited() {
            return Err(format!("after {} the process ended with {status}", sickness.name));
        }
        Ok((helper, true, ends))
    }
}

/// What callers were told while the disk was sick: nothing but that it is.
fn tell(history: &History, verdict: &mut Verdict) {
    let mut refused = 0;
    for entry in history.entries() {
        let answer: Value = serde_json::from_str(&entry.answer).unwrap_or_default();
        let code = answer["code"].as_str().unwrap_or_default();
        verdict.check(entry.status != Some(500), format!("G2d: {:?} was answered with 500: {answer}", entry.what));
        if code == Code::StorageUnavailable.as_str() {
            refused += 1;
            let told = entry.status == Some(503) && entry.outcome == Outcome::Unknown;
            verdict.check(told, format!("G2d: {code} came with {:?}", entry.status));
        }
    }
    verdict.check(refused > 0, "G2d: nobody was told storage_unavailable");
    verdict.count("answers storage_unavailable", refused);
    for what in [What::Order, What::Webhook] {
        let name = if what == What::Order { "orders acknowledged" } else { "webhooks acknowledged" };
        verdict.count(name, history.count(what, Outcome::Acknowledged));
    }
}

/// A helper that is started on a sick disk says so in a sentence, and begins when it is well.
async fn beginnings(options: &Options) -> Verdict {
    let mut verdict = Verdict::default();
    for (number, sickness) in SICKNESSES.iter().filter(|sickness| sickness.fail == EVER).enumerate() {
        let world =
            World::start(&Options { seed: options.seed + number as u64, ..options.clone() }, "disk-start").await;
        let shim = Shim::new(&world);
        let start = shim.start(Executable::Product, &[]);
        shim.fall_ill(sickness);
        if let Ok(helper) = Helper::start(&world, &start).await {
            // What fails only later, such as the database's file, need not keep it from starting.
            drop(helper.terminate().await);
        } else {
            let log = std::fs::read_to_string(world.folder.join("helper.log")).unwrap_or_default();
            let said = log.lines().any(|line| line.starts_with("checkout-server: ") && line.contains("checkout.db"));
            verdict.check(said, format!("{}: the start does not say what is wrong: {log}", sickness.name));
        }
        shim.heal();
        match Helper::start(&world, &start).await {
            Ok(helper) => drop(helper.terminate().await),
            Err(error) => verdict.check(false, format!("after {} it does not start: {error}", sickness.name)),
        }
        verdict.count("starts on a sick disk", 1);
        world.close(&History::default(), &verdict);
    }
    verdict
}

/// How often the log has told of a sync that failed.
fn log_says(world: &World) -> usize {
    let log = std::fs::read_to_string(world.folder.join("helper.log")).unwrap_or_default();
    log.lines().filter(|line| line.starts_with("checkout-server: ") && line.contains("sync failed")).count()
}

/// Waits until it is so; `false` where that takes longer.
async fn soon(patience: Duration, is_so: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    while !is_so() {
        if begun.elapsed() > patience {
            return false;
        }
        tokio::time::sleep(PAUSE).await;
    }
    true
}
