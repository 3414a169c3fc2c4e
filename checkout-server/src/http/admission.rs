//! How much is worked on at once. Each class of routes has a bounded number of places and a short,
//! bounded wait for one; past it a request is shed: 503 and `Retry-After`, within 50 ms and with
//! hardly any work (G29). A class that is full takes nothing from another: webhooks and reads
//! keep their places while everybody buys.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::MethodRouter;
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::extract;
use super::serve::is_event_stream;
use crate::error::{Code, Problem};

mod flood;

pub(crate) use flood::Flood;

/// How long a request waits for a place (G29: the refusal is out within 50 ms).
const PATIENCE: Duration = Duration::from_millis(40);
/// Requests of one class that wait. Few, so that most of a flood is refused before its body is read:
/// a refusal that cost a twentieth of an order would cost a tenth of all orders at three times the load.
const QUEUE: usize = 32;
/// Bodies beyond this many bytes are rare, and not all are taken at once: what has been read waits in
/// memory.
const ORDINARY_BODY: usize = 16 * 1_024;
/// Large bodies of one class at once.
const MOST_LARGE: usize = 192;

/// The classes of routes.
pub(crate) struct Classes {
    /// Quotes and checkouts: each waits for the provider.
    pub(super) orders: Class,
    /// What is read from memory or the store: catalog, status, pages, the widget.
    pub(super) reads: Class,
    /// Server-sent events: a place for as long as somebody watches.
    pub(super) streams: Class,
    /// What the provider tells.
    pub(super) webhooks: Class,
    /// What merchants' own servers ask: buyers never take these places.
    pub(super) backends: Class,
}

impl Classes {
    /// 256 connections that are all busy at once are served without a wait; the provider's guard
    /// lets 64 of them through at a time. All writers together stay below the store's queue.
    pub(crate) fn new() -> Self {
        Self {
            orders: Class::new("orders", 256),
            reads: Class::new("reads", 256),
            streams: Class::new("streams", 1_024),
            webhooks: Class { largest: extract::LARGEST_WEBHOOK, ..Class::new("webhooks", 256) },
            backends: Class::new("backends", 128),
        }
    }
}

/// A class of routes with its places. Clones share them.
#[derive(Clone)]
pub(crate) struct Class {
    name: &'static str,
    places: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    large: Arc<Semaphore>,
    /// Bytes of a body that none of its routes takes more of.
    largest: usize,
}

impl Class {
    fn new(name: &'static str, places: usize) -> Self {
        let of = |count| Arc::new(Semaphore::new(count));
        Self { name, places: of(places), queue: of(QUEUE), large: of(MOST_LARGE), largest: extract::LARGEST_BODY }
    }

    /// Puts the routes' methods into this class.
    pub(super) fn admits<S: Clone + Send + Sync + 'static>(&self, routes: MethodRouter<S>) -> MethodRouter<S> {
        routes.route_layer(from_fn_with_state(self.clone(), admit))
    }

    /// A place, now or soon.
    async fn place(&self) -> Result<OwnedSemaphorePermit, Problem> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(place);
        }
        let _waiting = self.queue.try_acquire().map_err(|_| self.shed())?;
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(place)) => Ok(place),
            _ => Err(self.shed()),
        }
    }

    /// Whether a request that came now would not even find room to wait.
    fn is_full(&self) -> bool {
        self.places.available_permits() == 0 && self.queue.available_permits() == 0
    }

    fn shed(&self) -> Problem {
        metrics::counter!("checkout_shed_total", "class" => self.name).increment(1);
        Problem::from(Code::Overloaded).after(1)
    }

    /// The request with its whole body: who sends slowly does not hold a place meanwhile.
    async fn received(&self, request: Request) -> Result<Request, Problem> {
        if request.body().is_end_stream() {
            return Ok(request);
        }
        let (parts, body) = request.into_parts();
        let mut reading = Request::new(body);
        for encoding in parts.headers.get_all(header::CONTENT_ENCODING) {
            reading.headers_mut().append(header::CONTENT_ENCODING, encoding.clone());
        }
        // Only what has come takes memory: who announces much and sends little takes nothing from others.
        let mut large = None;
        let may_keep = |length: usize| {
            if length > ORDINARY_BODY && large.is_none() {
                large = Some(self.large.try_acquire().map_err(|_| self.shed())?);
            }
            Ok(())
        };
        let body = extract::received(reading, self.largest, may_keep).await?;
        Ok(Request::from_parts(parts, Body::from(body)))
    }
}

async fn admit(State(class): State<Class>, request: Request, next: Next) -> Response {
    let admitted = async {
        if class.is_full() {
            return Err(class.shed());
        }
        let request = class.received(request).await?;
        Ok((request, class.place().await?))
    };
    let (request, place) = match admitted.await {
        Ok(admitted) => admitted,
        Err(problem) => return problem.into_response(),
    };
    let response = next.run(request).await;
    if is_event_stream(response.headers()) { response.map(|body| held(body, place)) } else { response }
}

/// A body that gives its place back with its end.
fn held(body: Body, place: OwnedSemaphorePermit) -> Body {
    let frames = body.into_data_stream().map(move |frame| {
        let _held: &OwnedSemaphorePermit = &place;
        frame
    });
    Body::from_stream(frames)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn who_finds_no_place_is_told_within_50_ms() {
        let class = Class::new("test", 2);
        let held = [class.place().await.unwrap(), class.place().await.unwrap()];
        let begun = Instant::now();
        let problem = class.place().await.unwrap_err();
        assert_eq!((problem.code, problem.retry_after), (Code::Overloaded, Some(Duration::from_secs(1))));
        // The machine that runs the tests may be busy; the promise is about the wait.
        assert!((40..90).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
        let waiting = tokio::spawn({
            let class = class.clone();
            async move { class.place().await.is_ok() }
        });
        tokio::time::sleep(Duration::from_millis(5)).await;
        drop(held);
        assert!(waiting.await.unwrap(), "who waits gets the place that becomes free");
        assert_eq!((class.places.available_permits(), class.queue.available_permits()), (2, QUEUE), "all given back");
    }

    #[tokio::test]
    async fn no_more_wait_than_may() {
        let class = Class::new("test", 1);
        let _held = class.place().await.unwrap();
        let mut waiting: Vec<_> = (0..QUEUE).map(|_| Box::pin(class.place())).collect();
        for waiting in &mut waiting {
            assert!(!class.is_full());
            assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        }
        assert!(class.is_full());
        let next = Box::pin(class.place());
        assert!(futures_util::poll!(next).is_ready(), "refused at once");
    }

    #[test]
    fn all_writers_together_fit_into_the_stores_queue() {
        let Classes { orders, webhooks, .. } = Classes::new();
        let writers = [orders, webhooks].iter().map(|class| class.places.available_permits()).sum::<usize>();
        assert!(writers < 1_024, "{writers}");
    }
}
