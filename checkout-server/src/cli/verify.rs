//! `verify`: folds the inbox again, and compares it with what readers see.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, read_catalog, say};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::outbox::Routes;
use crate::provider::dodo;
use crate::store::{self, Rules, Verified};

/// Folds every notice of the inbox again and compares the result with what is stored. Only reads; a
/// helper may run meanwhile. Example: `checkout-server verify --data data --catalog catalog.toml`
#[derive(Args)]
pub(super) struct Arguments {
    /// The folder of the database.
    #[arg(long, default_value = "data")]
    data: PathBuf,
    /// The catalog that the helper runs with.
    #[arg(long, default_value = "catalog.toml")]
    catalog: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(Arguments { data, catalog, json }: &Arguments) -> Result<(), Failure> {
    let verified = compare(&data.join("checkout.db"), &read_catalog(catalog)?)?;
    if *json {
        say(&serde_json::to_string(&verified)?)?;
    } else {
        say(&words(&verified))?;
    }
    if verified.differences.is_empty() { Ok(()) } else { Err(DIFFERS.into()) }
}

const DIFFERS: &str = "what is stored is not the fold of the inbox";

/// Refuses a database that differs from its inbox.
///
/// # Errors
/// It differs, or cannot be read.
pub(super) fn prove(database: &Path, catalog: &Catalog) -> Result<(), Failure> {
    let verified = compare(database, catalog)?;
    if verified.differences.is_empty() { Ok(()) } else { Err(format!("{DIFFERS}: {}", words(&verified)).into()) }
}

fn compare(database: &Path, catalog: &Catalog) -> Result<Verified, Failure> {
    let rules = Rules::new(catalog, Routes::default());
    let told = |notices| drop(writeln!(std::io::stderr(), "{notices} notices folded"));
    Ok(store::verify(database, &rules, &dodo::read_kept, Clock::wall(), told)?)
}

fn words(verified: &Verified) -> String {
    let Verified { notices, without_an_object, stuck, customers, differences } = verified;
    let mut text = format!(
        "{notices} notices folded again ({without_an_object} about no object, {stuck} stuck), {customers} customers worked out: \
         {} differences.",
        differences.len()
    );
    for difference in differences {
        text.push_str("\n  ");
        text.push_str(difference);
    }
    text
}
