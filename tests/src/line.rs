//! The line between a browser and the helper, which a story cuts, holds or robs of its answers.
//!
//! A lost answer is one that the browser may not read: to a page that is the same as a connection that broke.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use tokio::sync::watch;

use crate::proxy::Proxy;

/// How the line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Everything passes.
    Clear,
    /// Nothing passes, and what was streaming breaks off: the helper is down.
    Down,
    /// Requests of a path that ends so wait on this side of the helper.
    Held(&'static str),
    /// Requests of a path that ends so reach the helper, and its answers wait.
    Unanswered(&'static str),
    /// Requests of a path that ends so reach the helper, and its answers never arrive.
    Lost(&'static str),
}

/// The line. Clones are the same one.
#[derive(Clone)]
pub struct Line {
    /// Where it ends on the browser's side.
    pub origin: String,
    weather: watch::Sender<Weather>,
    counts: Arc<Mutex<HashMap<String, Counts>>>,
}

/// What became of the requests of a path.
#[derive(Clone, Copy, Default, Debug)]
struct Counts {
    sent: usize,
    answered: usize,
}

impl Line {
    /// One to that helper, until the test's runtime ends.
    pub async fn to(helper: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
        let line = Self { origin, weather: watch::Sender::new(Weather::Clear), counts: Arc::default() };
        let (own, proxy) = (line.clone(), Proxy::to(helper));
        let router = Router::new().fallback(move |request: Request| {
            let (line, proxy) = (own.clone(), proxy.clone());
            async move { line.pass(&proxy, request).await }
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        line
    }

    /// Changes it, for what is under way too.
    pub fn turn(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// How many requests of that path a page has sent.
    #[must_use]
    pub fn sent(&self, path: &str) -> usize {
        self.count(path).sent
    }

    /// How many of them the helper has answered.
    #[must_use]
    pub fn answered(&self, path: &str) -> usize {
        self.count(path).answered
    }

    fn count(&self, path: &str) -> Counts {
        self.counts.lock().expect("nobody panics while counting").get(path).copied().unwrap_or_default()
    }

    fn note(&self, path: &str, note: impl FnOnce(&mut Counts)) {
        note(self.counts.lock().expect("nobody panics while counting").entry(path.to_owned()).or_default());
    }

    async fn pass(&self, proxy: &Proxy, request: Request) -> Response {
        let path = request.uri().path().to_owned();
        let counts = request.method() != Method::OPTIONS;
        if counts {
            self.note(&path, |counts| counts.sent += 1);
        }
        let mine = |weather: &Weather, kind: fn(&'static str) -> Weather| {
            counts
                && matches!(weather, Weather::Held(of) | Weather::Unanswered(of) if path.ends_with(of) && *weather == kind(of))
        };
        self.until(|weather| !mine(weather, Weather::Held)).await;
        if *self.weather.borrow() == Weather::Down {
            return lost();
        }
        let answer = proxy.answer(request).await;
        if counts {
            self.note(&path, |counts| counts.answered += 1);
        }
        self.until(|weather| !mine(weather, Weather::Unanswered)).await;
        match *self.weather.borrow() {
            Weather::Down => lost(),
            Weather::Lost(of) if counts && path.ends_with(of) => lost(),
            _ => self.breakable(answer),
        }
    }

    async fn until(&self, allows: impl FnMut(&Weather) -> bool) {
        // The sender is ours: it cannot go away.
        let _ = self.weather.subscribe().wait_for(allows).await;
    }

    /// An answer whose stream breaks off when the line goes down.
    fn breakable(&self, answer: Response) -> Response {
        let mut weather = self.weather.subscribe();
        let down = async move { weather.wait_for(|weather| *weather == Weather::Down).await.is_ok() };
        answer.map(|body| Body::from_stream(body.into_data_stream().take_until(Box::pin(down))))
    }
}

/// Without the header that lets a page of another origin read it.
fn lost() -> Response {
    StatusCode::BAD_GATEWAY.into_response()
}
