//! `backup`: copies taken while the helper is under load (G2e). Each is sound, is the fold of its own inbox,
//! and holds all that was acknowledged before the copy was begun; copying that is killed leaves nothing
//! behind that looks like a copy. One of them takes the place of the database at last, and a comparison
//! with the provider brings everything of its orders up to date.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use checkout_tests::in_repository;
use rusqlite::Connection;
use serde_json::Value;
use tokio::process::Command;

use crate::helper::{Helper, Start};
use crate::history::{Entry, History};
use crate::load::{Crowd, Load, settle};
use crate::oracle::{self, answers, stored};
use crate::run::{Options, block_on};
use crate::verdict::Verdict;
use crate::world::{OPERATOR_KEY, World};

const BACKUPS: u64 = 50;
const PATIENCE: Duration = Duration::from_mins(5);
/// So many are ended in the middle, one of them each time.
const KILLED_EACH: u64 = 5;

/// Runs the command.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(async {
        let world = World::start(options, "backup").await;
        let history = History::default();
        let verdict = drill(&world, &history, options.count.unwrap_or(BACKUPS)).await.unwrap_or_else(|failure| {
            let mut verdict = Verdict::default();
            verdict.check(false, failure);
            verdict
        });
        world.close(&history, &verdict);
        verdict
    })
}

/// A copy, and what was acknowledged before it was begun.
struct Copied {
    file: PathBuf,
    before: Vec<Entry>,
}

async fn drill(world: &World, history: &History, backups: u64) -> Result<Verdict, String> {
    let (mut verdict, mut chance) = (Verdict::default(), world.chance("backup"));
    let helper = Helper::start(world, &Start::default()).await?;
    let load = Load::start(world, Crowd::default(), history);
    let (mut last, mut slowest, mut killed) = (None, Duration::ZERO, 0);
    for number in 1..=backups {
        tokio::time::sleep(Duration::from_millis(50 + chance.below(200))).await;
        if number % KILLED_EACH == 0 {
            killed += 1;
            kill_one(world, Duration::from_millis(chance.below(60)), &mut verdict).await?;
        }
        let begun = Instant::now();
        let copied = copy(world, history, number).await?;
        slowest = slowest.max(begun.elapsed());
        verdict.join(looked_through(world, &copied));
        last = Some(copied);
    }
    for left in [load.finish(PATIENCE).await, settle(world, PATIENCE).await] {
        verdict.check(left.is_ok(), left.err().unwrap_or_default());
    }
    verdict.join(answers::check(&history.entries()));
    verdict.join(answers::worked(history, &["order_closed"]));
    verdict.count("backups", backups);
    verdict.count("backups killed", killed);
    verdict.count("slowest backup ms", u64::try_from(slowest.as_millis()).unwrap_or(u64::MAX));
    let ended = helper.terminate().await?;
    verdict.check(ended.success(), format!("the helper ended with {ended}"));
    if let Some(copied) = last {
        restore(world, &copied, &mut verdict).await?;
    }
    Ok(verdict)
}

/// The executable beside ours.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let own = std::env::current_exe().unwrap_or_default();
    let mut command = Command::new(own.with_file_name("checkout-server"));
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

fn backup_to(world: &World, file: &Path) -> Command {
    let mut backup = command(&["backup", "--json", "--data"]);
    backup.arg(world.data()).arg("--to").arg(file);
    backup
}

async fn output(mut command: Command) -> Result<Output, String> {
    command.output().await.map_err(|error| error.to_string())
}

async fn copy(world: &World, history: &History, number: u64) -> Result<Copied, String> {
    let file = world.folder.join(format!("copy-{number}.db"));
    let before = history.acknowledged(|_| true);
    let done = output(backup_to(world, &file)).await?;
    if !done.status.success() {
        return Err(format!("backup {number}: {}", String::from_utf8_lossy(&done.stderr)));
    }
    Ok(Copied { file, before })
}

