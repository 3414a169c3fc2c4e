//! A merchant's endpoint, as the helper tells it what happened: it verifies, records, and answers as a
//! story wants it to. On bare connections, because some of what endpoints do no HTTP library does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use checkout_server::clock::Clock;
use checkout_server::outbox::{Endpoint, Filter};
use checkout_server::outgoing::Reach;
use checkout_server::random;
use checkout_server::signature::{self, Headers, SigningSecret};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What an endpoint does with a delivery.
#[derive(Clone, Debug)]
pub enum Play {
    /// Answers with that status.
    Answer(u16),
    /// Answers with that status and a `Retry-After`.
    Later(u16, &'static str),
    /// Answers 200 after that time.
    Slow(Duration),
    /// Resets the connection.
    Reset,
}

/// A delivery is taken.
pub const OK: Play = Play::Answer(200);

/// One delivery, as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// `webhook-id`
    pub id: String,
    /// The body's `type`.
    pub kind: String,
    /// The customer's reference, or else the checkout.
    pub customer: String,
    /// The body's `sequence`.
    pub sequence: i64,
    /// `webhook-timestamp`
    pub timestamp: String,
    /// `webhook-signature`
    pub signature: String,
    /// The body, as it came.
    pub body: Vec<u8>,
    /// Whether a signature fits the secrets that the endpoint has.
    pub verified: bool,
    /// When it was answered; connections that were not are not here.
    pub answered: Option<u16>,
    /// When it came, by the test's own clock.
    pub at: Instant,
}

type Playing = Box<dyn FnMut(&Received) -> Play + Send>;

struct Inside {
    secrets: Mutex<Vec<SigningSecret>>,
    received: Mutex<Vec<Received>>,
    plays: Mutex<Playing>,
    connections: Mutex<usize>,
}

/// The endpoint, listening. Clones share it.
#[derive(Clone)]
pub struct Merchant {
    url: String,
    inside: Arc<Inside>,
}

/// A secret as the settings want it.
pub fn secret() -> SigningSecret {
    SigningSecret::parse(&format!("whsec_{}", random::alphanumeric::<32>())).expect("base64")
}

impl Merchant {
    /// One that takes everything.
    pub async fn start() -> Self {
        Self::playing(|_| OK).await
    }

    /// One that does with each verified delivery what it is told to. One that is not verified gets a 401.
    pub async fn playing(plays: impl FnMut(&Received) -> Play + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let inside = Arc::new(Inside {
            secrets: Mutex::new(vec![secret()]),
            received: Mutex::default(),
            plays: Mutex::new(Box::new(plays)),
            connections: Mutex::default(),
        });
        let url = format!("http://{}/hooks", listener.local_addr().expect("it is bound"));
        let serving = Arc::clone(&inside);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *lock(&serving.connections) += 1;
                tokio::spawn(converse(stream, Arc::clone(&serving)));
            }
        });
        Self { url, inside }
    }

    /// Does something else from now on.
    pub fn plays(&self, plays: impl FnMut(&Received) -> Play + Send + 'static) {
        *lock(&self.inside.plays) = Box::new(plays);
    }

    /// The endpoint as the settings would name it, with these events; none for all.
    pub fn endpoint(&self, id: &str, events: &[&str]) -> Endpoint {
        self.endpoint_signed(id, events, lock(&self.inside.secrets).clone())
    }

    /// The same, signed with these secrets.
    pub fn endpoint_signed(&self, id: &str, events: &[&str], secrets: Vec<SigningSecret>) -> Endpoint {
        let filter = if events.is_empty() { Filter::default() } else { Filter::parse(events).expect("our events") };
        Endpoint::new(id, &self.url, Reach::ThisMachine, secrets, filter).expect("an address on this machine")
    }

    /// Where it listens.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Believes these secrets from now on.
    pub fn believe(&self, secrets: Vec<SigningSecret>) {
        *lock(&self.inside.secrets) = secrets;
    }

    /// The secrets that it believes.
    pub fn secrets(&self) -> Vec<SigningSecret> {
        lock(&self.inside.secrets).clone()
    }

    /// All deliveries so far.
    pub fn received(&self) -> Vec<Received> {
        lock(&self.inside.received).clone()
    }

    /// How many connections there were.
    pub fn connections(&self) -> usize {
        *lock(&self.inside.connections)
    }

    /// The deliveries that were answered with a 2xx.
    pub fn taken(&self) -> Vec<Received> {
        self.received().into_iter().filter(|one| one.answered.is_some_and(|status| status / 100 == 2)).collect()
    }

    /// Waits until so many deliveries have come.
    pub async fn wait_for(&self, many: usize) -> Vec<Received> {
        self.wait_until(many, Self::received).await
    }

    /// Waits until so many deliveries were taken.
    pub async fn wait_taken(&self, many: usize) -> Vec<Received> {
        self.wait_until(many, Self::taken).await
    }

    async fn wait_until(&self, many: usize, of: fn(&Self) -> Vec<Received>) -> Vec<Received> {
        for _ in 0..1_000 {
            let so_far = of(self);
            if so_far.len() >= many {
                return so_far;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} of {many} deliveries after 20 s", of(self).len());
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn converse(mut stream: TcpStream, inside: Arc<Inside>) {
    let mut buffer = Vec::new();
    while let Some(mut received) = read_one(&mut stream, &mut buffer, &inside).await {
        let play = if received.verified { (lock(&inside.plays))(&received) } else { Play::Answer(401) };
        let (status, more) = match play {
            Play::Answer(status) => (Some(status), String::new()),
            Play::Later(status, after) => (Some(status), format!("retry-after: {after}\r\n")),
            Play::Slow(time) => {
                tokio::time::sleep(time).await;
                (Some(200), String::new())
            }
            Play::Reset => (None, String::new()),
        };
        received.answered = status;
        lock(&inside.received).push(received);
        let Some(status) = status else {
            // Closing with unsent bytes thrown away is a reset.
            drop(stream.set_zero_linger());
            return;
        };
        let answer = format!("HTTP/1.1 {status} As told\r\n{more}location: /elsewhere\r\ncontent-length: 0\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Reads one request; none where the connection ends.
async fn read_one(stream: &mut TcpStream, buffer: &mut Vec<u8>, inside: &Inside) -> Option<Received> {
    let (head, end) = loop {
        if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break (String::from_utf8_lossy(&buffer[..at]).into_owned(), at + 4);
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let header = |name: &str| {
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with(&format!("{name}:")));
        line.and_then(|line| line.split_once(':')).map_or(String::new(), |(_, value)| value.trim().to_owned())
    };
    let length: usize = header("content-length").parse().unwrap_or(0);
    while buffer.len() < end + length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    let body = buffer[end..end + length].to_vec();
    buffer.drain(..end + length);
    let (id, timestamp, signature) = (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"));
    let headers = Headers { id: &id, timestamp: &timestamp, signature: &signature };
    let verified = signature::verify(&lock(&inside.secrets), headers, &body, Clock::wall()).is_ok();
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let who = &told["customer"];
    Some(Received {
        kind: text(&told["type"]),
        customer: text(if who["reference"].is_null() { &who["checkout"] } else { &who["reference"] }),
        sequence: told["sequence"].as_i64().unwrap_or_default(),
        id,
        timestamp,
        signature,
        body,
        verified,
        answered: None,
        at: Instant::now(),
    })
}
