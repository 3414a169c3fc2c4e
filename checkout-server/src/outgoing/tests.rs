//! Nothing private is ever dialled: listeners on loopback count who comes.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

/// Answers one question after the other, then the last answer for ever; counts the questions.
struct Scripted {
    answers: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: AtomicUsize,
}

impl Scripted {
    fn new<const N: usize>(answers: [&[&str]; N]) -> Arc<Self> {
        let parse = |one: &[&str]| one.iter().map(|text| text.parse().unwrap()).collect();
        Arc::new(Self { answers: Mutex::new(answers.into_iter().map(parse).collect()), asked: AtomicUsize::new(0) })
    }
}

impl Lookup for Scripted {
    fn find(&self, _name: &str) -> Found {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() };
        Box::pin(std::future::ready(Ok(answer.unwrap_or_default())))
    }
}

/// A server that answers everybody the same, and counts them.
struct Counted {
    at: SocketAddr,
    came: Arc<AtomicUsize>,
}

impl Counted {
    async fn answering(at: SocketAddr, answer: String) -> Self {
        let listener = TcpListener::bind(at).await.unwrap();
        let (at, came) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&came);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                let answer = answer.clone();
                tokio::spawn(async move {
                    let _ = stream.read(&mut [0; 4096]).await;
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { at, came }
    }

    fn count(&self) -> usize {
        self.came.load(Ordering::SeqCst)
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

fn loopback(last: u8) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, last], 0))
}

#[tokio::test]
async fn a_name_that_leads_home_is_never_dialled() {
    let home = Counted::answering(loopback(1), ok("")).await;
    let names =
        Scripted::new([&["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "fd00:ec2::254"]]);
    // The judge alone, at a port that the check of the text would not let through.
    let client = Outgoing::with_lookup(Purpose::Endpoint, Reach::Public, names.clone()).unwrap();
    let url = format!("http://rebound.example.com:{}/", home.at.port());
    let error = client.http.get(&url).send().await.unwrap_err();
    assert!(error.is_connect(), "{error:?}");
    assert!(format!("{error:?}").contains("Address"), "{error:?}");
    assert_eq!((names.asked.load(Ordering::SeqCst), home.count()), (1, 0));
}

#[tokio::test]
async fn rebinding_between_two_calls_reaches_nothing() {
    // 127.0.0.2 plays the public server and 127.0.0.1 what is private, so that no test leaves this machine.
    let home = Counted::answering(loopback(1), ok("")).await;
    let outside = Counted::answering(SocketAddr::new([127, 0, 0, 2].into(), home.at.port()), ok("")).await;
    let names = Scripted::new([&["127.0.0.2"], &["127.0.0.1"], &["127.0.0.1", "127.0.0.2"]]);
    let public: IpAddr = [127, 0, 0, 2].into();
    let judge = Judge { admits: Arc::new(move |address| address == public), inner: names.clone() };
    let client = Outgoing::judged_by(Purpose::Endpoint, Reach::Private, judge).unwrap();
    let url = format!("http://rebound.example.com:{}/", home.at.port());
    let call = || client.request(Method::POST, &url).unwrap().send();
    assert!(call().await.is_ok());
    assert!(call().await.unwrap_err().is_connect(), "what was public is private now");
    assert!(call().await.is_ok(), "of a mixed answer the public part is dialled");
    assert_eq!((names.asked.load(Ordering::SeqCst), outside.count(), home.count()), (3, 2, 0));
}

#[tokio::test]
async fn literals_are_refused_before_anybody_is_asked() {
    let home = Counted::answering(loopback(1), ok("")).await;
    let names = Scripted::new([&["127.0.0.1"]]);
    let client = Outgoing::with_lookup(Purpose::Endpoint, Reach::PublicPlain, names.clone()).unwrap();
    for host in ["127.0.0.1", "127.1", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "localhost"] {
        for port in [home.at.port(), 80] {
            assert!(client.request(Method::GET, &format!("http://{host}:{port}/")).is_err(), "{host}");
        }
    }
    assert_eq!((names.asked.load(Ordering::SeqCst), home.count()), (0, 0));
}

#[tokio::test]
async fn a_redirect_is_shown_and_not_followed() {
    let home = Counted::answering(loopback(1), ok("")).await;
    let location = format!("HTTP/1.1 307 Home\r\nlocation: http://{}/\r\ncontent-length: 0\r\n\r\n", home.at);
    let outside = Counted::answering(loopback(2), location).await;
    let client = Outgoing::new(Purpose::Endpoint, Reach::Private).unwrap();
    let answer = client.request(Method::POST, &format!("http://{}/", outside.at)).unwrap().send().await.unwrap();
    assert_eq!(answer.status(), 307);
    assert_eq!((outside.count(), home.count()), (1, 0));
}

#[tokio::test]
async fn localhost_is_this_machine_whatever_a_resolver_says() {
    let here = Counted::answering(loopback(1), ok("here")).await;
    let names = Scripted::new([&["192.0.2.1"]]);
    let client = Outgoing::with_lookup(Purpose::Provider, Reach::ThisMachine, names.clone()).unwrap();
    let url = format!("http://localhost:{}/", here.at.port());
    let answer = client.request(Method::GET, &url).unwrap().send().await.unwrap();
    assert_eq!(client.read(answer).await.unwrap(), b"here");
    assert_eq!(names.asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_left() {
    let largest = Purpose::Endpoint.largest_answer();
    for (bytes, read) in [(largest, true), (largest + 1, false)] {
        let server = Counted::answering(loopback(1), ok(&"x".repeat(bytes))).await;
        let client = Outgoing::new(Purpose::Endpoint, Reach::Private).unwrap();
        let answer = client.request(Method::GET, &format!("http://{}/", server.at)).unwrap().send().await.unwrap();
        assert_eq!(client.read(answer).await.is_ok(), read, "{bytes}");
    }
}
