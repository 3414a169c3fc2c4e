//! The signed form of a quote: what the buyer saw, in a text that only this helper can make.
//!
//! `base64url(JSON) . base64url(HMAC-SHA256)`. Stateless: any helper with the same secret key can
//! check it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use checkout_types::{Quote, QuoteRequest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::keys::MacKey;

/// What a token holds: the question and the answer.
#[derive(Clone, Serialize, Deserialize)]
pub struct Sealed {
    /// The cart as it was asked for.
    pub request: QuoteRequest,
    /// What it costs. Its own token is empty in here.
    pub quote: Quote,
}

/// Why a token is not taken.
pub enum TokenError {
    /// Not made by this helper, or changed since.
    Forged,
    /// Made by this helper, but too long ago: the cart can be quoted again.
    Expired(Box<Sealed>),
}

/// Puts a quote's token into it.
///
/// # Panics
/// Never: a quote is plain data.
#[must_use]
pub fn seal(key: &MacKey, request: &QuoteRequest, quote: Quote) -> Quote {
    let sealed = Sealed { request: request.clone(), quote };
    let payload = serde_json::to_vec(&sealed).expect("a quote is plain data");
    let token = format!("{}.{}", URL_SAFE_NO_PAD.encode(&payload), URL_SAFE_NO_PAD.encode(key.mac(&payload)));
    Quote { quote_token: token, ..sealed.quote }
}

/// Opens a token.
///
/// # Errors
/// See [`TokenError`].
pub fn open(key: &MacKey, token: &str, now: Timestamp) -> Result<Sealed, TokenError> {
    let sealed = authentic(key, token).ok_or(TokenError::Forged)?;
    match sealed.quote.expires_at.parse::<Timestamp>() {
        Ok(expires_at) if now < expires_at => Ok(sealed),
        _ => Err(TokenError::Expired(Box::new(sealed))),
    }
}

/// The quote in a token of ours, whatever its age: to show again what a buyer has agreed to.
#[must_use]
pub fn reopen(key: &MacKey, token: &str) -> Option<Quote> {
    let sealed = authentic(key, token)?;
    Some(Quote { quote_token: token.to_owned(), ..sealed.quote })
}

fn authentic(key: &MacKey, token: &str) -> Option<Sealed> {
    let (payload, mac) = token.split_once('.')?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
    key.verifies(&payload, &mac).then(|| serde_json::from_slice(&payload).ok()).flatten()
}
