//! Everything around a helper that survives its death: the provider (a sandbox in this process, whose
//! memory is the truth), the courier's office that takes its webhooks, the merchant's endpoint, a mail
//! server, and the doors through which helper and world see each other.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use checkout_server::catalog::Catalog;
use checkout_server::clock::Clock;
use checkout_server::http::serve::{ListenerLimits, serve};
use checkout_server::sandbox::{Sandbox, SandboxConfig};
use checkout_server::signature::SigningSecret;
use checkout_tests::in_repository;
use checkout_tests::merchant::{Merchant, OK, Play};
use checkout_tests::smtp::MailServer;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::chance::Chance;
use crate::courier::Office;
use crate::door::{Door, Fault};
use crate::helper::Deaths;
use crate::history::History;
use crate::run::Options;
use crate::verdict::Verdict;

mod settings;

/// What the shop's server shows the helper.
pub(crate) const SECRET_KEY: &str = "a secret key of at least 32 characters";
/// What its operators show.
pub(crate) const OPERATOR_KEY: &str = "an operator's key of at least 32 characters";
/// The page that sells.
pub(crate) const SHOP: &str = "http://127.0.0.1:1";
/// What the helper shows the provider.
pub(crate) const PROVIDER_KEY: &str = "sandbox_key_of_the_proof";
/// The name of the merchant's endpoint in the settings.
pub(crate) const ENDPOINT: &str = "shop";
/// What the provider signs its webhooks with.
const WEBHOOK_SECRET: &str = "whsec_dGhlIHByb29mJ3Mgb3duIHdlYmhvb2sgc2VjcmV0";

/// The world of one run.
pub(crate) struct World {
    /// Where the run keeps everything.
    pub(crate) folder: PathBuf,
    /// What its chance comes from.
    pub(crate) seed: u64,
    /// The provider, and what really happened.
    pub(crate) sandbox: Sandbox,
    /// Where it listens itself, for buyers on its payment page and for whoever orders it about.
    pub(crate) sandbox_url: String,
    /// In front of the helper's public listener.
    pub(crate) door: Door,
    /// In front of its operations listener.
    pub(crate) operations: Door,
    /// In front of the provider, as the helper sees it.
    pub(crate) provider: Door,
    /// The merchant's endpoint.
    pub(crate) merchant: Merchant,
    /// The mail server.
    pub(crate) mail: MailServer,
    /// Where the provider's webhooks wait for couriers.
    pub(crate) office: Office,
    /// What the provider signs its webhooks with.
    pub(crate) webhook_secret: SigningSecret,
    /// What is sold.
    pub(crate) catalog: Catalog,
    /// When its helpers died.
    pub(crate) deaths: Deaths,
    environment: Vec<(String, String)>,
    /// How many loads there were.
    loads: AtomicU64,
    stop: CancellationToken,
}

impl World {
    /// Makes one, with an empty folder. A helper is started into it by [`crate::helper::Helper::start`].
    ///
    /// # Panics
    /// This machine has no free ports, no node, or no room for the folder: nothing can be proven then.
    pub(crate) async fn start(options: &Options, command: &str) -> Self {
        let folder = options.folder(command);
        drop(fs::remove_dir_all(&folder));
        fs::create_dir_all(&folder).expect("a folder for the run");
        let stop = CancellationToken::new();
        let webhook_secret = SigningSecret::parse(WEBHOOK_SECRET).expect("base64");
        let office = Office::open(stop.clone()).await;
        let catalog = Catalog::parse(&fs::read_to_string(catalog_file()).expect("the example is there"))
            .expect("the example has no mistakes");
        let (sandbox, sandbox_url) = provider(&catalog, &webhook_secret, office.url(), &stop).await;
        let (door, operations) = (Door::open(stop.clone()).await, Door::open(stop.clone()).await);
        let provider = Door::open(stop.clone()).await;
        provider.turn(&sandbox_url);
        provider.rule(unreliable(Chance::of(options.seed, "provider")));
        let merchant = Merchant::playing(moody(Chance::of(options.seed, "merchant"))).await;
        let mut world = Self {
            folder,
            seed: options.seed,
            sandbox,
            sandbox_url,
            door,
            operations,
            provider,
            merchant,
            mail: MailServer::start(),
            office,
            webhook_secret,
            catalog,
            deaths: Deaths::default(),
            environment: Vec::new(),
            loads: AtomicU64::new(0),
            stop,
        };
        world.environment = settings::write(&world);
        world
    }

