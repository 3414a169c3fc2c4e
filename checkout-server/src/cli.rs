//! The commands. Each says what it needs and what to do when it does not get it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::catalog::Catalog;
use crate::{process, telemetry};

mod access;
mod backup;
mod demo;
mod emails;
mod endpoints;
mod listing;
mod lists;
mod operations;
mod reconcile;
mod refund;
mod restore;
mod review;
mod sandbox;
mod selling;
mod serve;
mod verify;

/// The helper behind the checkout: prices, payment links and webhooks, on your own server.
#[derive(Parser)]
#[command(name = "checkout-server", version)]
struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Run the helper. Example: `checkout-server serve --config checkout.toml`
    Serve(serve::Arguments),
    /// Run a shop, the helper and a pretend provider, with no account. Example: `checkout-server demo`
    Demo(demo::Arguments),
    /// Run the pretend provider alone. Example: `checkout-server sandbox --webhook-url http://127.0.0.1:8080/webhooks/dodo`
    Sandbox(sandbox::Arguments),
    /// Stop selling, start again, or show whether anything is sold. Example: `checkout-server selling stop --reason "cards are being tested"`
    Selling(selling::Arguments),
    /// Look at the mails that buyers get. Example: `checkout-server emails preview --into preview`
    Emails(emails::Arguments),
    /// Compare a running helper with the provider and mend what differs. Example: `checkout-server reconcile`
    Reconcile(reconcile::Arguments),
    /// Give a payment back, or a part of it. Example: `checkout-server refund pay_0Npa… --amount 500EUR --reason "bought twice"`
    Refund(refund::Arguments),
    /// Say what became of a refund that needs a person. Example: `checkout-server review int_0192… --not-made --who ada --why "not in the dashboard"`
    Review(review::Arguments),
    /// Fold the inbox again and compare. Example: `checkout-server verify --data data`
    Verify(verify::Arguments),
    /// Copy the database while the helper runs. Example: `checkout-server backup --data data --to /backups/checkout.db`
    Backup(backup::Arguments),
    /// Put a copy in the place of the database. Example: `checkout-server restore /backups/checkout.db --data data`
    Restore(restore::Arguments),
    /// Say what a customer may use; give or block something by hand. Example: `checkout-server access list user_4711`
    Access(access::Arguments),
    /// What happened, in our words: look it up, tell it again. Example: `checkout-server events list --type subscription.past_due`
    Events(lists::Arguments<lists::EventVerb>),
    /// Messages to endpoints, and mails: how they fare, send them again. Example: `checkout-server deliveries replay --state dead`
    Deliveries(lists::Arguments<lists::DeliveryVerb>),
    /// How the merchant's endpoints fare; send again to one that was disabled. Example: `checkout-server endpoints enable crm`
    Endpoints(endpoints::Arguments),
    /// Payments that the provider told of. Example: `checkout-server payments list --status failed`
    Payments(lists::Arguments<lists::PaymentVerb>),
    /// Subscriptions that the provider told of. Example: `checkout-server subscriptions list --status past_due`
    Subscriptions(lists::Arguments<lists::SubscriptionVerb>),
    /// Orders. Example: `checkout-server checkouts list --status needs_review`
    Checkouts(lists::Arguments<lists::CheckoutVerb>),
    /// Check the catalog. Example: `checkout-server catalog check catalog.toml`
    #[command(subcommand)]
    Catalog(CatalogVerb),
}

#[derive(Subcommand)]
enum CatalogVerb {
    /// Say every mistake in a catalog, with its line and its cure.
    Check {
        /// The file.
        #[arg(default_value = "catalog.toml")]
        file: PathBuf,
    },
}

/// A sentence for whoever typed the command.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that was typed. Exit codes: 0 done, 1 it could not be done, 2 it was not
/// understood.
pub fn run() -> ExitCode {
    let Command { verb } = Command::parse();
    telemetry::start_log();
    if let Err(error) = process::harden() {
        // A sandbox around us that forbids these calls guards as well or better.
        tracing::warn!(%error, "the process could not be hardened; see docs/operations.md");
    }
    let done = match verb {
        Verb::Serve(arguments) => block_on(serve::run(arguments)),
        Verb::Demo(arguments) => block_on(demo::run(arguments)),
        Verb::Sandbox(arguments) => block_on(sandbox::run(arguments)),
        Verb::Access(arguments) => block_on(access::run(arguments)),
        Verb::Selling(arguments) => block_on(selling::run(arguments)),
        Verb::Emails(arguments) => emails::run(arguments),
        Verb::Reconcile(arguments) => block_on(reconcile::run(arguments)),
        Verb::Refund(arguments) => block_on(refund::run(arguments)),
        Verb::Review(arguments) => block_on(review::run(arguments)),
        Verb::Verify(arguments) => verify::run(&arguments),
        Verb::Backup(arguments) => backup::run(&arguments),
        Verb::Restore(arguments) => restore::run(&arguments),
        Verb::Events(arguments) => block_on(lists::events(arguments)),
        Verb::Deliveries(arguments) => block_on(lists::deliveries(arguments)),
        Verb::Endpoints(arguments) => block_on(endpoints::run(arguments)),
        Verb::Payments(arguments) => block_on(lists::payments(arguments)),
        Verb::Subscriptions(arguments) => block_on(lists::subscriptions(arguments)),
        Verb::Checkouts(arguments) => block_on(lists::checkouts(arguments)),
        Verb::Catalog(CatalogVerb::Check { file }) => check(&file),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            drop(writeln!(std::io::stderr(), "checkout-server: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

fn check(file: &Path) -> Result<(), Failure> {
    let catalog = read_catalog(file)?;
    let prices: usize = catalog.products.iter().map(|product| product.prices.len()).sum();
    let names = catalog.entitlement_names().into_iter().collect::<Vec<_>>().join(", ");
    // So that a slip in one of them is seen: each is a name of its own.
    let gives = if names.is_empty() { "they give no access".to_owned() } else { format!("they give {names}") };
    say(&format!("{}: {} products, {prices} prices, no mistakes; {gives}", file.display(), catalog.products.len()))
}

fn read_catalog(file: &Path) -> Result<Catalog, Failure> {
    let name = file.display().to_string();
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{name}: {error}; copy catalog.example.toml there to begin with"))?;
    Catalog::parse(&text).map_err(|errors| errors.in_file(&name).into())
}

fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}

/// Hears that somebody wants the process to end: Ctrl-C, or SIGTERM from whatever runs it. To be made
/// before anybody is told that the process is up: who is told may end it at once.
struct StopSignal {
    interrupt: Signal,
    terminate: Signal,
}

impl StopSignal {
    fn listen() -> Result<Self, Failure> {
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn heard(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
