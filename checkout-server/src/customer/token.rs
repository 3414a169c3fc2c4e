//! Customer tokens: a merchant's server says who is signed in, the widget carries it, and this
//! helper believes it (S14). Pure; the time is passed in.
//!
//! `ct_` base64url(JSON) `.` base64url(HMAC-SHA256 of everything before the dot). There is one
//! algorithm and nothing in the token can name another. The payload says for which helper (`aud`)
//! and until when (`exp`, Unix seconds).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Known;
use crate::keys::MacKey;

/// What every customer token begins with.
pub const PREFIX: &str = "ct_";

/// No token lives longer: what leaks from a page is soon worth nothing.
pub const LONGEST_LIFE: SignedDuration = SignedDuration::from_mins(15);

/// Bytes; a token of ours is never longer.
const LONGEST: usize = 4_096;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    #[serde(rename = "ref")]
    reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    exp: i64,
    aud: String,
}

/// A customer and until when that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Who.
    pub customer: Known,
    /// Until when.
    pub expires_at: Timestamp,
}

/// Why a token is not taken.
#[derive(Debug, PartialEq, Eq)]
pub enum TokenError {
    /// Not made by this helper for itself, or changed since.
    Forged,
    /// Made by this helper, but it has run out; or it holds for longer than any does, because a clock that
    /// was ahead when it was made was set right since. It still says whose request that was.
    Expired(Box<SignedIn>),
}

/// Makes the token. `audience` is this helper's `public_url`.
///
/// # Panics
/// Never: a customer is plain data.
#[must_use]
pub fn seal(key: &MacKey, audience: &str, signed_in: &SignedIn) -> String {
    let Known { reference, email, name } = signed_in.customer.clone();
    let payload = Payload { reference, email, name, exp: signed_in.expires_at.as_second(), aud: audience.to_owned() };
    let payload = serde_json::to_vec(&payload).expect("a customer is plain data");
    let signed = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(payload));
    let mac = URL_SAFE_NO_PAD.encode(key.mac(signed.as_bytes()));
    format!("{signed}.{mac}")
}

/// Opens a token.
///
/// # Errors
/// See [`TokenError`].
pub fn open(key: &MacKey, audience: &str, token: &str, now: Timestamp) -> Result<SignedIn, TokenError> {
    let payload = authentic(key, token).ok_or(TokenError::Forged)?;
    let expires_at = Timestamp::from_second(payload.exp).map_err(|_| TokenError::Forged)?;
    if payload.aud != audience {
        return Err(TokenError::Forged);
    }
    let Payload { reference, email, name, .. } = payload;
    let signed_in = SignedIn { customer: Known { reference, email, name }, expires_at };
    let holds = now < expires_at && expires_at.duration_since(now) <= LONGEST_LIFE;
    if holds { Ok(signed_in) } else { Err(TokenError::Expired(Box::new(signed_in))) }
}

