//! `access`: what a customer may use, and what a person gives or blocks, by the operations listener of a
//! running helper.

use std::collections::BTreeSet;

use clap::{Args, Subcommand};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::Failure;
use super::operations::Asked;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    verb: AccessVerb,
    #[command(flatten)]
    asked: Asked,
}

#[derive(Subcommand)]
enum AccessVerb {
    /// Say what a customer may use, why, and what was done by hand. Example: `checkout-server access list user_4711`
    List {
        /// Your own id of the customer.
        reference: String,
    },
    /// Give something, whatever was bought. Example: `checkout-server access grant user_4711 pro --until 2027-01-31T00:00:00Z --limit projects=10 --who ada --why "lost a week to our outage"`
    Grant {
        #[command(flatten)]
        change: Change,
        /// How much of what, such as `seats=5` or `projects=unlimited`; as often as needed.
        #[arg(long = "limit", value_parser = limit)]
        limits: Vec<(String, Value)>,
    },
    /// Take something away, whatever was bought. Example: `checkout-server access block user_4711 pro --who ada --why "shares one account with a class"`
    Block {
        #[command(flatten)]
        change: Change,
    },
    /// Undo a grant or a block, by its id. Example: `checkout-server access lift hand_019aab6fb0c07d3c8e4f5a6b7c8d9e0f --who ada --why "settled"`
    Lift {
        /// `hand_…`, as `access list` shows it.
        id: String,
        #[command(flatten)]
        signed: Signed,
    },
}

#[derive(Args)]
struct Change {
    /// Your own id of the customer.
    reference: String,
    /// A name of the catalog's `grants`.
    entitlement: String,
    /// RFC 3339, such as 2027-01-31T00:00:00Z; for ever without it.
    #[arg(long)]
    until: Option<jiff::Timestamp>,
    #[command(flatten)]
    signed: Signed,
}

#[derive(Args)]
struct Signed {
    /// Who does this; kept beside it.
    #[arg(long)]
    who: String,
    /// Why; kept beside it.
    #[arg(long)]
    why: String,
}

pub(super) async fn run(Arguments { verb, asked }: Arguments) -> Result<(), Failure> {
    let helper = asked.helper()?;
    match verb {
        AccessVerb::List { reference } => {
            let reference = utf8_percent_encode(&reference, NON_ALPHANUMERIC);
            asked.print(&helper.get(&format!("/access?reference={reference}")).await?, words)
        }
        AccessVerb::Grant { change, limits } => {
            let limits: Map<String, Value> = limits.into_iter().collect();
            let mut body = change.body("grant");
            body["limits"] = limits.into();
            asked.print(&helper.ask(Method::POST, "/access", Some(body)).await?, words)
        }
        AccessVerb::Block { change } => {
            asked.print(&helper.ask(Method::POST, "/access", Some(change.body("block"))).await?, words)
        }
        AccessVerb::Lift { id, signed: Signed { who, why } } => {
            let path = format!("/access/{}", utf8_percent_encode(&id, NON_ALPHANUMERIC));
            let answer = helper.ask(Method::DELETE, &path, Some(json!({ "who": who, "why": why }))).await?;
            asked.print(&answer, |lifted| format!("Lifted: {}", by_hand(lifted)))
        }
    }
}

impl Change {
    fn body(self, action: &str) -> Value {
        let Self { reference, entitlement, until, signed: Signed { who, why } } = self;
        let mut body =
            json!({ "reference": reference, "entitlement": entitlement, "action": action, "who": who, "why": why });
        if let Some(until) = until {
            body["until"] = until.to_string().into();
        }
        body
    }
}

/// `seats=5` or `projects=unlimited`.
fn limit(text: &str) -> Result<(String, Value), String> {
    let wrong = || "write a name and a number, such as seats=5, or seats=unlimited".to_owned();
    let (name, amount) = text.split_once('=').ok_or_else(wrong)?;
    let amount = match amount {
        "unlimited" => Value::Null,
        number => number.parse::<u64>().map_err(|_| wrong())?.into(),
    };
    Ok((name.to_owned(), amount))
}

fn words(answer: &Value) -> String {
    let said = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = answer["items"].as_array().into_iter().flatten().map(|item| {
        let until = item["valid_until"].as_str().map(|until| format!(" until {until}")).unwrap_or_default();
        format!(
            "{:<24} {:<10} {}{until}{}",
            said(&item["name"]),
            said(&item["state"]),
            said(&item["reason"]),
            limits(item)
        )
    });
    let by_hand = answer["by_hand"].as_array().into_iter().flatten().map(by_hand);
    items.chain(by_hand).collect::<Vec<_>>().join("\n")
}

fn by_hand(kept: &Value) -> String {
    let said = |key: &str| kept[key].as_str().unwrap_or_default();
    let until = kept["until"].as_str().map(|until| format!(" until {until}")).unwrap_or_default();
    let lifted = match &kept["lifted"] {
        Value::Null => String::new(),
        lifted => format!(
            "; lifted {} by {}: {}",
            lifted["at"].as_str().unwrap_or_default(),
            lifted["who"].as_str().unwrap_or_default(),
            lifted["why"].as_str().unwrap_or_default()
        ),
    };
    format!(
        "{} {} {}{until}{}, {} by {}: {}{lifted}",
        said("id"),
        said("action"),
        said("entitlement"),
        limits(kept),
        said("created_at"),
        said("who"),
        said("why"),
    )
}

fn limits(item: &Value) -> String {
    let limits = item["limits"].as_object().into_iter().flatten();
    let each = limits.map(|(name, amount)| match amount {
        Value::Null => format!("{name}=unlimited"),
        amount => format!("{name}={amount}"),
    });
    let text = each.collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ");
    if text.is_empty() { text } else { format!(" ({text})") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_and_shown_alike() {
        assert_eq!(limit("seats=5"), Ok(("seats".to_owned(), json!(5))));
        assert_eq!(limit("seats=unlimited"), Ok(("seats".to_owned(), Value::Null)));
        for wrong in ["seats", "seats=", "seats=-1", "seats=many", "seats=1.5"] {
            assert!(limit(wrong).unwrap_err().contains("seats=5"), "{wrong}");
        }
        assert_eq!(limits(&json!({"limits": {"seats": 5, "api": null}})), " (api=unlimited, seats=5)");
        assert_eq!(limits(&json!({"limits": {}})), "");
    }
}
