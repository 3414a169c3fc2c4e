//! Starts everything a newcomer needs, on loopback, in one process: the shop, the helper, its
//! operations listener and the sandbox. The helper is the real one; only the provider's address
//! is another.

use std::io;
use std::path::{Path, PathBuf};

use axum::Router;
use secrecy::SecretString;
use serde::Serialize;
use tokio::net::TcpListener;

use super::{Activity, DemoConfig, Mailbox, Who, activity_layer, router, told};
use crate::abuse::Limits;
use crate::app::{App, Parts};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::helper::{self, Listeners};
use crate::http::serve::ListenerLimits;
use crate::keys::Keys;
use crate::mail::Mailer;
use crate::outbox::{Endpoint, Filter, Routes, UnusableEndpoint};
use crate::outgoing::Reach;
use crate::provider::Guard;
use crate::provider::dodo::Dodo;
use crate::sandbox::{Sandbox, SandboxConfig};
use crate::signature::SigningSecret;
use crate::store::{self, Rules, Store};
use crate::{http, random};

/// What a demo is started with.
pub struct Options {
    /// The shop's port; the others take the next ones, or free ones. 0 picks free ones for all.
    pub port: u16,
    /// The folder of the database.
    pub data: PathBuf,
    /// What is sold.
    pub catalog: Catalog,
    /// Shared by helper and sandbox, so that moving it moves both.
    pub clock: Clock,
    /// Origins besides the shop's whose pages may use the helper.
    pub allowed_origins: Vec<String>,
    /// Put around what the helper and the shop answer: `std::convert::identity`, or a test's own look at it.
    pub layer: fn(Router) -> Router,
    /// What is too much.
    pub limits: Limits,
    /// Who writes to buyers: by default what reaches the demo's own mailbox.
    pub mailer: Option<Mailer>,
    /// Who is told what happened, besides the shop.
    pub endpoints: Vec<Endpoint>,
}

/// A demo that is up.
pub struct Demo {
    /// Addresses and throw-away keys.
    pub ready: Ready,
    /// The helper.
    pub app: App,
    /// The provider.
    pub sandbox: Sandbox,
}

/// What scripts need to know, once everything answers.
#[derive(Clone, Serialize)]
pub struct Ready {
    /// The demo shop.
    pub shop: String,
    /// The helper.
    pub helper: String,
    /// The operator's page, health and metrics.
    pub operations: String,
    /// The sandbox: the provider's API, its payment pages and `/control/`.
    pub sandbox: String,
    /// Where the mails are read that the helper writes.
    pub mailbox: String,
    /// The helper's secret key.
    pub secret_key: String,
    /// What an operator shows at the operations listener.
    pub operator_key: String,
    /// The sandbox's API key.
    pub sandbox_key: String,
    /// What the sandbox signs its webhooks with.
    pub webhook_secret: String,
    /// What the helper signs with what it tells the shop.
    pub endpoint_secret: String,
}

