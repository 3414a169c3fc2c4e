//! `migrations`: kill -9 while the tables are brought up to date, from nothing and from each earlier version
//! with many rows (G2c). The database has then the old tables or the new ones, whole, and the next start
//! finishes it with everything in it. `--count` is how often for each version.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use checkout_server::store::{Rules, Store};
use checkout_tests::in_repository;
use rusqlite::{Connection, params};

use crate::backup::command;
use crate::chance::Chance;
use crate::helper::{Helper, Start};
use crate::history::History;
use crate::oracle::open_and_recover;
use crate::run::{Options, block_on};
use crate::verdict::Verdict;
use crate::world::World;

const KILLS: u64 = 20;
/// Orders and notices of the old database: enough that a migration takes its time.
const ROWS: i64 = 5_000;

type Failure = Box<dyn std::error::Error>;

/// Runs the command.
pub(crate) fn run(options: &Options) -> Verdict {
    block_on(async {
        let world = World::start(options, "migrations").await;
        let verdict = kill(&world, options).await.unwrap_or_else(|failure| {
            let mut verdict = Verdict::default();
            verdict.check(false, failure);
            verdict
        });
        world.close(&History::default(), &verdict);
        verdict
    })
}

async fn kill(world: &World, options: &Options) -> Result<Verdict, Failure> {
    let kills = options.count.unwrap_or(KILLS);
    let (mut verdict, mut chance) = (Verdict::default(), world.chance("migrations"));
    let migrations = migrations(world)?;
    let newest = migrations.len();
    let (mut old, mut new) = (0, 0);
    for version in 0..newest {
        let kept = world.folder.join(format!("v{version}.db"));
        write(&kept, &migrations[..version])?;
        let whole = upgraded(world, &kept).await?;
        for _ in 0..kills {
            put(world, &kept)?;
            end_within(world, whole, &mut chance).await?;
            let left = left(&world.database())?;
            verdict.check(
                left == version || left == newest,
                format!("G2c: killed on the way from {version}, it is of version {left}"),
            );
            if left == newest {
                new += 1;
            } else {
                old += 1;
            }
            let finished = Helper::start(world, &Start::default()).await;
            verdict
                .check(finished.is_ok(), format!("G2c: the next start from {version}: {:?}", finished.as_ref().err()));
            if let Ok(helper) = finished {
                helper.kill().await;
            }
            everything_is_there(&world.database(), version, &mut verdict)?;
        }
    }
    // A few kills may all come too early or too late; all of them not.
    let both = old > 0 && new > 0;
    verdict.check(both || !options.is_whole(), format!("all kills came at one side: {old} before, {new} after"));
    verdict.count("kills", kills * newest as u64);
    verdict.count("found with the old tables", old);
    verdict.count("found with the new ones", new);
    Ok(verdict)
}

/// A migration, and the row that records it.
struct Migration {
    sql: String,
    record: (i64, String, String, String),
}

/// All of them, in their order; the records as a new database has them.
fn migrations(world: &World) -> Result<Vec<Migration>, Failure> {
    let folder = world.folder.join("fresh");
    checkout_server::store::prepare_folder(&folder)?;
    let path = folder.join("checkout.db");
    drop(Store::open(&path, Rules::default())?);
    let fresh = Connection::open(path)?;
    let mut records =
        fresh.prepare("SELECT version, name, applied_on, checksum FROM refinery_schema_history ORDER BY version")?;
    let records = records.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    let folder = in_repository("checkout-server/migrations/sqlite");
    records
        .map(|record| {
            let record: (i64, String, String, String) = record?;
            let sql = fs::read_to_string(folder.join(format!("V{}__{}.sql", record.0, record.1)))?;
            Ok(Migration { sql, record })
        })
        .collect()
}

