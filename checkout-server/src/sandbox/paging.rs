//! Query strings and pages: `page_size` (10, at most 100) and `page_number` (counted from 0);
//! the answer is `{"items": […]}` with neither a total nor a cursor.

use std::collections::BTreeMap;
use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::{ApiError, ApiResult};

/// The query of a request. Of a repeated name the last counts.
#[derive(Debug, Default)]
pub(crate) struct Query(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let pairs = reqwest::Url::parse("http://query.invalid")
            .map(|mut url| {
                url.set_query(parts.uri.query());
                url.query_pairs().into_owned().collect()
            })
            .unwrap_or_default();
        Ok(Self(pairs))
    }
}

impl Query {
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Whether a filter is absent or says that value.
    pub(crate) fn allows(&self, name: &str, value: Option<&str>) -> bool {
        self.get(name).is_none_or(|wanted| value == Some(wanted))
    }

    pub(crate) fn flag(&self, name: &str) -> ApiResult<Option<bool>> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(ApiError::query(format!("{name} is true or false"))),
        }
    }

    fn time(&self, name: &str) -> ApiResult<Option<Timestamp>> {
        let parse = |text: &str| text.parse().map_err(|_| ApiError::query(format!("{name} is an RFC 3339 time")));
        self.get(name).map(parse).transpose()
    }

    fn number(&self, name: &str, otherwise: usize) -> ApiResult<usize> {
        let parse = |text: &str| text.parse().map_err(|_| ApiError::query(format!("{name} is a whole number")));
        self.get(name).map_or(Ok(otherwise), parse)
    }
}

/// The filters `created_at_gte` and `created_at_lte`, both of them inclusive.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Created {
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

impl Created {
    /// # Errors
    /// Something that is not a time.
    pub(crate) fn of(query: &Query) -> ApiResult<Self> {
        Ok(Self { since: query.time("created_at_gte")?, until: query.time("created_at_lte")? })
    }

    /// Whether something that was made then is wanted.
    pub(crate) fn holds(self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at <= until)
    }
}

/// Which part of a list is wanted.
#[derive(Debug)]
pub(crate) struct Page {
    size: usize,
    number: usize,
}

impl Page {
    /// # Errors
    /// A size outside of 1 to 100, or something that is not a number.
    pub(crate) fn of(query: &Query) -> ApiResult<Self> {
        let size = query.number("page_size", 10)?;
        let number = query.number("page_number", 0)?;
        if !(1..=100).contains(&size) {
            return Err(ApiError::query("page_size is 1 to 100"));
        }
        Ok(Self { size, number })
    }

    /// That part of the rows.
    pub(crate) fn items(&self, rows: impl Iterator<Item = Value>) -> Value {
        let rows = rows.skip(self.size.saturating_mul(self.number)).take(self.size);
        json!({ "items": rows.collect::<Vec<_>>() })
    }
}
