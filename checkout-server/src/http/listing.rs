//! What all lists have in common: the query's parameters read strictly, and pages with cursors. A
//! cursor is opaque to callers and bound to its list and its filters, so that one that was cut off or
//! taken elsewhere is refused rather than understood in another way.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use checkout_types::listing::{ListedCustomer, Page};
use checkout_types::problem::FieldError;
use jiff::Timestamp;

use super::who::{Merchant, Operator};
use crate::app::App;
use crate::customer::CustomerKey;
use crate::error::{Code, Problem, field};
use crate::keys::MacKey;
use crate::store::lists::{Dated, Slice};

#[cfg(test)]
mod tests;

/// Items of a page, where nobody says how many.
const USUAL: u32 = 25;
/// Items of a page at most.
const MOST: u32 = 100;
/// Bytes of a cursor's seal.
const SEAL: usize = 12;

/// Who may read lists and order replays: on the public listener the merchant's server, on the
/// operations listener an operator. A handler is generic over which of them it serves.
pub trait Reader: FromRequestParts<App, Rejection = Problem> + Send {}

impl Reader for Merchant {}
impl Reader for Operator {}

/// The parameters of a query, each taken once by name; what is left over is refused.
pub struct Asked {
    left: BTreeMap<String, String>,
    /// What was taken, as it was written: the filters that a cursor is bound to.
    taken: Vec<(&'static str, String)>,
}

impl FromRequestParts<App> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, Problem> {
        Self::read(parts.uri.query().unwrap_or_default())
    }
}

impl Asked {
    /// Reads a query.
    fn read(query: &str) -> Result<Self, Problem> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).map_err(|_| Code::FilterInvalid)?;
        let mut left = BTreeMap::new();
        for (name, value) in pairs {
            if let Some(twice) = left.insert(name.clone(), value).map(|_| name) {
                return Err(Problem::at(Code::FilterInvalid, pointer(&twice)));
            }
        }
        Ok(Self { left, taken: Vec::new() })
    }

    /// A filter, where it is there: `read` says what its text means, or `None` where it means nothing.
    pub(super) fn filter<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.left.remove(name) else { return Ok(None) };
        let value = read(&text).ok_or_else(|| Problem::at(Code::FilterInvalid, pointer(name)))?;
        self.taken.push((name, text));
        Ok(Some(value))
    }

    /// The same for a filter that takes one of few words: a refusal lists them.
    pub(super) fn choice<T: Copy>(
        &mut self,
        name: &'static str,
        all: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.left.remove(name) else { return Ok(None) };
        let value = one_of(&text, &pointer(name), all, word)?;
        self.taken.push((name, text));
        Ok(Some(value))
    }

    /// Takes a parameter that means nothing to the list.
    pub(super) fn forget(&mut self, name: &str) {
        self.left.remove(name);
    }

    /// The piece of that list that is asked for, once all filters are taken.
    pub(super) fn slice<P: Place>(mut self, keys: &MacKey, list: &'static str) -> Result<Sliced<P>, Problem> {
        let limit = match self.left.remove("limit") {
            None => USUAL,
            Some(text) => limit(&text)?,
        };
        let cursor = self.left.remove("cursor");
        if let Some((name, _)) = self.left.pop_first() {
            return Err(Problem::at(Code::UnknownField, pointer(&name)));
        }
        let seal = Seal { key: keys.clone(), bound_to: bound_to(list, &self.taken) };
        let after = cursor.map(|cursor| seal.open(&cursor)).transpose()?;
        // One more than is shown says whether there are more.
        Ok(Sliced { slice: Slice { after, limit: limit + 1 }, seal })
    }
}

/// A piece of a list that is asked for, and how the next one's cursor is made.
pub(super) struct Sliced<P> {
    pub(super) slice: Slice<P>,
    seal: Seal,
}

impl<P: Place> Sliced<P> {
    /// The page, of the rows that the store gave for the slice.
    pub(super) fn page<R, T>(self, mut rows: Vec<R>, place: impl Fn(&R) -> P, show: impl FnMut(R) -> T) -> Page<T> {
        let most = usize::try_from(self.slice.limit).unwrap_or(usize::MAX) - 1;
        let more = rows.len() > most;
        rows.truncate(most);
        let next_cursor = rows.last().filter(|_| more).map(|last| self.seal.close(&place(last)));
        Page { items: rows.into_iter().map(show).collect(), next_cursor }
    }
}

