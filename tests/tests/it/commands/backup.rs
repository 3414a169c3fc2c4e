//! `backup` and `restore`, as an operator does them: the drill (G2e).

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use checkout_tests::app::{GOOD_CARD, TestApp};
use checkout_tests::in_repository;
use checkout_types::CheckoutStatus;
use checkout_types::checkout::CreatedCheckout;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Running, executable, run, write_examples};

/// Runs a command beside a helper of this process, and gives what it says.
async fn command(arguments: &[&dyn AsRef<std::ffi::OsStr>]) -> Output {
    let arguments: Vec<String> =
        arguments.iter().map(|argument| argument.as_ref().to_str().expect("UTF-8").to_owned()).collect();
    let done = tokio::task::spawn_blocking(move || run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()));
    done.await.unwrap()
}

fn said(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn data(app: &TestApp) -> PathBuf {
    app.database().parent().unwrap().to_owned()
}

fn numbers(database: &Path, sql: &str) -> Vec<i64> {
    let database = Connection::open(database).unwrap();
    let mut statement = database.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Buys, one after the other, until it is told to stop; gives what was paid for.
async fn buy_until(app: &TestApp, stop: &tokio::sync::Notify, bought: &std::sync::Mutex<Vec<CreatedCheckout>>) {
    let buying = async {
        loop {
            let (created, _) = app.buy("desktop_license").await;
            app.wait_for(&created, CheckoutStatus::Paid).await;
            bought.lock().unwrap().push(created);
        }
    };
    tokio::select! {
        () = buying => {}
        () = stop.notified() => {}
    }
}

#[tokio::test]
async fn copies_taken_under_load_hold_all_that_was_acknowledged_before_and_nothing_by_halves() {
    let app = TestApp::start().await;
    let folder = TempDir::new().unwrap();
    let (bought, stop) = (std::sync::Mutex::new(Vec::<CreatedCheckout>::new()), tokio::sync::Notify::new());
    let copying = async {
        for number in 0..5 {
            while bought.lock().unwrap().len() <= number {
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
            let before: Vec<String> = bought.lock().unwrap().iter().map(|one| one.id.clone()).collect();
            let copy = folder.path().join(format!("{number}.db"));
            let done = said(&command(&[&"backup", &"--data", &data(&app), &"--to", &copy, &"--json"]).await);
            assert_eq!(done["bytes"].as_u64().unwrap(), fs::metadata(&copy).unwrap().len());
            assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);
            holds(&copy, &before);
        }
        stop.notify_one();
    };
    tokio::join!(buy_until(&app, &stop, &bought), copying);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 5, "nothing but the copies: {names:?}");
}

/// Whether a copy is one moment of the database, not before those were paid.
fn holds(copy: &Path, paid: &[String]) {
    let database = Connection::open(copy).unwrap();
    for id in paid {
        let status: String =
            database.query_row("SELECT status FROM checkouts WHERE id = ?1", [id], |row| row.get(0)).unwrap();
        assert_eq!(status, "paid", "{id}");
    }
    drop(database);
    for (none, sql) in [
        ("a message without its event", "SELECT count(*) FROM messages WHERE event_id NOT IN (SELECT id FROM events)"),
        (
            "an order that is paid without its payment",
            "SELECT count(*) FROM checkouts WHERE status = 'paid' AND payment_id NOT IN (SELECT id FROM payments)",
        ),
        (
            "a line with a gap",
            "SELECT count(*) FROM (SELECT count(*) AS n, max(sequence) AS last FROM messages
             WHERE channel = 'webhook' GROUP BY target, customer) WHERE n != last",
        ),
        (
            "a line that is not at its last message",
            "SELECT count(*) FROM lines AS l WHERE last !=
             (SELECT max(sequence) FROM messages AS m WHERE m.target = l.target AND m.customer = l.customer)",
        ),
    ] {
        assert_eq!(numbers(copy, sql), [0], "{none}");
    }
}

