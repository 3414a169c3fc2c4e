//! `reconcile`: compares a running helper with the provider, and mends what differs.

use std::io::Write as _;
use std::time::Duration;

use clap::Args;
use reqwest::Method;
use serde_json::{Value, json};

use super::Failure;
use super::operations::Asked;

/// Between two looks at how far it is.
const LOOK: Duration = Duration::from_secs(2);

#[derive(Args)]
pub(super) struct Arguments {
    /// Only what is new since the last sweep, and subscriptions, as every hour. Without it, everything.
    #[arg(long)]
    recent: bool,
    #[command(flatten)]
    asked: Asked,
}

pub(super) async fn run(Arguments { recent, asked }: Arguments) -> Result<(), Failure> {
    let helper = asked.helper()?;
    let scope = if recent { "recent" } else { "full" };
    let mut answer = helper.ask(Method::POST, "/reconcile", Some(json!({ "scope": scope }))).await?;
    let run = answer["run"].as_u64().unwrap_or(0);
    while !has_ended(&answer, run) {
        // For a person who waits; a program reads the standard output alone.
        drop(writeln!(std::io::stderr(), "{}", progress(&answer)));
        tokio::time::sleep(LOOK).await;
        answer = helper.get("/reconcile").await?;
    }
    asked.print(&answer, words)?;
    match answer["still_open"].as_u64() {
        Some(0) => Ok(()),
        _ => Err("some differences are still open; the helper's log says why".into()),
    }
}

fn has_ended(answer: &Value, run: u64) -> bool {
    answer["state"] == "finished" && answer["run"].as_u64().is_some_and(|now| now >= run)
}

fn progress(answer: &Value) -> String {
    let at = match (answer["at"]["kind"].as_str(), answer["at"]["page"].as_u64()) {
        (Some(kind), Some(page)) => format!("{kind}s, page {}", page.saturating_add(1)),
        _ => "waiting".to_owned(),
    };
    let why = answer["interrupted"].as_str().map(|why| format!(" ({why}; it goes on by itself)")).unwrap_or_default();
    format!(
        "{at}{why}: {} looked at, {} differing, {} mended",
        answer["looked_at"], answer["differing"], answer["mended"]
    )
}

fn words(answer: &Value) -> String {
    let summary = format!(
        "Looked at {}: {} differing, {} mended, {} still open.",
        answer["looked_at"], answer["differing"], answer["mended"], answer["still_open"]
    );
    let said = |open: &Value, name: &str| open[name].as_str().unwrap_or_default().to_owned();
    let open = answer["open"].as_array().into_iter().flatten();
    let lines = open.map(|open| format!("  {} {}: {}", said(open, "kind"), said(open, "id"), said(open, "differs")));
    [summary].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_what_is_still_open() {
        let answer = json!({
            "state": "finished", "run": 3, "looked_at": 12, "differing": 2, "mended": 1, "still_open": 1,
            "open": [{"kind": "payment", "id": "pay_1", "differs": "state"}],
        });
        assert_eq!(words(&answer), "Looked at 12: 2 differing, 1 mended, 1 still open.\n  payment pay_1: state");
        assert!(has_ended(&answer, 3) && !has_ended(&answer, 4));
    }

    #[test]
    fn who_waits_hears_where_it_is_and_why_it_stands_still() {
        let answer = json!({
            "state": "running", "run": 3, "looked_at": 100, "differing": 2, "mended": 2, "at": {"kind": "refund", "page": 0},
            "interrupted": "the provider does not answer",
        });
        let told = "refunds, page 1 (the provider does not answer; it goes on by itself): 100 looked at, 2 differing, 2 mended";
        assert_eq!(progress(&answer), told);
    }
}
