//! A helper that is up: its listeners, and a stop that finishes what was begun.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::app::App;
use crate::fault::crash_point;
use crate::http::admission::Flood;
use crate::http::serve::ListenerLimits;
use crate::{access, http, outbox, telemetry};

/// Connections of the operations listener: a few dashboards and probes.
const MOST_OPERATORS: usize = 64;

/// The two listeners of a helper.
pub struct Listeners {
    /// For buyers, pages, the provider and merchants' backends.
    pub public: TcpListener,
    /// For operators.
    pub operations: TcpListener,
}

impl Listeners {
    /// Binds both. Port 0 picks a free one.
    ///
    /// # Errors
    /// An address is taken or not ours.
    pub async fn bind(public: SocketAddr, operations: SocketAddr) -> std::io::Result<Self> {
        Ok(Self { public: TcpListener::bind(public).await?, operations: TcpListener::bind(operations).await? })
    }
}

/// Serves until the app is told to stop; `router` is [`http::router`], perhaps with a layer more, and
/// `limits` are those of the public listener.
pub fn start(app: &App, listeners: Listeners, router: axum::Router, limits: ListenerLimits) {
    let Listeners { public, operations } = listeners;
    // A flood of orders is refused before anything else is done about it.
    let flood = Flood::new(app);
    let limits = ListenerLimits { refuse: Arc::new(move |request| flood.refuse(request)), ..limits };
    // A table each: however many buyers come, operators get in.
    app.tasks.spawn(http::serve::serve(public, router, limits, app.stopping.clone()));
    let operations_router = http::operations(app, telemetry::metrics());
    app.tasks.spawn(telemetry::add_up(telemetry::metrics(), app.stopping.clone()));
    app.tasks.spawn(access::run(app.clone()));
    app.tasks.spawn(crate::clock::steps::run(app.clone()));
    app.selling.report();
    app.tasks.spawn(crate::healing::run(app.clone()));
    let few = ListenerLimits { connections: MOST_OPERATORS, ..ListenerLimits::trusting() };
    app.tasks.spawn(http::serve::serve(operations, operations_router, few, app.stopping.clone()));
    app.tasks.spawn(outbox::run(app.clone()));
}

/// How long the callers of a helper that gives up may take to hear so.
const FAREWELL: Duration = Duration::from_secs(2);

/// Tells it to stop, because its disk is not to be believed any more, and waits but for a moment: nothing
/// that was begun can be written down, and whoever starts it again should not have to wait.
pub async fn give_up(app: &App) {
    drop(tokio::time::timeout(FAREWELL, stop(app)).await);
}

/// Tells it to stop, waits until everything has ended (G2f), and closes the store.
pub async fn stop(app: &App) {
    app.stopping.cancel();
    crash_point("stop.told");
    app.tasks.close();
    app.tasks.wait().await;
    app.store.close().await;
}
