//! Giving money back (dodo/README 2.6). There is no request idempotency, so it is sent once; our intent's
//! id travels in the refund's metadata, and by it a refund is found whose answer was lost (G6).

use std::collections::BTreeSet;

use jiff::SignedDuration;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use super::objects::observed;
use super::refusal::refusal_of_money;
use super::{Dodo, path_id, read_json};
use crate::error::Code;
use crate::event::Seen;
use crate::provider::{Kind, Listing, NewRefund, Observed, ProviderError};

/// The metadata key of our intent's id.
const INTENT: &str = "checkout_intent";
/// How far the provider's clock may be behind ours.
const SLACK: SignedDuration = SignedDuration::from_hours(24);
/// Pages of refunds that one search looks through; a merchant with more waits for the payment's own list.
const MOST_PAGES: u32 = 50;

/// The body of `POST /refunds`.
#[derive(Serialize)]
struct Body<'a> {
    payment_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    items: Option<Vec<Part>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    metadata: Metadata<'a>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    #[serde(rename = "checkout_intent")]
    intent: &'a str,
}

#[derive(Debug, PartialEq, Eq, Serialize)]
struct Part {
    item_id: String,
    amount: i64,
    tax_inclusive: bool,
}

/// `GET /payments/{id}/line-items`.
#[derive(Deserialize)]
struct LineItems {
    items: Vec<LineItem>,
}

#[derive(Deserialize)]
struct LineItem {
    items_id: String,
    amount: i64,
    refundable_amount: i64,
    #[serde(default)]
    tax: i64,
}

/// The refunds of a payment, as `GET /payments/{id}` lists them.
#[derive(Deserialize)]
struct Refunded {
    #[serde(default)]
    refunds: Vec<serde_json::Value>,
}

impl Dodo {
    /// Sends a refund. What is asked before that changes nothing, so only the refund itself can be unknown.
    pub(super) async fn give_back(&self, refund: &NewRefund<'_>) -> Result<Observed, ProviderError> {
        let NewRefund { intent, payment, amount, reason, planned_at: _ } = refund;
        let path = format!("/payments/{}/line-items", path_id(payment)?);
        let items = match amount {
            None => None,
            Some(amount) => {
                let LineItems { items } = self.ask(&path).await?;
                Some(parts(&items, amount.amount).ok_or_else(too_much)?)
            }
        };
        let body = Body { payment_id: payment, items, reason: *reason, metadata: Metadata { intent } };
        let made = self.judged(self.request(Method::POST, "/refunds")?.json(&body), refusal_of_money).await?;
        observed(Kind::Refund, made).ok_or_else(|| ProviderError::Unknown("not a refund".to_owned()))
    }

    /// The refund that an intent has made: among those that its payment lists, or else among all since
    /// it was planned. Rows of lists have no metadata, so each of the payment's is asked for.
    pub(super) async fn given_back(&self, refund: &NewRefund<'_>) -> Result<Option<Observed>, ProviderError> {
        let of_payment: Refunded = self.ask(&format!("/payments/{}", path_id(refund.payment)?)).await?;
        let named = of_payment.refunds.iter().filter_map(|row| row["refund_id"].as_str().map(str::to_owned));
        let mut seen = BTreeSet::new();
        for id in named {
            if let Some(found) = self.if_made_by(refund.intent, &id).await? {
                return Ok(Some(found));
            }
            seen.insert(id);
        }
        let since = refund.planned_at.checked_sub(SLACK).ok();
        for page in 0..MOST_PAGES {
            let page = self.listed(Listing { kind: Kind::Refund, since, page }).await?;
            if page.is_empty {
                return Ok(None);
            }
            for row in page.rows {
                let Seen::Refund(listed) = row.seen else { continue };
                if listed.payment == refund.payment
                    && seen.insert(listed.id.clone())
                    && let Some(found) = self.if_made_by(refund.intent, &listed.id).await?
                {
                    return Ok(Some(found));
                }
            }
        }
        Err(ProviderError::Unavailable("more refunds than one search looks through".to_owned()))
    }

    async fn if_made_by(&self, intent: &str, id: &str) -> Result<Option<Observed>, ProviderError> {
        let refund = self.one(Kind::Refund, id).await?;
        let is_it = read_json(&refund.body)?["metadata"][INTENT].as_str() == Some(intent);
        Ok(is_it.then_some(refund))
    }

    /// A question, whose answer is missing where it cannot be read: nothing was changed.
    async fn ask<T: for<'de> Deserialize<'de>>(&self, path: &str) -> Result<T, ProviderError> {
        let missing = |reason: String| ProviderError::Unavailable(reason);
        let answer = self.get(path).await.map_err(|error| match error {
            ProviderError::Unknown(reason) => missing(reason),
            other => other,
        })?;
        serde_json::from_value(answer).map_err(|error| missing(error.to_string()))
    }
}

fn too_much() -> ProviderError {
    ProviderError::Rejected { code: Code::RefundExceedsPayment, said: "more than its lines can give back".to_owned() }
}

/// An amount as parts of a payment's lines, the first ones first; `None` where they do not hold as much.
/// A line can give back what is left of it and that part's tax.
fn parts(items: &[LineItem], amount: i64) -> Option<Vec<Part>> {
    let mut left = amount;
    let mut parts = Vec::new();
    for item in items {
        let part = left.min(room(item)?);
        if part > 0 {
            parts.push(Part { item_id: item.items_id.clone(), amount: part, tax_inclusive: true });
            left = left.checked_sub(part)?;
        }
    }
    (left == 0).then_some(parts)
}

fn room(item: &LineItem) -> Option<i64> {
    if item.amount <= 0 || item.refundable_amount <= 0 {
        return Some(0);
    }
    let tax = i128::from(item.tax.max(0)) * i128::from(item.refundable_amount) / i128::from(item.amount);
    item.refundable_amount.checked_add(i64::try_from(tax).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(id: &str, amount: i64, refundable_amount: i64, tax: i64) -> LineItem {
        LineItem { items_id: id.to_owned(), amount, refundable_amount, tax }
    }

    fn amounts(items: &[LineItem], amount: i64) -> Option<Vec<i64>> {
        parts(items, amount).map(|parts| parts.into_iter().map(|part| part.amount).collect())
    }

    #[test]
    fn an_amount_is_taken_from_the_first_lines_that_have_it() {
        let items = [item("itm_1", 4900, 4900, 1225), item("itm_2", 1000, 1000, 0)];
        assert_eq!(amounts(&items, 2000), Some(vec![2000]));
        assert_eq!(amounts(&items, 6125), Some(vec![6125]));
        assert_eq!(amounts(&items, 7125), Some(vec![6125, 1000]));
        assert_eq!(amounts(&items, 7126), None);
    }

    #[test]
    fn what_was_given_back_is_not_given_back_again() {
        let items = [item("itm_1", 4900, 0, 1225), item("itm_2", 1000, 400, 200)];
        assert_eq!(amounts(&items, 480), Some(vec![480]));
        assert_eq!(amounts(&items, 481), None);
        assert_eq!(amounts(&[], 1), None);
    }
}
