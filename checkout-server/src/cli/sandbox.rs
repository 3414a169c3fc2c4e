//! `sandbox`: the pretend provider alone, for somebody who builds against its API.

use std::path::PathBuf;

use clap::Args;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{Failure, StopSignal, read_catalog, say};
use crate::clock::Clock;
use crate::http::serve::{ListenerLimits, serve};
use crate::random;
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::signature::SigningSecret;

#[derive(Args)]
pub(super) struct Arguments {
    /// The port; 0 picks a free one.
    #[arg(long, default_value_t = 4300)]
    port: u16,
    /// What it sells.
    #[arg(long, default_value = "catalog.toml")]
    catalog: PathBuf,
    /// Where its webhooks go; without it they are held.
    #[arg(long)]
    webhook_url: Option<String>,
    /// The bearer token that it takes; a new one by default.
    #[arg(long)]
    api_key: Option<String>,
    /// What its webhooks are signed with; a new one by default.
    #[arg(long)]
    webhook_secret: Option<String>,
    /// Ignored: what it knows is forgotten when it ends. Taken so that all servers start alike.
    #[arg(long, hide = true)]
    data: Option<PathBuf>,
    /// Print one line of JSON, with its address and keys, once it is up.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { port, catalog, webhook_url, api_key, webhook_secret, data: _, json } = arguments;
    let stop = StopSignal::listen()?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| format!("port {port}: {error}"))?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let api_key = api_key.unwrap_or_else(|| format!("sandbox_{}", random::alphanumeric::<32>()));
    let webhook_secret = webhook_secret.unwrap_or_else(|| format!("whsec_{}", random::alphanumeric::<32>()));
    let sandbox = Sandbox::new(SandboxConfig {
        catalog: read_catalog(&catalog)?,
        clock: Clock::default(),
        api_key: api_key.clone(),
        webhook_secret: SigningSecret::parse(&webhook_secret)?,
        webhook_url,
        base_url: base_url.clone(),
    });
    let stopping = CancellationToken::new();
    let tasks = TaskTracker::new();
    tasks.spawn(serve(listener, sandbox.router(), ListenerLimits::trusting(), stopping.clone()));
    tasks.spawn({
        let stopping = stopping.clone();
        async move { sandbox.run(stopping).await }
    });
    if json {
        let ready =
            serde_json::json!({ "sandbox": base_url, "sandbox_key": api_key, "webhook_secret": webhook_secret });
        say(&ready.to_string())?;
    } else {
        say(&format!(
            "The sandbox listens on {base_url}\n  key            {api_key}\n  webhook secret {webhook_secret}"
        ))?;
    }
    stop.heard().await;
    stopping.cancel();
    tasks.close();
    tasks.wait().await;
    Ok(())
}
