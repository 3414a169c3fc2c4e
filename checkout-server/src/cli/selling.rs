//! `selling`: the kill switch of a running helper, by its operations listener.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use super::Failure;
use super::operations::Asked;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: SellingVerb,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Subcommand)]
enum SellingVerb {
    /// No new quotes and orders, at once and until `start`. Example: `checkout-server selling stop --reason "cards are being tested"`
    Stop {
        /// For the log and for `show`; buyers never read it.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Sell again. Example: `checkout-server selling start`
    Start,
    /// Say whether anything is sold. Example: `checkout-server selling show`
    Show,
}

pub(super) async fn run(Arguments { verb, asked }: Arguments) -> Result<(), Failure> {
    let (method, body) = match verb {
        SellingVerb::Show => (Method::GET, None),
        SellingVerb::Start => (Method::PUT, Some(json!({ "selling": true }))),
        SellingVerb::Stop { reason: None } => (Method::PUT, Some(json!({ "selling": false }))),
        SellingVerb::Stop { reason } => (Method::PUT, Some(json!({ "selling": false, "reason": reason }))),
    };
    let answer = asked.helper()?.ask(method, "/selling", body).await?;
    asked.print(&answer, words)
}

fn words(answer: &Value) -> String {
    let since = answer["changed_at"].as_str().map(|at| format!(" since {at}")).unwrap_or_default();
    let reason = answer["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
    if answer["selling"] == true { format!("Selling{since}.") } else { format!("Selling is stopped{since}{reason}.") }
}