/// A database as the release of that version left it.
fn write(path: &Path, done: &[Migration]) -> Result<(), Failure> {
    let database = Connection::open(path)?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
         CREATE TABLE refinery_schema_history
            (version int4 PRIMARY KEY, name VARCHAR(255), applied_on VARCHAR(255), checksum VARCHAR(255))",
    )?;
    for Migration { sql, record } in done {
        database.execute_batch(sql)?;
        let (version, name, applied_on, checksum) = record;
        database.execute(
            "INSERT INTO refinery_schema_history VALUES (?1, ?2, ?3, ?4)",
            params![version, name, applied_on, checksum],
        )?;
    }
    if !done.is_empty() {
        database.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO checkouts (id, key_hash, fingerprint, sends, order_json, session_id, url, created_at,
                expires_at, changed_at)
             SELECT printf('co_%032d', i), randomblob(32), randomblob(32), 1, ?2, 'cks_' || i, 'https://example.com/pay',
                1, 2, 1 FROM n",
            params![ROWS, r#"{"items":[],"total":{"amount":2900,"currency":"EUR"},"products":[]}"#],
        )?;
        database.execute(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO notices (provider, webhook_id, body_sha256, kind, observed_at, received_at, body)
             SELECT 'dodo', 'msg_' || i, randomblob(32), 'licence.created', 1, 1,
                CAST(printf('{\"type\":\"licence.created\",\"timestamp\":\"2026-01-01T00:00:00Z\",\"data\":{\"id\":%d}}', i) AS BLOB)
             FROM n",
            [ROWS],
        )?;
    }
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Puts a copy of it where the helper looks.
fn put(world: &World, kept: &Path) -> Result<(), Failure> {
    drop(fs::remove_dir_all(world.data()));
    checkout_server::store::prepare_folder(&world.data())?;
    fs::copy(kept, world.database())?;
    Ok(())
}

/// How long an upgrade takes that nobody ends.
async fn upgraded(world: &World, kept: &Path) -> Result<Duration, Failure> {
    put(world, kept)?;
    let begun = Instant::now();
    Helper::start(world, &Start::default()).await?.kill().await;
    Ok(begun.elapsed())
}

/// Starts it and ends it somewhere on the way.
async fn end_within(world: &World, whole: Duration, chance: &mut Chance) -> Result<(), Failure> {
    let mut serve = command(&["serve", "--port", "0", "--config"]);
    serve.arg(world.settings()).arg("--data").arg(world.data());
    serve.envs(world.environment().iter().map(|(name, value)| (name, value)));
    let mut child = serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let micros = u64::try_from(whole.as_micros())?;
    tokio::time::sleep(Duration::from_micros(chance.below(micros))).await;
    child.start_kill()?;
    child.wait().await?;
    Ok(())
}

/// The version of the tables that a kill has left, on a copy, because opening it mends it.
fn left(database: &Path) -> Result<usize, Failure> {
    let copy: PathBuf = database.with_file_name("looked.db");
    for file in ["", "-wal"] {
        let (from, mut to) = (PathBuf::from(format!("{}{file}", database.display())), copy.clone().into_os_string());
        to.push(file);
        drop(fs::remove_file(&to));
        if from.exists() {
            fs::copy(from, to)?;
        }
    }
    let looked = open_and_recover(&copy)?;
    let is_there = looked.prepare("SELECT 1 FROM pragma_table_info('refinery_schema_history')")?.exists([])?;
    if !is_there {
        return Ok(0);
    }
    let version: Option<i64> =
        looked.query_row("SELECT max(version) FROM refinery_schema_history", [], |row| row.get(0))?;
    Ok(usize::try_from(version.unwrap_or_default())?)
}

fn everything_is_there(database: &Path, version: usize, verdict: &mut Verdict) -> Result<(), Failure> {
    let database = open_and_recover(database)?;
    let expected = if version == 0 { 0 } else { ROWS };
    for sql in ["SELECT count(*) FROM checkouts", "SELECT count(*) FROM notices WHERE stuck IS NULL"] {
        let number: i64 = database.query_row(sql, [], |row| row.get(0))?;
        verdict.check(number == expected, format!("G2c: from {version}: {number} of {expected}: {sql}"));
    }
    let sound: String = database.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    verdict.check(sound == "ok", format!("G2c: from {version}: {sound}"));
    Ok(())
}
