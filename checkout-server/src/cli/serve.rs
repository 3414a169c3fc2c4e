//! `serve`: the helper, as it runs in front of somebody's income.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, StopSignal, read_catalog, say};
use crate::app::{App, Parts};
use crate::clock::Clock;
use crate::config::Config;
use crate::fault::crash_point;
use crate::helper::{self, Listeners};
use crate::http;
use crate::http::assets::Releases;
use crate::http::serve::ListenerLimits;
use crate::keys::Keys;
use crate::mail::Mailer;
use crate::outbox::Routes;
use crate::provider::Guard;
use crate::provider::dodo::Dodo;
use crate::store::{self, Rules, Store};

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
    store::prepare_folder(&data)?;
    let listen = SocketAddr::new(settings.listen.ip(), port.unwrap_or(settings.listen.port()));
    // A port of one's own choosing would otherwise collide at the operations listener.
    let operations = if port == Some(0) { SocketAddr::new(settings.operations.ip(), 0) } else { settings.operations };
    let listeners =
        Listeners::bind(listen, operations).await.map_err(|error| format!("{listen} or {operations}: {error}"))?;
    crash_point("start.bound");
    let ready = serde_json::json!({
        "helper": format!("http://{}", listeners.public.local_addr()?),
        "operations": format!("http://{}", listeners.operations.local_addr()?),
    });

    let catalog = read_catalog(&settings.catalog)?;
    let mails = settings.mailer.as_ref().map(Mailer::routes).unwrap_or_default();
    let rules = Rules::new(&catalog, Routes { mails, ..Routes::to(&settings.endpoints) });
    let app = App::open(Parts {
        trusted_proxies: settings.trusted_proxies,
        limits: settings.limits,
        mailer: settings.mailer,
        catalog,
        clock: Clock::default(),
        provider: Box::new(Guard::new(Dodo::new(
            &settings.provider_api,
            &settings.provider_checkout,
            settings.provider_key,
        )?)),
        store: Store::open(&data.join("checkout.db"), rules)?,
        keys: Keys::new(settings.secret_key).with_operator(settings.operator_key),
        endpoints: settings.endpoints,
        webhook_secrets: settings.webhook_secrets,
        public_url: settings.public_url,
        allowed_origins: settings.allowed_origins,
        test_mode: !settings.live,
        releases: kept_widgets(&data),
    })
    .await?;
    crash_point("start.resumed");
    let limits = ListenerLimits::behind(app.trusted_proxies.clone());
    helper::start(&app, listeners, http::router(&app), limits);
    crash_point("start.serving");
    if json {
        say(&ready.to_string())?;
    } else {
        say(&format!("The helper listens on {}", ready["helper"].as_str().unwrap_or_default()))?;
    }
    tokio::select! {
        () = stop.heard() => {
            crash_point("stop.heard");
            helper::stop(&app).await;
            crash_point("stop.drained");
            Ok(())
        }
        () = app.store.unconfirmed() => {
            helper::give_up(&app).await;
            Err("the disk did not confirm what was written (a sync failed), so this process ends; the next one \
                 finds everything that was acknowledged. Look at the disk".into())
        }
    }
}

/// The widgets of earlier releases. Without them pages that pinned one fall back to their link, and
/// everybody else is served: no reason not to start.
fn kept_widgets(data: &Path) -> Releases {
    let folder = data.join("widgets");
    let kept = std::fs::create_dir_all(&folder).and_then(|()| Releases::keep(&folder));
    kept.unwrap_or_else(|error| {
        tracing::warn!(%error, folder = %folder.display(), "the widgets of earlier releases cannot be kept");
        Releases::default()
    })
}
