//! The accept loop: what `axum::serve` does, with a time limit for headers, a limit on their
//! number, a table of connections that closes the slow before it refuses the quick, and a stop
//! that finishes what it has begun (G2f, G30).

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Request, header};
use axum::response::Response;
use futures_util::future::{Either, TryFutureExt as _, ready};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

mod body;
mod connections;

use connections::{Connections, Seat, State};

pub(super) use body::is_event_stream;
pub use connections::{ListenerLimits, Refuse};

const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const MOST_HEADERS: usize = 64;
/// Of a request's line and headers together, in bytes.
const LARGEST_HEAD: usize = 16 * 1_024;
/// How long connections are read from as before, after the stop: what was sent before it is here by then,
/// and whoever is answered meanwhile is told that the connection ends.
const LAST_CALL: Duration = Duration::from_millis(200);
/// How long requests may go on after the stop.
const GRACE: Duration = Duration::from_secs(10);
/// Between two looks at who is slow.
const SWEEP: Duration = Duration::from_millis(50);

/// Connections that the system keeps for us until they are taken in: what `TcpListener::bind` asks for.
const BACKLOG: usize = 1_024;

/// Serves until `stopping`, then finishes what is under way.
pub async fn serve(listener: TcpListener, router: Router, limits: ListenerLimits, stopping: CancellationToken) {
    let refuse = Arc::clone(&limits.refuse);
    let door = Arc::new(Door { begun: Instant::now(), connections: Connections::new(limits), refuse });
    let tasks = TaskTracker::new();
    let mut sweep = tokio::time::interval(SWEEP);
    sweep.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            _ = sweep.tick() => {
                door.connections.sweep(door.now());
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                if let Some(connection) = door.admit(peer, &stopping) {
                    tasks.spawn(connected(stream, Peer(peer), router.clone(), connection));
                }
            }
            Err(error) => {
                // Out of descriptors, most likely: who waits makes room, or time does.
                tracing::warn!(%error, "a connection could not be accepted");
                let made_room = door.connections.yield_one(door.now());
                tokio::time::sleep(Duration::from_millis(if made_room { 5 } else { 50 })).await;
            }
        }
    }
    for (stream, peer) in queued(listener) {
        if let Some(connection) = door.admit(peer, &stopping) {
            tasks.spawn(connected(stream, Peer(peer), router.clone(), connection));
        }
    }
    tasks.close();
    if tokio::time::timeout(GRACE, tasks.wait()).await.is_err() {
        tracing::warn!(open = tasks.len(), "stopped with connections open");
    }
}

/// Who has connected and was not taken in yet: for them the connection stands, and they may have asked
/// already (G2f). Nobody else gets in.
fn queued(listener: TcpListener) -> Vec<(TcpStream, SocketAddr)> {
    let Ok(listener) = listener.into_std() else { return Vec::new() };
    let taken = drain(BACKLOG, || listener.accept());
    let ready = |(stream, peer): (std::net::TcpStream, _)| {
        let stream = stream.set_nonblocking(true).and_then(|()| TcpStream::from_std(stream));
        stream.ok().map(|stream| (stream, peer))
    };
    taken.into_iter().filter_map(ready).collect()
}

/// Takes what is there, until nothing is: one that went away meanwhile (ECONNABORTED) hides nobody behind
/// it. At most so many tries, or who goes on connecting would keep the helper from stopping.
fn drain<T>(most: usize, mut accept: impl FnMut() -> io::Result<T>) -> Vec<T> {
    let mut all = Vec::new();
    for _ in 0..most {
        match accept() {
            Ok(one) => all.push(one),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(_) => {}
        }
    }
    all
}

/// One listener's table and its clock.
struct Door {
    begun: Instant,
    connections: Connections,
    refuse: Refuse,
}

impl Door {
    /// A place for a new connection. Where there is none it is closed at once: better one refusal than
    /// slowness for all (G30).
    fn admit(self: &Arc<Self>, peer: SocketAddr, stopping: &CancellationToken) -> Option<Arc<Connection>> {
        let Some(seat) = self.connections.admit(peer.ip(), self.now()) else {
            metrics::counter!("checkout_connections_refused_total").increment(1);
            return None;
        };
        Some(Arc::new(Connection { door: Arc::clone(self), seat, stopping: stopping.clone() }))
    }

    fn now(&self) -> connections::Moment {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX >> 3)
    }
}

/// One connection; its place is given back when the last of it goes.
struct Connection {
    door: Arc<Door>,
    seat: Arc<Seat>,
    stopping: CancellationToken,
}

impl Connection {
    fn enter(&self, state: State) {
        self.seat.enter(state, self.door.now());
    }

    /// An answer on its way out; after the stop it says that nothing more is read.
    fn send(self: &Arc<Self>, mut response: Response) -> Response {
        if self.stopping.is_cancelled() {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        body::outgoing(response, self)
    }

    /// Waits until no more requests are read from it.
    async fn last_call(self: Arc<Self>) {
        self.stopping.cancelled().await;
        tokio::time::sleep(LAST_CALL).await;
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.door.connections.leave(&self.seat);
    }
}

/// Who is at the other end of the connection: a buyer, or a proxy. On every request as an extension.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// What a connection may ask of us.
fn http1() -> Builder {
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MOST_HEADERS)
        .max_buf_size(LARGEST_HEAD);
    builder
}

async fn connected(stream: TcpStream, peer: Peer, router: Router, connection: Arc<Connection>) {
    drop(stream.set_nodelay(true));
    let closing = connection.seat.closing.clone();
    let last_call = Arc::clone(&connection).last_call();
    let service = service_fn(move |request: Request<hyper::body::Incoming>| {
        if let Some(refused) = (connection.door.refuse)(&request) {
            connection.enter(State::Waiting);
            return Either::Left(ready(Ok(refused)));
        }
        connection.enter(State::Asked);
        let mut request = request.map(|body| Body::new(body::Incoming::new(body, Arc::clone(&connection))));
        request.extensions_mut().insert(peer);
        let (answering, connection) = (router.clone().oneshot(request), Arc::clone(&connection));
        Either::Right(answering.map_ok(move |response| connection.send(response)))
    });
    let serving = http1().serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving, last_call);
    let mut finishing = false;
    let ended = loop {
        tokio::select! {
            ended = serving.as_mut() => break ended,
            // Dropped as it is: the client had its chance.
            () = closing.cancelled() => return,
            () = &mut last_call, if !finishing => {
                finishing = true;
                serving.as_mut().graceful_shutdown();
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn one_that_went_away_hides_nobody_behind_it() {
        let mut queue =
            [Ok(1), Err(ErrorKind::ConnectionAborted), Ok(2), Err(ErrorKind::WouldBlock), Ok(3)].into_iter();
        assert_eq!(drain(9, || queue.next().unwrap().map_err(io::Error::from)), [1, 2]);
    }

    #[test]
    fn who_goes_on_connecting_keeps_nothing_from_stopping() {
        assert_eq!(drain(3, || Ok(())).len(), 3);
        assert_eq!(drain(3, || Err::<(), _>(ErrorKind::ConnectionAborted.into())).len(), 0);
    }
}