    /// A stream of chance of that name.
    pub(crate) fn chance(&self, name: &str) -> Chance {
        Chance::of(self.seed, name)
    }

    /// What tells the next load from those before it: none of them uses another one's keys.
    pub(crate) fn next_load(&self) -> String {
        format!("{}-{}", self.seed, self.loads.fetch_add(1, Ordering::SeqCst))
    }

    /// The settings' file.
    pub(crate) fn settings(&self) -> PathBuf {
        self.folder.join("checkout.toml")
    }

    /// The helper's data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// The helper's database.
    pub(crate) fn database(&self) -> PathBuf {
        self.data().join("checkout.db")
    }

    /// The secrets that a helper gets by its environment.
    pub(crate) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// What the provider has sold, and what became of it.
    pub(crate) fn truth(&self) -> Value {
        self.sandbox.ledger_json()
    }

    /// Ends it. Where something failed, what is needed to look into it stays in the folder.
    pub(crate) fn close(self, history: &History, verdict: &Verdict) {
        self.stop.cancel();
        if verdict.failures.is_empty() {
            drop(fs::remove_dir_all(&self.folder));
            return;
        }
        // Whoever reads it no longer has no use for it.
        drop(writeln!(std::io::stdout().lock(), "  what was left is in {}", self.folder.display()));
        drop(history.save(&self.folder.join("history.jsonl")));
        drop(fs::write(self.folder.join("truth.json"), self.truth().to_string()));
        let told: Vec<String> = self.merchant.received().iter().map(|one| format!("{one:?}")).collect();
        drop(fs::write(self.folder.join("told.txt"), told.join("\n")));
        drop(fs::write(self.folder.join("failures.txt"), verdict.failures.join("\n")));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// What is sold.
fn catalog_file() -> PathBuf {
    in_repository("catalog.example.toml").canonicalize().expect("the example is there")
}

/// The sandbox, listening, with its webhooks going to the courier's office.
async fn provider(
    catalog: &Catalog,
    webhook_secret: &SigningSecret,
    office: String,
    stop: &CancellationToken,
) -> (Sandbox, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("it is bound"));
    let sandbox = Sandbox::new(SandboxConfig {
        catalog: catalog.clone(),
        clock: Clock::default(),
        api_key: PROVIDER_KEY.to_owned(),
        webhook_secret: webhook_secret.clone(),
        webhook_url: Some(office),
        base_url: url.clone(),
    });
    tokio::spawn(serve(listener, sandbox.router(), ListenerLimits::trusting(), stop.clone()));
    tokio::spawn({
        let (sandbox, stop) = (sandbox.clone(), stop.clone());
        async move { sandbox.run(stop).await }
    });
    (sandbox, url)
}

/// A provider on the other side of an ocean: now and then it does what it was asked to, and its answer is
/// lost; now and then it takes its time.
fn unreliable(mut chance: Chance) -> impl FnMut(&str) -> Fault + Send {
    move |request| {
        let matters = request.starts_with("POST /checkouts HTTP") || request.starts_with("POST /refunds");
        if matters && chance.percent(2) {
            Fault::DropReply
        } else if chance.percent(5) {
            Fault::LateReply(Duration::from_millis(chance.below(40)))
        } else {
            Fault::Pass
        }
    }
}

/// An endpoint that fails now and then, never twice for the same message: the second wait is five minutes.
fn moody(mut chance: Chance) -> impl FnMut(&checkout_tests::merchant::Received) -> Play + Send {
    let mut failed = std::collections::HashSet::new();
    move |received| {
        if !chance.percent(3) || !failed.insert(received.id.clone()) {
            return OK;
        }
        if chance.percent(50) { Play::Answer(500) } else { Play::Reset }
    }
}
