//! `refund`: gives a payment back through a running helper, once, whatever happens to the answer.

use checkout_types::{Currency, Money};
use clap::Args;
use serde_json::{Value, json};

use super::Failure;
use super::operations::Asked;
use crate::random;

#[derive(Args)]
pub(super) struct Arguments {
    /// The provider's id of the payment, such as `pay_0Npa…`.
    payment: String,
    /// How much: minor units, then the currency. `500EUR` is 5.00 EUR, `500JPY` is 500 JPY. Without it, all
    /// that is left.
    #[arg(long)]
    amount: Option<String>,
    /// Why, for the provider's dashboard and the buyer.
    #[arg(long)]
    reason: Option<String>,
    /// The key of an earlier try, to hear what became of it instead of giving back twice. Each try prints its key.
    #[arg(long)]
    key: Option<String>,
    #[command(flatten)]
    asked: Asked,
}

pub(super) async fn run(Arguments { payment, amount, reason, key, asked }: Arguments) -> Result<(), Failure> {
    if !payment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')) {
        return Err("a payment's id has letters, digits, _ and - only".into());
    }
    let mut body = json!({});
    let amount = amount.map(|text| money(&text)).transpose()?;
    if let Some(amount) = amount {
        body["amount"] = serde_json::to_value(amount)?;
    }
    if let Some(reason) = reason {
        body["reason"] = reason.into();
    }
    let key = key.unwrap_or_else(random::alphanumeric::<24>);
    let path = format!("/v1/payments/{payment}/refunds");
    let answer = asked.helper()?.once(&path, body, &key).await;
    let wished = amount.map_or_else(|| "all that is left".to_owned(), |amount| amount.to_string());
    let answer = answer.map_err(|failure| {
        format!("{wished} of {payment}: {failure}\nTo try again without giving back twice: --key {key}")
    })?;
    let id = answer["id"].as_str().unwrap_or_default();
    let now = asked.helper()?.get(&format!("/v1/refunds/{id}")).await?;
    asked.print(&now, words)
}

/// Reads an amount such as `500EUR`.
fn money(text: &str) -> Result<Money, Failure> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (amount, currency) = text.split_at(digits);
    let wrong = || {
        format!("{text} is not an amount such as 500EUR, which is 5.00 EUR: minor units, then the currency in capitals")
    };
    let currency: Currency = currency.parse().map_err(|_| wrong())?;
    Ok(Money::new(amount.parse().map_err(|_| wrong())?, currency))
}

/// A refund in a line: how much as a person writes it, of what, and where it stands.
pub(super) fn words(answer: &Value) -> String {
    let said = |name: &str| answer[name].as_str().unwrap_or_default();
    let amount: Option<Money> = serde_json::from_value(answer["amount"].clone()).ok();
    let amount = amount.map(|amount| amount.to_string()).unwrap_or_default();
    let review = match &answer["review"] {
        Value::Null => String::new(),
        review => format!(
            " {} decided: {}",
            review["who"].as_str().unwrap_or_default(),
            review["why"].as_str().unwrap_or_default()
        ),
    };
    format!("{}: {amount} of {}, {}.{review}", said("id"), said("payment_id"), said("status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_minor_units_and_a_currency() {
        assert_eq!(money("500EUR").unwrap(), Money::new(500, "EUR".parse().unwrap()));
        let refund = json!({
            "id": "int_1", "payment_id": "pay_1", "status": "succeeded", "amount": {"amount": 500, "currency": "EUR"},
        });
        assert_eq!(words(&refund), "int_1: 5.00 EUR of pay_1, succeeded.");
        for odd in ["", "500", "EUR", "5.00EUR", "-500EUR", "500eur", "500XXX", "99999999999999999999EUR"] {
            assert!(money(odd).is_err(), "{odd}");
        }
    }
}
