//! Visitors of a helper that is about to stop. On bare connections, because what they see is the question:
//! whether a request was sent before the signal, and what came back of its answer.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::chance::Chance;
use crate::helper::Helper;
use crate::history::{Entry, History, Outcome, What};
use crate::verdict::Verdict;
use crate::world::{SHOP, World};

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_mins(1);
/// Not told to stop yet.
const NEVER: u64 = u64::MAX;

/// One helper, from its start to its stop.
pub(super) struct Stage {
    to: SocketAddr,
    host: String,
    quote: Value,
    history: History,
    begun: Instant,
    /// When the signal was sent, in microseconds since it began.
    signal: AtomicU64,
}

/// What became of a request.
#[derive(Debug)]
pub(super) enum Seen {
    /// The whole answer came.
    Answered,
    /// A part of the answer came.
    Half,
    /// Nothing of an answer came.
    Nothing {
        /// Whether all of the request had been sent when the signal was.
        before_the_signal: bool,
        why: String,
    },
    /// Nobody was there to connect to.
    Refused,
}

/// One request.
pub(super) struct Visit {
    pub(super) asked: &'static str,
    pub(super) kept: bool,
    pub(super) seen: Seen,
    pub(super) status: u16,
    /// Whether it was answered after the signal.
    after: bool,
}

/// How many came to what.
#[derive(Default)]
pub(super) struct Visits {
    answered: u64,
    answered_after: u64,
    kept: u64,
    dropped: u64,
    refused: u64,
}

impl Visits {
    pub(super) fn count(&mut self, visit: &Visit) {
        self.kept += u64::from(visit.kept);
        match visit.seen {
            Seen::Answered => {
                self.answered += 1;
                self.answered_after += u64::from(visit.after);
            }
            Seen::Refused => self.refused += 1,
            Seen::Half | Seen::Nothing { .. } => self.dropped += 1,
        }
    }

    pub(super) fn tell(&self, verdict: &mut Verdict) {
        verdict.count("requests answered", self.answered);
        verdict.count("of them after the signal", self.answered_after);
        verdict.count("of them on kept connections", self.kept);
        verdict.count("sent after the signal and not taken", self.dropped);
        verdict.count("connections refused after the signal", self.refused);
    }
}

impl Stage {
    pub(super) fn new(world: &World, helper: &Helper, quote: &Value, history: History) -> Self {
        let to = helper.ready["helper"].as_str().unwrap_or_default().trim_start_matches("http://");
        Self {
            to: to.parse().expect("the helper named its address"),
            host: world.door.url().trim_start_matches("http://").to_owned(),
            quote: quote.clone(),
            history,
            begun: Instant::now(),
            signal: AtomicU64::new(NEVER),
        }
    }

    /// Sends the signal, and remembers when.
    pub(super) fn stop(&self, send: impl FnOnce()) {
        self.signal.store(self.now(), Ordering::SeqCst);
        send();
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(NEVER - 1)
    }

    fn is_before_the_signal(&self, moment: u64) -> bool {
        moment < self.signal.load(Ordering::SeqCst)
    }

    fn request(&self, asked: &str, key: &str) -> String {
        let (method, path, body) = match asked {
            "a quote" => {
                let cart = json!({"items": [{"price_id": "pro_monthly"}], "customer": {"country": "DE"}});
                ("POST", "/v1/quotes", cart.to_string())
            }
            "an order" => {
                let order = json!({"quote_token": self.quote, "customer": {"email": format!("{key}@example.com")}});
                ("POST", "/v1/checkouts", order.to_string())
            }
            _ => ("GET", "/v1/catalog", String::new()),
        };
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nOrigin: {SHOP}\r\nIdempotency-Key: {key}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        )
    }
}

/// Asks for this and that until nobody is there any more.
pub(super) async fn visit(stage: std::sync::Arc<Stage>, name: String, keeps: bool, mut chance: Chance) -> Vec<Visit> {
    let (mut visits, mut kept) = (Vec::new(), None);
    for number in 0.. {
        tokio::time::sleep(Duration::from_millis(chance.below(15))).await;
        let asked = *chance.one_of(&["a quote", "an order", "the catalog"]).unwrap_or(&"the catalog");
        let key = format!("{name}-{number}");
        // One that was closed meanwhile is made anew, as every client with a pool does.
        let open = kept.take().filter(|stream| !checkout_tests::socket::is_closed(stream));
        let stream = match open {
            Some(stream) => Ok(stream),
            None => TcpStream::connect(stage.to).await,
        };
        let Ok(mut stream) = stream else {
            visits.push(Visit { asked, kept: keeps, seen: Seen::Refused, status: 0, after: true });
            return visits;
        };
        drop(stream.set_nodelay(true));
        let (visit, whole) = exchange(&stage, &mut stream, asked, &key, keeps).await;
        let answered = matches!(visit.seen, Seen::Answered);
        visits.push(visit);
        kept = (keeps && answered && whole).then_some(stream);
    }
    visits
}

/// One request and its answer; and whether the connection may be used again.
async fn exchange(stage: &Stage, stream: &mut TcpStream, asked: &'static str, key: &str, kept: bool) -> (Visit, bool) {
    let invoked = stage.history.now();
    let sent = stream.write_all(stage.request(asked, key).as_bytes()).await;
    let sent_at = if sent.is_ok() { stage.now() } else { NEVER };
    let mut answer = Vec::new();
    let read = tokio::time::timeout(PATIENCE, read_answer(stream, &mut answer)).await;
    let read = read.unwrap_or_else(|_| Err(std::io::Error::other("no answer in a minute")));
    let (seen, status, again) = match read {
        Ok((status, again)) => (Seen::Answered, status, again),
        Err(_) if !answer.is_empty() => (Seen::Half, 0, false),
        Err(error) => {
            let before_the_signal = stage.is_before_the_signal(sent_at);
            (Seen::Nothing { before_the_signal, why: error.to_string() }, 0, false)
        }
    };
    if asked == "an order" {
        record(stage, key, invoked, status, &answer);
    }
    let after = !stage.is_before_the_signal(stage.now());
    (Visit { asked, kept, seen, status, after }, again)
}

/// Status, and whether the connection stays open.
async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> std::io::Result<(u16, bool)> {
    loop {
        if let Some(end) = answer.windows(4).position(|at| at == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.and_then(|length| length.trim().parse().ok()).unwrap_or_default();
            if answer.len() >= end + 4 + length {
                let status = head.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_default();
                return Ok((status, !head.contains("\r\nconnection: close")));
            }
        }
        if stream.read_buf(answer).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Orders are held against what is stored, as those of the load are.
fn record(stage: &Stage, key: &str, invoked: u64, status: u16, answer: &[u8]) {
    let body = answer.windows(4).position(|at| at == b"\r\n\r\n").map_or(0, |end| end + 4);
    stage.history.record(Entry {
        what: What::Order,
        key: key.to_owned(),
        intended: invoked,
        invoked,
        mark: stage.history.mark(),
        answered: stage.history.now(),
        outcome: match status {
            200..=299 => Outcome::Acknowledged,
            400..=499 => Outcome::Refused,
            _ => Outcome::Unknown,
        },
        status: Some(status).filter(|status| *status > 0),
        answer: String::from_utf8_lossy(&answer[body..]).into_owned(),
    });
}
