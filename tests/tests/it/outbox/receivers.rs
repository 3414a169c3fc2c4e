//! The receivers of docs/receivers, run as their readers run them, against what the helper really sends.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use checkout_server::announcement::Kind;
use checkout_server::outbox::{Endpoint, Filter};
use checkout_server::outgoing::Reach;
use checkout_server::store::Replay;
use checkout_tests::app::TestApp;
use checkout_tests::in_repository;
use checkout_tests::merchant::secret;
use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

struct Receiver {
    lines: Lines<BufReader<ChildStdout>>,
    url: String,
    _process: Child,
}

impl Receiver {
    /// Starts one that believes these secrets.
    async fn start(program: PathBuf, arguments: &[&str], secrets: &str) -> Self {
        assert!(
            program.exists() || program.components().count() == 1,
            "{}: run tools/install.sh receivers",
            program.display()
        );
        let mut process = Command::new(&program)
            .args(arguments)
            .current_dir(in_repository("."))
            .env("CHECKOUT_ENDPOINT_SECRET", secrets)
            .env("PORT", "0")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let first = lines.next_line().await.unwrap().expect("run tools/install.sh receivers");
        let url = first.strip_prefix("listens on ").unwrap_or_else(|| panic!("{first}")).to_owned();
        Self { lines, url, _process: process }
    }

    async fn says(&mut self) -> String {
        let line = tokio::time::timeout(Duration::from_secs(20), self.lines.next_line()).await;
        line.expect("it says something").unwrap().expect("it lives")
    }
}

/// It takes what is signed with the older of two secrets and with the newer one, once, and nothing else.
async fn takes_what_is_real(program: PathBuf, arguments: &[&str]) {
    let (old, new) = (secret(), secret());
    let mut receiver = Receiver::start(program, arguments, &old.reveal()).await;
    let both = vec![new, old];
    let endpoint = Endpoint::new("crm", &receiver.url, Reach::ThisMachine, both, Filter::default()).unwrap();
    let app = TestApp::telling(vec![endpoint]).await;
    app.write_events(Kind::SubscriptionStarted, &["user_1"]);
    app.write_events(Kind::SubscriptionRenewed, &["user_1"]);
    // The first one was refused before: the second goes on without it.
    let parked = "UPDATE events SET data = json_set(data, '$.entitlements.version', 3 + seq);
        UPDATE messages SET state = 'parked', finished_at = 0 WHERE sequence = 1";
    app.meddle(parked);
    app.demo.app.store.news().notify_one();
    assert_eq!(receiver.says().await, "took subscription.renewed 2, access of version 5");

    // A lower sequence with an id that it never took: taken, and its older access overwrites nothing.
    send_again(&app).await;
    assert_eq!(receiver.says().await, "took subscription.started 1, access of version 5");
    let sent = app.wait_outbox("crm", "delivered").await;
    assert!(sent.iter().all(|one| one.status == Some(204)), "{sent:?}");
    send_again(&app).await;
    assert_eq!(receiver.says().await, "again subscription.started 1");

    let forged = app.http.post(&receiver.url).body("{}").header("webhook-id", "msg_1");
    let forged = forged.header("webhook-timestamp", "1700000000").header("webhook-signature", "v1,AAAA");
    assert_eq!(forged.send().await.unwrap().status(), 401);
    assert_eq!(app.http.post(&receiver.url).body("{}").send().await.unwrap().status(), 401);
}

/// The first message.
async fn send_again(app: &TestApp) {
    let first = Replay::Message(app.outbox("crm")[0].id.clone());
    assert_eq!(app.demo.app.store.replay(first, vec!["crm".to_owned()], app.clock.now()).await.unwrap(), 1);
}

#[tokio::test]
async fn the_receiver_for_node_takes_what_is_real_and_nothing_else() {
    takes_what_is_real("node".into(), &["docs/receivers/node/receiver.mjs"]).await;
}

#[tokio::test]
async fn the_receiver_for_python_takes_what_is_real_and_nothing_else() {
    let python = in_repository("target/receivers/bin/python");
    takes_what_is_real(python, &["docs/receivers/python/receiver.py"]).await;
}

#[tokio::test]
async fn the_receiver_for_rust_takes_what_is_real_and_nothing_else() {
    // `cargo test` builds it as an example beside this test.
    let here = std::env::current_exe().unwrap();
    let built = here.ancestors().nth(2).unwrap().join("examples").join("receiver");
    takes_what_is_real(built, &[]).await;
}
