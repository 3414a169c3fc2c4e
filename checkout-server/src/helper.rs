//! A helper that is up: its listeners, and a stop that finishes what was begun.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::app::App;
use crate::http::admission::Flood;
use crate::http::serve::ListenerLimits;
use crate::{http, telemetry};

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

/// Serves until the app is told to stop; `router` is [`http::router`], perhaps with a layer more.
pub fn start(app: &App, listeners: Listeners, router: axum::Router) {
    let Listeners { public, operations } = listeners;
    // A table each: however many buyers come, operators get in.
    app.tasks.spawn(http::serve::serve(public, router, limits(app), app.stopping.clone()));
    let operations_router = http::operations(app, telemetry::metrics());
    app.selling.report();
    let few = ListenerLimits { connections: MOST_OPERATORS, ..ListenerLimits::trusting() };
    app.tasks.spawn(http::serve::serve(operations, operations_router, few, app.stopping.clone()));
}

/// A proxy of ours on another machine brings many people's connections; and a flood of orders is refused
/// before anything else is done about it.
fn limits(app: &App) -> ListenerLimits {
    let (app, flood) = (app.clone(), Flood::new(app));
    let trusted = move |address: IpAddr| {
        !address.is_loopback() && app.trusted_proxies.iter().any(|network| network.contains(address))
    };
    let refuse = move |request: &axum::http::Request<_>| flood.refuse(request);
    ListenerLimits { trusted: Arc::new(trusted), refuse: Arc::new(refuse), ..ListenerLimits::default() }
}

/// Tells it to stop and waits until everything has ended (G2f).
pub async fn stop(app: &App) {
    app.stopping.cancel();
    app.tasks.close();
    app.tasks.wait().await;
}
