//! Dodo's objects in full, and its lists (dodo/README 1, 2.2, 2.3, 2.6).

use reqwest::Method;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Dodo, notice, path_id};
use crate::clock::rfc3339;
use crate::error::Code;
use crate::provider::objects::Row;
use crate::provider::{Kind, Listing, Observed, Page, ProviderError};

/// The most that the provider gives at once.
const PAGE_SIZE: &str = "100";

#[derive(Deserialize)]
struct Items<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

impl Dodo {
    /// An object as it is now.
    pub(super) async fn one(&self, kind: Kind, id: &str) -> Result<Observed, ProviderError> {
        let request = self.request(Method::GET, &format!("{}/{}", folder(kind), path_id(id)?))?;
        let body = self.bytes(request).await.map_err(absent)?;
        observed(kind, body).filter(|observed| observed.notice.seen.object() == Some(id)).ok_or_else(|| {
            // Nothing was changed: the answer is only missing.
            ProviderError::Unavailable(format!("the answer is not that {}", kind.as_str()))
        })
    }

    /// A page of a list.
    pub(super) async fn listed(&self, Listing { kind, since, page }: Listing) -> Result<Page, ProviderError> {
        let mut request = self
            .request(Method::GET, folder(kind))?
            .query(&[("page_size", PAGE_SIZE), ("page_number", &page.to_string())]);
        if let Some(since) = since {
            request = request.query(&[("created_at_gte", rfc3339(since))]);
        }
        read_page(kind, &self.bytes(request).await.map_err(absent)?)
    }
}

/// Reads a page, each row by itself: one that we cannot read hides no other.
fn read_page(kind: Kind, body: &[u8]) -> Result<Page, ProviderError> {
    let Items { items } =
        serde_json::from_slice(body).map_err(|error| ProviderError::Unavailable(format!("a list: {error}")))?;
    let is_empty = items.is_empty();
    let all = items.len();
    let read = |item: &RawValue| {
        let seen = notice::answered(kind.as_str(), item.get())?.seen;
        Some(Row { id: seen.object()?.to_owned(), seen })
    };
    let rows: Vec<Row> = items.into_iter().filter_map(read).collect();
    Ok(Page { unreadable: (all - rows.len()) as u64, is_empty, rows })
}

/// An object's body with what it says; `None` where it is no such object.
pub(super) fn observed(kind: Kind, body: Vec<u8>) -> Option<Observed> {
    let notice = notice::answered(kind.as_str(), std::str::from_utf8(&body).ok()?)?;
    Some(Observed { body, notice })
}

fn folder(kind: Kind) -> &'static str {
    match kind {
        Kind::Payment => "/payments",
        Kind::Subscription => "/subscriptions",
        Kind::Refund => "/refunds",
        Kind::Dispute => "/disputes",
    }
}

/// Of one object, the provider's word for "no longer sold" is that there is none.
fn absent(error: ProviderError) -> ProviderError {
    match error {
        ProviderError::Rejected { code: Code::ItemUnavailable, said } => {
            ProviderError::Rejected { code: Code::NotFound, said }
        }
        // It changes nothing, so an unknown outcome is only a missing answer.
        ProviderError::Unknown(reason) => ProviderError::Unavailable(reason),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_cannot_be_read_hides_no_other() {
        let body =
            br#"{"items":[{"refund_id":"ref_1","payment_id":"pay_1","status":"succeeded","amount":5,"currency":"EUR"},
            7,{"refund_id":null},{"refund_id":"ref_2","payment_id":"pay_2","status":"later","new":{}}]}"#;
        let page = read_page(Kind::Refund, body).unwrap();
        let ids: Vec<&str> = page.rows.iter().map(|row| row.id.as_str()).collect();
        assert_eq!((ids, page.unreadable, page.is_empty), (vec!["ref_1", "ref_2"], 2, false));
    }

    #[test]
    fn only_an_empty_page_is_the_end() {
        assert!(read_page(Kind::Payment, br#"{"items":[]}"#).unwrap().is_empty);
        assert!(!read_page(Kind::Payment, br#"{"items":[{}]}"#).unwrap().is_empty);
        assert!(read_page(Kind::Payment, b"[]").is_err());
    }
}
