//! `selling`: the kill switch of a running helper, by its operations listener.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::{Failure, say};
use crate::config::Operations;
use crate::outgoing::{Outgoing, Purpose, Reach};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: SellingVerb,
    /// The helper's settings: where its operations listener is. The key comes from
    /// `CHECKOUT_OPERATOR_KEY` or the file that they name.
    #[arg(long, default_value = "checkout.toml", global = true)]
    config: PathBuf,
    /// Print the helper's answer as JSON.
    #[arg(long, global = true)]
    json: bool,
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

pub(super) async fn run(Arguments { verb, config, json }: Arguments) -> Result<(), Failure> {
    #[expect(clippy::disallowed_methods, reason = "the door through which the environment comes in")]
    let operations = Operations::load(&config, |name| std::env::var(name).ok())?;
    let (method, body) = match verb {
        SellingVerb::Show => (Method::GET, None),
        SellingVerb::Start => (Method::PUT, Some(json!({ "selling": true }))),
        SellingVerb::Stop { reason: None } => (Method::PUT, Some(json!({ "selling": false }))),
        SellingVerb::Stop { reason } => (Method::PUT, Some(json!({ "selling": false, "reason": reason }))),
    };
    let answer = ask(&operations, method, body).await?;
    if json { say(&answer.to_string()) } else { say(&words(&answer)) }
}

async fn ask(operations: &Operations, method: Method, body: Option<Value>) -> Result<Value, Failure> {
    // One's own network is where a helper's operators are.
    let client = Outgoing::new(Purpose::Operations, Reach::Private)?;
    let address = operations.address;
    let mut request =
        client.request(method, &format!("http://{address}/selling"))?.bearer_auth(operations.key.expose_secret());
    if let Some(body) = body {
        request = request.json(&body);
    }
    let unreachable = |error| format!("no helper answers at its operations listener {address}: {error}");
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let answer: Value = serde_json::from_slice(&client.read(response).await?)?;
    match status.as_u16() {
        200 => Ok(answer),
        401 => {
            Err("the helper does not take that key: CHECKOUT_OPERATOR_KEY here must be the one that it runs with"
                .into())
        }
        _ => Err(format!("the helper refused: {}", answer["title"].as_str().unwrap_or("without a reason")).into()),
    }
}

fn words(answer: &Value) -> String {
    let since = answer["changed_at"].as_str().map(|at| format!(" since {at}")).unwrap_or_default();
    let reason = answer["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
    if answer["selling"] == true { format!("Selling{since}.") } else { format!("Selling is stopped{since}{reason}.") }
}