/// A helper of its own on that folder, with the provider of `app`; and the settings that commands find it by.
fn serve(app: &TestApp, folder: &Path, data: &Path) -> (Running, PathBuf) {
    let catalog = in_repository("catalog.example.toml").canonicalize().unwrap();
    let settings = |name: &str, operations: &str| {
        let sandbox = &app.ready().sandbox;
        let text = format!(
            "public_url = \"http://127.0.0.1:2\"\nallowed_origins = []\ncatalog = \"{}\"\n{operations}\n\
             [provider]\napi_url = \"{sandbox}\"\ncheckout_url = \"{sandbox}\"\n",
            catalog.display()
        );
        fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    };
    let mut command = Command::new(executable());
    command
        .args(["serve", "--port", "0", "--json", "--config"])
        .arg(settings("serve.toml", ""))
        .arg("--data")
        .arg(data);
    command.env_clear().envs([
        ("DODO_PAYMENTS_API_KEY", &app.ready().sandbox_key),
        ("DODO_PAYMENTS_WEBHOOK_KEY", &app.ready().webhook_secret),
        ("CHECKOUT_SECRET_KEY", &app.ready().secret_key),
        ("CHECKOUT_OPERATOR_KEY", &app.ready().operator_key),
    ]);
    let mut child = Running(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(child.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    let operations = ready["operations"].as_str().unwrap().trim_start_matches("http://");
    (child, settings("operate.toml", &format!("operations = \"{operations}\"")))
}

#[tokio::test]
async fn a_copy_takes_the_place_of_a_lost_database_and_the_provider_fills_in_the_rest() {
    let app = TestApp::start().await;
    let (early, _) = app.buy("pro_monthly").await;
    app.wait_for(&early, CheckoutStatus::Paid).await;
    // Ordered before the copy, paid after it.
    let quote = app.quote("desktop_license", "DE").await;
    let late = app.checkout(&quote).await;
    let folder = TempDir::new().unwrap();
    let (copy, catalog) = (folder.path().join("copy.db"), in_repository("catalog.example.toml"));
    said(&command(&[&"backup", &"--data", &data(&app), &"--to", &copy, &"--json"]).await);
    app.pay(&late, GOOD_CARD).await;
    app.wait_for(&late, CheckoutStatus::Paid).await;
    let last = numbers(&app.database(), "SELECT max(sequence) FROM messages")[0];
    let there = refused(&command(&[&"restore", &copy, &"--data", &data(&app), &"--move-aside"]).await);
    assert!(there.contains("a helper runs on this folder") && there.contains("stop it first"), "{there}");

    let restored = folder.path().join("data");
    let done = command(&[&"restore", &copy, &"--data", &restored, &"--json", &"--catalog", &catalog]).await;
    assert_eq!(said(&done)["aside"], Value::Null);
    let database = restored.join("checkout.db");
    assert_eq!(fs::metadata(&database).unwrap().permissions().mode() & 0o777, 0o600);
    let paid = "SELECT count(*) FROM checkouts WHERE status = 'paid'";
    assert_eq!(numbers(&database, paid), [1]);

    // It compares by itself; whoever wants to know when that is done asks too.
    let (mut helper, settings) = serve(&app, folder.path(), &restored);
    let (key, asked) = (app.ready().operator_key.clone(), settings.clone());
    let mut reconcile = Command::new(executable());
    reconcile.args(["reconcile", "--config"]).arg(asked).env_clear().env("CHECKOUT_OPERATOR_KEY", key);
    let mended = tokio::task::spawn_blocking(move || reconcile.output().unwrap()).await.unwrap();
    assert!(mended.status.success(), "{mended:?}");
    assert_eq!(numbers(&database, paid), [2]);
    // No consumer sees a number again that it has seen with something else in it.
    let told = format!("SELECT count(*) FROM messages WHERE sequence BETWEEN {} AND 1000000000", last + 1);
    assert_eq!(numbers(&database, &told), [0]);
    let verified = said(&command(&[&"verify", &"--data", &restored, &"--catalog", &catalog, &"--json"]).await);
    assert_eq!(verified["differences"], json!([]));

    assert!(Command::new("kill").args(["-TERM", &helper.0.id().to_string()]).status().unwrap().success());
    assert!(helper.0.wait().unwrap().success());
    let there = refused(&command(&[&"restore", &copy, &"--data", &restored]).await);
    assert!(there.contains("--move-aside"), "{there}");
    let done = said(&command(&[&"restore", &copy, &"--data", &restored, &"--move-aside", &"--json"]).await);
    assert_eq!(numbers(Path::new(done["aside"].as_str().unwrap()), paid), [2], "it is kept");
    assert_eq!(numbers(&database, paid), [1]);
    let names: Vec<_> = fs::read_dir(&restored).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!names.iter().any(|name| name.to_str().unwrap().contains("partial")), "{names:?}");
}

#[test]
fn what_would_lose_something_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    write_examples(folder.path());
    let none = refused(&run(&["backup", "--data", &path("data"), "--to", &path("a.db")]));
    assert!(none.contains("there is no database"), "{none}");

    // A folder, made by a restore into nothing, of a copy of nothing but tables.
    fs::create_dir(path("first")).unwrap();
    let store = checkout_server::store::Store::open(
        Path::new(&path("first/checkout.db")),
        checkout_server::store::Rules::default(),
    );
    drop(store.unwrap());
    let backup = |more: &[&str]| {
        let (data, to) = (path("first"), path("copy.db"));
        run(&[&["backup", "--data", &data, "--to", &to], more].concat())
    };
    assert!(backup(&[]).status.success());
    let bytes = fs::read(path("copy.db")).unwrap();
    let there = refused(&backup(&[]));
    assert!(there.contains("--replace"), "{there}");
    assert!(backup(&["--replace"]).status.success());
    fs::write(path("precious"), "somebody's").unwrap();
    let precious = refused(&run(&["backup", "--data", &path("first"), "--to", &path("precious"), "--replace"]));
    assert!(precious.contains("no copy of a checkout database"), "{precious}");
    assert_eq!(fs::read_to_string(path("precious")).unwrap(), "somebody's");
    for own in ["first/checkout.db", "first/checkout.db-wal", "first/other.db"] {
        let own = refused(&run(&["backup", "--data", &path("first"), "--to", &path(own), "--replace"]));
        assert!(own.contains("in the folder of the database"), "{own}");
    }
    // What somebody else has put there is not written through.
    std::os::unix::fs::symlink(path("precious"), path("copy.db.partial")).unwrap();
    assert!(backup(&["--replace"]).status.success());
    assert_eq!(fs::read_to_string(path("precious")).unwrap(), "somebody's");
    assert!(fs::symlink_metadata(path("copy.db")).unwrap().is_file());

    for (name, length) in [("half.db", bytes.len() / 2), ("cut.db", bytes.len() - 100)] {
        fs::write(path(name), &bytes[..length]).unwrap();
        refused(&run(&["restore", &path(name), "--data", &path("second")]));
    }
    fs::write(path("odd.db"), &bytes).unwrap();
    let odd = rusqlite::Connection::open(path("odd.db")).unwrap();
    for (change, told) in [
        ("INSERT INTO facts (name, value) VALUES ('odd', '')", "its seal does not fit"),
        ("DROP TABLE backup_seal; DROP TABLE messages", "tables are not those"),
    ] {
        odd.execute_batch(change).unwrap();
        let refused = refused(&run(&["restore", &path("odd.db"), "--data", &path("second")]));
        assert!(refused.contains(told), "{refused}");
    }
    drop(odd);
    assert!(!Path::new(&path("second/checkout.db")).exists());
    fs::write(path("live.db"), &bytes).unwrap();
    fs::write(path("live.db-wal"), "committed and not in the file").unwrap();
    let live = refused(&run(&["restore", &path("live.db"), "--data", &path("second")]));
    assert!(live.contains("would be lost"), "{live}");
    let done = run(&["restore", &path("copy.db"), "--data", &path("second")]);
    assert!(String::from_utf8_lossy(&done.stdout).contains("start the helper"), "{done:?}");
    assert_eq!(fs::read(path("copy.db")).unwrap().len(), bytes.len(), "the copy stays as it is");
}