/// Starts a demo.
///
/// # Errors
/// A port is taken, or the data folder cannot be used.
pub async fn start(options: Options) -> io::Result<Demo> {
    let Options { port, data, catalog, clock, mut allowed_origins, limits, layer, mut endpoints, mailer } = options;
    let shop_listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let public = near(port, 1).await?;
    let operations = near(port, 2).await?;
    let sandbox_listener = near(port, 3).await?;
    let mail_listener = Mailbox::bind().await?;
    let mailer = mailer.map_or_else(|| own_mailer(&mail_listener), Ok)?;

    let ready = Ready {
        shop: address(&shop_listener)?,
        helper: address(&public)?,
        operations: address(&operations)?,
        sandbox: address(&sandbox_listener)?,
        mailbox: format!("{}/mailbox", address(&shop_listener)?),
        secret_key: kept_key(&data, "secret_key", "sk_demo_")?,
        operator_key: kept_key(&data, "operator_key", "op_demo_")?,
        sandbox_key: format!("sandbox_{}", random::alphanumeric::<32>()),
        webhook_secret: format!("whsec_{}", random::alphanumeric::<32>()),
        endpoint_secret: format!("whsec_{}", random::alphanumeric::<32>()),
    };
    let endpoint_secret = SigningSecret::parse(&ready.endpoint_secret).map_err(io::Error::other)?;
    endpoints.push(shop_endpoint(&ready.shop, &endpoint_secret).map_err(io::Error::other)?);
    allowed_origins.extend([ready.shop.clone(), ready.shop.replace("127.0.0.1", "localhost")]);
    let webhook_secret = SigningSecret::parse(&ready.webhook_secret).map_err(io::Error::other)?;
    let sandbox = Sandbox::new(SandboxConfig {
        catalog: catalog.clone(),
        clock: clock.clone(),
        api_key: ready.sandbox_key.clone(),
        webhook_secret: webhook_secret.clone(),
        webhook_url: Some(format!("{}/webhooks/dodo", ready.helper)),
        base_url: ready.sandbox.clone(),
    });
    let rules = Rules::new(&catalog, Routes { mails: mailer.routes(), ..Routes::to(&endpoints) });
    let app = App::open(Parts {
        // So that a header can play a buyer from anywhere: nobody but this machine reaches a demo.
        trusted_proxies: ["127.0.0.1", "::1"]
            .map(|proxy| proxy.parse().map_err(io::Error::other))
            .into_iter()
            .collect::<io::Result<_>>()?,
        provider: Box::new(Guard::new(
            Dodo::new(&ready.sandbox, &ready.sandbox, SecretString::from(ready.sandbox_key.clone()))
                .map_err(io::Error::other)?,
        )),
        store: Store::open(&data.join("checkout.db"), rules).map_err(io::Error::other)?,
        keys: Keys::new(ready.secret_key.clone().into()).with_operator(Some(ready.operator_key.clone().into())),
        limits,
        mailer: Some(mailer),
        endpoints,
        webhook_secrets: vec![webhook_secret],
        public_url: ready.helper.clone(),
        allowed_origins,
        test_mode: true,
        releases: http::assets::Releases::default(),
        catalog,
        clock: clock.clone(),
    })
    .await
    .map_err(io::Error::other)?;

    let (activity, mailbox) = (Activity::new(clock.clone()), Mailbox::new(clock));
    let tasks = &app.tasks;
    tasks.spawn(mailbox.clone().serve(mail_listener, app.stopping.clone()));
    let helper_router = http::router(&app).layer(activity_layer(activity.clone(), Who::Helper));
    helper::start(&app, Listeners { public, operations }, layer(helper_router), ListenerLimits::default());
    let sandbox_router = sandbox.router().layer(activity_layer(activity.clone(), Who::Sandbox));
    tasks.spawn(http::serve::serve(sandbox_listener, sandbox_router, ListenerLimits::trusting(), app.stopping.clone()));
    tasks.spawn({
        let (sandbox, stopping) = (sandbox.clone(), app.stopping.clone());
        async move { sandbox.run(stopping).await }
    });
    tasks.spawn(tell_of_checkouts(app.clone(), activity.clone()));
    let shop = router(DemoConfig {
        helper_url: ready.helper.clone(),
        sandbox_url: ready.sandbox.clone(),
        sandbox_control: ready.sandbox.clone(),
        operations_url: ready.operations.clone(),
        operator_key: ready.operator_key.clone(),
        catalog: app.catalog.clone(),
        activity,
        mailbox,
        endpoint_secret,
        secret_key: ready.secret_key.clone().into(),
    });
    tasks.spawn(http::serve::serve(shop_listener, layer(shop), ListenerLimits::trusting(), app.stopping.clone()));
    Ok(Demo { ready, app, sandbox })
}

impl Demo {
    /// Stops it, finishing what is under way.
    pub async fn stop(self) {
        helper::stop(&self.app).await;
    }
}

/// Who writes to the demo's buyers, into its own mailbox.
fn own_mailer(mailbox: &TcpListener) -> io::Result<Mailer> {
    let server = format!("smtp://{}", mailbox.local_addr()?);
    Mailer::plain("Fernway", "billing@fernway.example", &server).map_err(io::Error::other)
}

/// The shop as one of the merchant's endpoints: it hears of everything.
fn shop_endpoint(shop: &str, secret: &SigningSecret) -> Result<Endpoint, UnusableEndpoint> {
    let url = format!("{shop}{}", told::PATH);
    Endpoint::new("shop", &url, Reach::ThisMachine, vec![secret.clone()], Filter::default())
}

/// The panel shows where each checkout stands, as the helper's store says.
async fn tell_of_checkouts(app: App, activity: Activity) {
    let mut changes = app.changes.subscribe();
    loop {
        let news = tokio::select! {
            () = app.stopping.cancelled() => return,
            news = changes.recv() => news,
        };
        if let Ok(id) = news
            && let Ok(Some(checkout)) = app.store.checkout(&id).await
        {
            activity.record_checkout(checkout.status, checkout.order.total);
        }
    }
}

/// The next port, or a free one where that is taken.
async fn near(port: u16, offset: u16) -> io::Result<TcpListener> {
    let wanted = if port == 0 { 0 } else { port.saturating_add(offset) };
    match TcpListener::bind(("127.0.0.1", wanted)).await {
        Ok(listener) => Ok(listener),
        Err(_) => TcpListener::bind(("127.0.0.1", 0)).await,
    }
}

fn address(listener: &TcpListener) -> io::Result<String> {
    Ok(format!("http://{}", listener.local_addr()?))
}

/// The same data folder keeps the same key, so that a page's secrets survive a restart.
fn kept_key(data: &Path, name: &str, prefix: &str) -> io::Result<String> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;

    store::prepare_folder(data)?;
    let path = data.join(name);
    if let Ok(key) = std::fs::read_to_string(&path) {
        return Ok(key.trim().to_owned());
    }
    let key = format!("{prefix}{}", random::alphanumeric::<32>());
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    writeln!(file, "{key}")?;
    file.sync_all()?;
    Ok(key)
}