/// Ends a backup after that time. Whatever it leaves behind is a whole copy, or has not the copy's name.
async fn kill_one(world: &World, after: Duration, verdict: &mut Verdict) -> Result<(), String> {
    let file = world.folder.join("killed.db");
    let mut backup = backup_to(world, &file);
    let mut child = backup.stdout(Stdio::null()).spawn().map_err(|error| error.to_string())?;
    tokio::time::sleep(after).await;
    drop(child.start_kill());
    drop(child.wait().await);
    if file.exists() {
        let sound = oracle::open(&file).map(|copy| stored::sound(&copy));
        match sound {
            Ok(sound) => verdict.join(sound),
            Err(error) => verdict.check(false, format!("G2e: a copy that was ended opens: {error}")),
        }
        drop(std::fs::remove_file(&file));
    }
    // What it left under another name is in nobody's way.
    let again = output(backup_to(world, &file)).await?;
    verdict.check(again.status.success(), format!("G2e: after one that was ended: {again:?}"));
    drop(std::fs::remove_file(&file));
    Ok(())
}

fn looked_through(world: &World, copied: &Copied) -> Verdict {
    let mut verdict = Verdict::default();
    match oracle::open(&copied.file) {
        Ok(copy) => {
            verdict.join(stored::present(&copy, &copied.before));
            verdict.join(stored::sound(&copy));
        }
        Err(error) => verdict.check(false, format!("G2e: {}: {error}", copied.file.display())),
    }
    verdict.join(stored::folded(&copied.file, &world.catalog));
    verdict
}

/// The copy takes the database's place; the helper is started and compares itself with the provider.
async fn restore(world: &World, copied: &Copied, verdict: &mut Verdict) -> Result<(), String> {
    let begun = Instant::now();
    let mut restore = command(&["restore", "--move-aside", "--data"]);
    restore.arg(world.data()).arg(&copied.file).arg("--catalog").arg(in_repository("catalog.example.toml"));
    let done = output(restore).await?;
    verdict.check(done.status.success(), format!("G2e: the restore: {done:?}"));
    verdict.count("restore ms", u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
    let helper = Helper::start(world, &Start::default()).await?;
    let compared = compare(world).await;
    verdict.check(compared.is_ok(), compared.err().unwrap_or_default());
    let database = oracle::open(&world.database()).map_err(|error| error.to_string())?;
    verdict.join(stored::present(&database, &copied.before));
    verdict.join(stored::folded(&world.database(), &world.catalog));
    healed(&world.truth(), &database, verdict);
    helper.terminate().await.map(drop)
}

/// One sweep of everything, to its end.
async fn compare(world: &World) -> Result<(), String> {
    let settings = world.folder.join("operate.toml");
    let own = std::fs::read_to_string(world.settings()).map_err(|error| error.to_string())?;
    let address = world.operations.url();
    let operations = format!("operations = \"{}\"\n{own}", address.trim_start_matches("http://"));
    std::fs::write(&settings, operations).map_err(|error| error.to_string())?;
    let mut reconcile = command(&["reconcile", "--config"]);
    reconcile.arg(&settings).env("CHECKOUT_OPERATOR_KEY", OPERATOR_KEY);
    let done = tokio::time::timeout(PATIENCE, output(reconcile)).await.map_err(|_| "the sweep does not end")??;
    if done.status.success() { Ok(()) } else { Err(format!("G18: {}", String::from_utf8_lossy(&done.stderr))) }
}

/// Each payment of an order that the copy had stands as the provider says.
fn healed(truth: &Value, database: &Connection, verdict: &mut Verdict) {
    for payment in truth["payments"].as_array().into_iter().flatten() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (id, session, status) =
            (text(&payment["payment_id"]), text(&payment["checkout_session_id"]), text(&payment["status"]));
        let ours = "SELECT count(*) FROM checkouts WHERE session_id = ?1";
        let is_ours = database.query_row(ours, [&session], |row| row.get::<_, i64>(0)).is_ok_and(|number| number == 1);
        if status == "succeeded" && is_ours {
            let stored =
                "SELECT count(*) FROM payments WHERE id = ?1 AND state = 'succeeded' AND checkout_id IS NOT NULL";
            let is_there =
                database.query_row(stored, [&id], |row| row.get::<_, i64>(0)).is_ok_and(|number| number == 1);
            verdict.check(is_there, format!("G18: {id} is paid at the provider, and not in the restored database"));
        }
    }
}