/// A place in a list, as the text inside of a cursor.
pub(super) trait Place: Sized {
    fn write(&self) -> String;
    fn read(text: &str) -> Option<Self>;
}

impl Place for i64 {
    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Place for String {
    fn write(&self) -> String {
        self.clone()
    }

    fn read(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Place for Dated {
    fn write(&self) -> String {
        format!("{} {}", self.at, self.id)
    }

    fn read(text: &str) -> Option<Self> {
        let (at, id) = text.split_once(' ')?;
        Some(Self { at: at.parse().ok()?, id: id.to_owned() })
    }
}

/// Makes and checks the cursors of one list under one set of filters.
struct Seal {
    key: MacKey,
    bound_to: Vec<u8>,
}

impl Seal {
    fn close(&self, place: &impl Place) -> String {
        let place = place.write();
        let mut bytes = self.mac(&place).to_vec();
        bytes.extend_from_slice(place.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn open<P: Place>(&self, cursor: &str) -> Result<P, Problem> {
        let place = || {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
            let (seal, place) = bytes.split_at_checked(SEAL)?;
            let place = std::str::from_utf8(place).ok()?;
            // No secret is behind it: whoever holds one could list the rows as well.
            (seal == self.mac(place)).then(|| P::read(place))?
        };
        place().ok_or_else(|| Problem::at(Code::CursorInvalid, "/cursor"))
    }

    fn mac(&self, place: &str) -> [u8; SEAL] {
        let mut message = self.bound_to.clone();
        message.extend_from_slice(place.as_bytes());
        let mut seal = [0; SEAL];
        seal.copy_from_slice(&self.key.mac(&message)[..SEAL]);
        seal
    }
}

/// Each text with its length, so that no two lists of filters read alike.
fn bound_to(list: &str, filters: &[(&str, String)]) -> Vec<u8> {
    let texts = filters.iter().flat_map(|(name, value)| [*name, value.as_str()]);
    std::iter::once(list).chain(texts).flat_map(|text| [&text.len().to_be_bytes(), text.as_bytes()].concat()).collect()
}

fn limit(text: &str) -> Result<u32, Problem> {
    text.parse().ok().filter(|limit| (1..=MOST).contains(limit)).ok_or_else(|| {
        let error = FieldError { min: Some(1), max: Some(MOST.into()), ..field("/limit", Code::OutOfRange) };
        Problem { errors: vec![error], ..Code::OutOfRange.into() }
    })
}

/// RFC 6901. A long name of the caller's is cut off: a problem stays small.
fn pointer(name: &str) -> String {
    let name: String = name.chars().take(64).collect();
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A filter for a customer, by the merchant's own name of them.
pub(super) fn reference(text: &str) -> Option<CustomerKey> {
    (1..=200).contains(&text.chars().count()).then(|| CustomerKey::Reference(text.to_owned()))
}

/// A filter for an id, whoever made it.
pub(super) fn id(text: &str) -> Option<String> {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    ((1..=100).contains(&text.len()) && text.bytes().all(known)).then(|| text.to_owned())
}

/// The value that is written so. The refusal lists all that there are.
pub(super) fn one_of<T: Copy>(
    text: &str,
    pointer: &str,
    all: &[T],
    word: impl Fn(T) -> &'static str,
) -> Result<T, Problem> {
    let words: Vec<&str> = all.iter().map(|value| word(*value)).collect();
    let found = all.iter().zip(&words).find(|(_, word)| **word == text).map(|(value, _)| *value);
    found.ok_or_else(|| Problem::none_of(Code::FilterInvalid, pointer, text, &words))
}

/// A filter for a time.
pub(super) fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Whose something is, on the wire.
pub(super) fn customer(key: &CustomerKey) -> ListedCustomer {
    match key {
        CustomerKey::Reference(reference) => ListedCustomer { reference: Some(reference.clone()), checkout: None },
        CustomerKey::Guest(checkout) => ListedCustomer { reference: None, checkout: Some(checkout.clone()) },
    }
}