/// Nothing is decoded before the code over the text as it came is right.
fn authentic(key: &MacKey, token: &str) -> Option<Payload> {
    if token.len() > LONGEST {
        return None;
    }
    let (signed, mac) = token.split_once('.')?;
    let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
    if !key.verifies(signed.as_bytes(), &mac) {
        return None;
    }
    let payload = URL_SAFE_NO_PAD.decode(signed.strip_prefix(PREFIX)?).ok()?;
    serde_json::from_slice(&payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Keys;
    use proptest::prelude::*;

    const SHOP: &str = "https://pay.example.com";

    fn key(secret: &str) -> MacKey {
        Keys::new(secret.to_owned().into()).customers
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ada(expires_at: i64) -> SignedIn {
        let customer = Known { reference: "user_1".into(), email: Some("ada@example.com".into()), name: None };
        SignedIn { customer, expires_at: at(expires_at) }
    }

    /// A token with the right code over whatever it says.
    fn signed(key: &MacKey, payload: &str) -> String {
        let signed = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(payload));
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(key.mac(signed.as_bytes())))
    }

    #[test]
    fn it_holds_to_the_second() {
        let key = key("one");
        let token = seal(&key, SHOP, &ada(1_900));
        assert_eq!(open(&key, SHOP, &token, at(1_000)), Ok(ada(1_900)));
        assert_eq!(open(&key, SHOP, &token, at(1_899)), Ok(ada(1_900)));
        assert_eq!(open(&key, SHOP, &token, at(1_900)), Err(TokenError::Expired(Box::new(ada(1_900)))));
        let from_the_future = Err(TokenError::Expired(Box::new(ada(1_900))));
        assert_eq!(open(&key, SHOP, &token, at(999)), from_the_future, "it would live too long");
    }

    #[test]
    fn what_is_not_ours_is_forged() {
        let ours = key("one");
        let token = seal(&ours, SHOP, &ada(1_900));
        let (payload, mac) = token.split_once('.').unwrap();
        let eve = seal(&ours, SHOP, &SignedIn { expires_at: at(1_900), ..eve() });
        let swapped = format!("{}.{mac}", eve.split_once('.').unwrap().0);
        let quote = Keys::new("one".to_owned().into()).quotes;
        let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        let good = |field: &str| format!(r#"{{"ref":"user_1","exp":1900,"aud":"{SHOP}"{field}}}"#);
        let spoofs = [
            ("another shop's key", seal(&key("two"), SHOP, &ada(1_900))),
            ("another purpose's key", seal(&quote, SHOP, &ada(1_900))),
            ("another shop's address", seal(&ours, "https://pay.example.org", &ada(1_900))),
            ("an address that begins alike", seal(&ours, "https://pay.example.com.evil.org", &ada(1_900))),
            ("somebody else's payload", swapped),
            ("no code", payload.to_owned()),
            ("an empty code", format!("{payload}.")),
            ("a cut code", token[..token.len() - 1].to_owned()),
            ("a longer code", format!("{token}A")),
            ("padding", format!("{token}=")),
            ("white space", format!("{token} ")),
            ("three parts", format!("{PREFIX}{none}.{}.", &payload[PREFIX.len()..])),
            ("three parts with a code", format!("{PREFIX}{none}.{}.{mac}", &payload[PREFIX.len()..])),
            ("no prefix", token[PREFIX.len()..].to_owned()),
            ("another prefix", token.replacen("ct_", "cs_", 1)),
            ("an upper-case prefix", token.replacen("ct_", "CT_", 1)),
            ("nothing", String::new()),
            ("a prefix alone", PREFIX.to_owned()),
            ("a dot", ".".to_owned()),
            ("megabytes", format!("{PREFIX}{}.{mac}", "A".repeat(1 << 20))),
            ("signed, but for ever", signed(&ours, &good("").replace("1900", "9223372036854775807"))),
            ("signed, but no time", signed(&ours, r#"{"ref":"user_1","aud":"https://pay.example.com"}"#)),
            ("signed, but a time as text", signed(&ours, &good("").replace("1900", "\"1900\""))),
            ("signed, but with more fields", signed(&ours, &good(r#","alg":"none""#))),
            ("signed, but a field twice", signed(&ours, &good(r#","ref":"user_2""#))),
            ("signed, but no customer", signed(&ours, r#"{"exp":1900,"aud":"https://pay.example.com"}"#)),
            ("signed, but no JSON", signed(&ours, "hello")),
        ];
        for (case, spoof) in spoofs {
            assert_eq!(open(&ours, SHOP, &spoof, at(1_000)), Err(TokenError::Forged), "{case}");
        }
        assert!(open(&ours, SHOP, &signed(&ours, &good("")), at(1_000)).is_ok(), "the table itself is right");
    }

    fn eve() -> SignedIn {
        SignedIn { customer: Known { reference: "eve".into(), email: None, name: None }, expires_at: at(0) }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens_and_says_the_same(
            reference in ".{1,200}", email in proptest::option::of(".{0,60}"), name in proptest::option::of(".{0,120}"),
            now in 0_i64..4_000_000_000, life in 1_i64..=900,
        ) {
            let key = key("one");
            let signed_in = SignedIn { customer: Known { reference, email, name }, expires_at: at(now + life) };
            let token = seal(&key, SHOP, &signed_in);
            prop_assert!(token.len() <= LONGEST);
            prop_assert_eq!(open(&key, SHOP, &token, at(now)), Ok(signed_in));
        }

        #[test]
        fn one_changed_character_is_a_forgery(place: prop::sample::Index, other in "[A-Za-z0-9_.=+/-]") {
            let key = key("one");
            let mut token = seal(&key, SHOP, &ada(1_900));
            let place = place.index(token.len());
            prop_assume!(token[place..=place] != other);
            token.replace_range(place..=place, &other);
            prop_assert_eq!(open(&key, SHOP, &token, at(1_000)), Err(TokenError::Forged));
        }

        #[test]
        fn whatever_comes_is_answered(token in ".{0,300}", now in 0_i64..4_000_000_000) {
            prop_assert_eq!(open(&key("one"), SHOP, &token, at(now)), Err(TokenError::Forged));
        }
    }
}
