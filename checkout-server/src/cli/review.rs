//! `review`: what a person found out about a refund whose answer was lost.

use clap::Args;
use reqwest::Method;
use serde_json::json;

use super::Failure;
use super::listing::escaped;
use super::operations::Asked;
use super::refund::words;

#[derive(Args)]
pub(super) struct Arguments {
    /// `int_…`, as the log and `refund` name it.
    id: String,
    /// It was made: the provider's id of it, as its dashboard shows it. The helper asks for it before it believes it.
    #[arg(long, value_name = "REFUND", required_unless_present = "not_made", conflicts_with = "not_made")]
    made: Option<String>,
    /// It was not made: its amount is free for another refund.
    #[arg(long)]
    not_made: bool,
    /// Who looked; kept beside it.
    #[arg(long)]
    who: String,
    /// How they know; kept beside it.
    #[arg(long)]
    why: String,
    #[command(flatten)]
    asked: Asked,
}

pub(super) async fn run(Arguments { id, made, not_made: _, who, why, asked }: Arguments) -> Result<(), Failure> {
    let mut body = json!({ "outcome": "not_made", "who": who, "why": why });
    if let Some(refund) = made {
        body["outcome"] = "made".into();
        body["refund_id"] = refund.into();
    }
    let path = format!("/v1/refunds/{}/review", escaped(&id));
    let answer = asked.helper()?.ask(Method::POST, &path, Some(body)).await?;
    asked.print(&answer, words)
}
