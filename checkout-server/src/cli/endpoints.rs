//! `endpoints`: how the merchant's endpoints fare, and enabling one again, by the operations listener of a
//! running helper.

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::Value;

use super::Failure;
use super::operations::Asked;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: EndpointsVerb,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Subcommand)]
enum EndpointsVerb {
    /// Say how each of them fares. Example: `checkout-server endpoints list`
    List,
    /// Send again to one that was disabled: all that waits for it, in order. Example: `checkout-server endpoints enable crm`
    Enable {
        /// Its name in the settings.
        name: String,
    },
}

pub(super) async fn run(Arguments { verb, asked }: Arguments) -> Result<(), Failure> {
    let helper = asked.helper()?;
    match verb {
        EndpointsVerb::List => asked.print(&helper.ask(Method::GET, "/endpoints", None).await?, listed),
        EndpointsVerb::Enable { name } => {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
            if !name.bytes().all(plain) {
                return Err(
                    format!("no endpoint is called {name:?}; `checkout-server endpoints list` names them").into()
                );
            }
            let answer = helper.ask(Method::POST, &format!("/endpoints/{name}/enable"), None).await?;
            asked.print(&answer, |answer| format!("Enabled; {} messages are sent to it now.", answer["waiting"]))
        }
    }
}

fn listed(answer: &Value) -> String {
    let endpoints = answer["endpoints"].as_array().map(Vec::as_slice).unwrap_or_default();
    let lines: Vec<String> = endpoints
        .iter()
        .map(|one| {
            let (name, state) = (one["name"].as_str().unwrap_or_default(), one["state"].as_str().unwrap_or_default());
            match one["failing_since"].as_str() {
                Some(since) => format!("{name}: {state}, {} failed tries in a row since {since}", one["failures"]),
                None => format!("{name}: {state}"),
            }
        })
        .collect();
    if lines.is_empty() { "No endpoint is in the settings.".to_owned() } else { lines.join("\n") }
}
