//! `demo`: everything at once, on loopback, with no account.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, StopSignal, read_catalog, say};
use crate::abuse::Limits;
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::demo::{self, Options, Ready};
use crate::random;

/// What the demo sells unless it is told otherwise.
const EXAMPLE: &str = include_str!("../../../catalog.example.toml");

#[derive(Args)]
pub(super) struct Arguments {
    /// The shop's port; 0 picks a free one.
    #[arg(long, default_value_t = 4242)]
    port: u16,
    /// Keep the database here, and go on with it next time. Without it, a demo forgets.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Sell what this catalog says.
    #[arg(long)]
    catalog: Option<PathBuf>,
    /// Let pages of this origin use the helper too, for instance your own while you build it; may be repeated.
    #[arg(long = "allow-origin", value_name = "ORIGIN")]
    allowed_origins: Vec<String>,
    /// Print one line of JSON, with addresses and throw-away keys, once it is up.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { port, data, catalog, allowed_origins, json } = arguments;
    let stop = StopSignal::listen()?;
    let catalog = match catalog {
        Some(file) => read_catalog(&file)?,
        None => Catalog::parse(EXAMPLE).map_err(|errors| errors.in_file("catalog.example.toml"))?,
    };
    let folder = data.clone().unwrap_or_else(forgotten);
    let options = Options {
        port,
        data: folder.clone(),
        catalog,
        clock: Clock::default(),
        allowed_origins,
        limits: Limits::default(),
        mailer: None,
        endpoints: Vec::new(),
        layer: std::convert::identity,
    };
    let demo = demo::start(options)
        .await
        .map_err(|error| format!("the demo cannot start on port {port}: {error}; try --port 0"))?;
    if json {
        say(&serde_json::to_string(&demo.ready)?)?;
    } else {
        welcome(&demo.ready)?;
    }
    stop.heard().await;
    demo.stop().await;
    if data.is_none() {
        std::fs::remove_dir_all(folder)?;
    }
    Ok(())
}

/// A folder of its own among the temporary files.
fn forgotten() -> PathBuf {
    std::env::temp_dir().join(format!("checkout-demo-{}", random::alphanumeric::<12>()))
}

fn welcome(ready: &Ready) -> Result<(), Failure> {
    let Ready { shop, helper, operations, sandbox, mailbox, operator_key, .. } = ready;
    say(&format!(
        "\n  The demo shop is open:  {shop}\n\n  \
         Pay with 4242 4242 4242 4242, any later date and CVC; 4000 0000 0000 0002 is declined.\n  \
         The panel at the edge of each page tells what the servers did.\n\n  \
         helper      {helper}\n  sandbox     {sandbox}\n  operations  {operations}  (any user name, password {operator_key})\n  mailbox     {mailbox}\n\n  \
         Ctrl-C ends it; nothing is kept unless you name a folder with --data.\n"
    ))
}
