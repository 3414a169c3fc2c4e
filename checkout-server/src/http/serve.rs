//! The accept loop: what `axum::serve` does, with a time limit for headers, a limit on their
//! number, and a stop that finishes what it has begun (G2f, G30).

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::app::App;

const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
const MOST_HEADERS: usize = 64;
/// Of a request's line and headers together, in bytes.
const LARGEST_HEAD: usize = 16 * 1_024;
const MOST_CONNECTIONS: usize = 2_048;
/// How long requests may go on after the stop.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stopping`, then finishes what is under way.
pub async fn serve(listener: TcpListener, router: Router, stopping: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) if connections.len() < MOST_CONNECTIONS => {
                connections.spawn(connection(stream, Peer(peer), router.clone(), stopping.clone()));
            }
            // Closed at once: better one refusal than slowness for all (G30).
            Ok(_) => metrics::counter!("checkout_connections_refused_total").increment(1),
            Err(error) => {
                // Out of descriptors, most likely: wait until some are given back.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(GRACE, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "stopped with connections open");
    }
}

/// Who is at the other end of the connection: a buyer, or a proxy. On every request as an extension.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

async fn connection(stream: TcpStream, peer: Peer, router: Router, stopping: CancellationToken) {
    drop(stream.set_nodelay(true));
    let mut builder = Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_headers(MOST_HEADERS)
        .max_buf_size(LARGEST_HEAD);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        router.clone().oneshot(request.map(Body::new))
    });
    let serving = builder.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(serving);
    let ended = tokio::select! {
        ended = serving.as_mut() => ended,
        () = stopping.cancelled() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Whether the helper can take orders: its store answers.
pub(super) async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    match app.store.ping().await {
        Ok(()) if !app.stopping.is_cancelled() => (StatusCode::OK, "ready\n"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n"),
    }
}
