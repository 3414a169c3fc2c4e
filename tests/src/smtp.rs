//! A mail server of somebody else, as a process of its own: `tests/smtp/server.mjs`, which is made of
//! `smtp-server` and `mailparser` (`make tools` brings them). It does as it is told, and tells what it got.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use checkout_server::clock::Clock;
use serde_json::{Value, json};

use crate::in_repository;

/// How long a mail may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// The server; it ends with this.
pub struct MailServer {
    child: Child,
    orders: ChildStdin,
    told: Arc<Mutex<Vec<Value>>>,
    /// Where it listens.
    pub port: u16,
}

impl MailServer {
    /// One on a free port.
    pub fn start() -> Self {
        Self::with(json!({}))
    }

    /// One that wants that user and password.
    pub fn with_password(user: &str, password: &str) -> Self {
        Self::with(json!({"user": user, "password": password}))
    }

    /// One on that port, such as that of one which has ended.
    pub fn on(port: u16) -> Self {
        Self::with(json!({"port": port}))
    }

    fn with(options: Value) -> Self {
        let script = in_repository("tests/smtp/server.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node is here: tools/install.sh widget says what is missing");
        let (orders, out) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
        let told = Arc::new(Mutex::new(Vec::new()));
        let listening = Arc::clone(&told);
        std::thread::spawn(move || {
            for line in BufReader::new(out).lines().map_while(Result::ok) {
                let mut event: Value = serde_json::from_str(&line).expect("it tells JSON");
                if event["mail"].is_object() {
                    event["mail"]["came_at"] = json!(Clock::wall().as_microsecond());
                }
                listening.lock().unwrap_or_else(PoisonError::into_inner).push(event);
            }
        });
        let mut server = Self { child, orders, told, port: 0 };
        let begun = Instant::now();
        while server.port == 0 {
            assert!(begun.elapsed() < PATIENCE, "the mail server does not start: npm ci, then again");
            std::thread::sleep(Duration::from_millis(10));
            let port = server.told().iter().find_map(|event| event["port"].as_u64());
            server.port = port.and_then(|port| u16::try_from(port).ok()).unwrap_or_default();
        }
        server
    }

    /// Its address, as the settings have it.
    pub fn address(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Answers with a code and a text instead, so many times; `at` is `rcpt` or `data`.
    pub fn refuse(&mut self, at: &str, code: u16, text: &str, times: u32) {
        self.order(&json!({"refuse": [code, text], "at": at, "times": times}));
    }

    /// Takes the next mail and never says so.
    pub fn hang(&mut self) {
        self.order(&json!({"hang": 1}));
    }

    fn order(&mut self, order: &Value) {
        let heard = |server: &Self| server.told().iter().filter(|event| event["heard"] == true).count();
        let before = heard(self);
        writeln!(self.orders, "{order}").expect("it hears");
        while heard(self) == before {
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Everything that it has told.
    pub fn told(&self) -> Vec<Value> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The mails that have arrived, each with the moment at which it did: `came_at`, in microseconds.
    pub fn mails(&self) -> Vec<Value> {
        self.told().into_iter().filter_map(|event| event.get("mail").cloned()).collect()
    }

    /// The subjects of the mails that have arrived.
    pub fn subjects(&self) -> Vec<String> {
        self.mails().iter().map(|mail| mail["subject"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// How often it has refused.
    pub fn refusals(&self) -> usize {
        self.told().iter().filter(|event| event.get("refused").is_some()).count()
    }

    /// Waits until so many mails have arrived.
    pub async fn wait_for(&self, many: usize) -> Vec<Value> {
        let begun = Instant::now();
        while self.mails().len() < many {
            assert!(begun.elapsed() < PATIENCE, "{many} mails were to come: {:?}", self.subjects());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        self.mails()
    }

    /// Ends it, as a crash would.
    pub fn stop(self) {}
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
