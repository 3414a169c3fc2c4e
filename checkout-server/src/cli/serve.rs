//! `serve`: the helper, as it runs in front of somebody's income.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Failure, StopSignal, read_catalog, say};
use crate::abuse::Abuse;
use crate::app::{App, Changes, Flights, Parts};
use crate::clock::Clock;
use crate::config::Config;
use crate::helper::{self, Listeners};
use crate::http;
use crate::keys::Keys;
use crate::provider::dodo::Dodo;
use crate::selling::Selling;
use crate::store::Store;

#[derive(Args)]
pub(super) struct Arguments {
    /// The settings; checkout.example.toml is their manual.
    #[arg(long, default_value = "checkout.toml")]
    config: PathBuf,
    /// Listen on this port instead of the one in the settings; 0 picks a free one.
    #[arg(long)]
    port: Option<u16>,
    /// Keep the database in this folder instead.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Print one line of JSON, with the addresses, once it is up.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { config, port, data, json } = arguments;
    let stop = StopSignal::listen()?;
    #[expect(clippy::disallowed_methods, reason = "the door through which the environment comes in")]
    let settings = Config::load(&config, |name| std::env::var(name).ok())?;
    let data = data.unwrap_or_else(|| settings.data.clone());
    std::fs::create_dir_all(&data).map_err(|error| format!("{}: {error}", data.display()))?;
    let listen = SocketAddr::new(settings.listen.ip(), port.unwrap_or(settings.listen.port()));
    // A port of one's own choosing would otherwise collide at the operations listener.
    let operations = if port == Some(0) { SocketAddr::new(settings.operations.ip(), 0) } else { settings.operations };
    let listeners =
        Listeners::bind(listen, operations).await.map_err(|error| format!("{listen} or {operations}: {error}"))?;
    let ready = serde_json::json!({
        "helper": format!("http://{}", listeners.public.local_addr()?),
        "operations": format!("http://{}", listeners.operations.local_addr()?),
    });

    let (store, keys, clock) =
        (Store::open(&data.join("checkout.db"))?, Keys::new(settings.secret_key), Clock::default());
    let app = App::new(Parts {
        abuse: Abuse::resume(settings.limits, keys.challenges.clone(), &store, clock.now()).await?,
        selling: Selling::resume(&store).await?,
        trusted_proxies: settings.trusted_proxies,
        operator_key: settings.operator_key,
        catalog: read_catalog(&settings.catalog)?,
        clock,
        provider: Box::new(Dodo::new(&settings.provider_api, &settings.provider_checkout, settings.provider_key)?),
        store,
        keys,
        webhook_secrets: settings.webhook_secrets,
        public_url: settings.public_url,
        allowed_origins: settings.allowed_origins,
        test_mode: !settings.live,
        stopping: CancellationToken::new(),
        tasks: TaskTracker::new(),
        flights: Flights::default(),
        changes: Changes::default(),
    });
    helper::start(&app, listeners, http::router(&app));
    if json {
        say(&ready.to_string())?;
    } else {
        say(&format!("The helper listens on {}", ready["helper"].as_str().unwrap_or_default()))?;
    }
    stop.heard().await;
    helper::stop(&app).await;
    Ok(())
}
