//! The link in a mail about a failed payment. Who has it may bring a new card for one subscription, and
//! learns what is owed for what; nothing personal. Pure; the time is passed in.
//!
//! base64url of 16 bytes (the event that the mail was written for, which names the subscription and the
//! customer), 8 bytes (until when, Unix seconds) and their HMAC-SHA256: always 75 characters.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use crate::keys::MacKey;

/// How long a link works.
pub const LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What an event's id begins with; 32 hexadecimal digits follow.
const EVENT: &str = "evt_";
/// Bytes of a token: event, time, code.
const LENGTH: usize = 16 + 8 + 32;

/// Why a link leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// Not made by this helper for itself, or changed since.
    Forged,
    /// It was one.
    Expired,
}

/// The token for an event's subscription. `None` for an id that is no event's.
#[must_use]
pub fn seal(key: &MacKey, audience: &str, event: &str, expires_at: Timestamp) -> Option<String> {
    let event = u128::from_str_radix(event.strip_prefix(EVENT).filter(|digits| digits.len() == 32)?, 16).ok()?;
    let mut token = event.to_be_bytes().to_vec();
    token.extend_from_slice(&expires_at.as_second().to_be_bytes());
    let mac = key.mac(&framed(audience, &token));
    token.extend_from_slice(&mac);
    Some(URL_SAFE_NO_PAD.encode(token))
}

/// The id of the event whose subscription a token is for.
///
/// # Errors
/// See [`LinkError`].
pub fn open(key: &MacKey, audience: &str, token: &str, now: Timestamp) -> Result<String, LinkError> {
    // What is longer is never looked at; base64 has one spelling of each token.
    let bytes = if token.len() == LENGTH.div_ceil(3) * 4 - 1 { URL_SAFE_NO_PAD.decode(token).ok() } else { None };
    let bytes: [u8; LENGTH] = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or(LinkError::Forged)?;
    let (signed, mac) = bytes.split_at(24);
    if !key.verifies(&framed(audience, signed), mac) {
        return Err(LinkError::Forged);
    }
    let (event, until) = signed.split_at(16);
    let number = |bytes: &[u8]| bytes.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let until = i64::try_from(number(until)).map_err(|_| LinkError::Forged)?;
    if now.as_second() >= until {
        return Err(LinkError::Expired);
    }
    Ok(format!("{EVENT}{:032x}", number(event)))
}

/// Two helpers that share a key by mistake still do not take each other's links.
fn framed(audience: &str, signed: &[u8]) -> Vec<u8> {
    [audience.as_bytes(), &[0], signed].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::Keys;

    const SHOP: &str = "https://pay.example.com";
    const EVENT_ID: &str = "evt_019aab6fb0c07d3c8e4f5a6b7c8d9e0f";

    fn key(secret: &str) -> MacKey {
        Keys::new(secret.to_owned().into()).mends
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn it_holds_to_the_second() {
        let token = seal(&key("one"), SHOP, EVENT_ID, at(2_000)).unwrap();
        assert_eq!(token.len(), 75);
        assert_eq!(open(&key("one"), SHOP, &token, at(1_999)).as_deref(), Ok(EVENT_ID));
        assert_eq!(open(&key("one"), SHOP, &token, at(2_000)), Err(LinkError::Expired));
    }

    #[test]
    fn what_is_not_ours_is_forged() {
        let ours = key("one");
        let token = seal(&ours, SHOP, EVENT_ID, at(2_000)).unwrap();
        let customers = Keys::new("one".to_owned().into()).customers;
        for (case, spoof) in [
            ("another shop's key", seal(&key("two"), SHOP, EVENT_ID, at(2_000)).unwrap()),
            ("another purpose's key", seal(&customers, SHOP, EVENT_ID, at(2_000)).unwrap()),
            ("another shop's address", seal(&ours, "https://pay.example.org", EVENT_ID, at(2_000)).unwrap()),
            ("nothing", String::new()),
            ("cut", token[..74].to_owned()),
            ("longer", format!("{token}A")),
            ("padded", format!("{token}=")),
            ("another first letter", format!("{}{}", if token.starts_with('A') { 'B' } else { 'A' }, &token[1..])),
            ("megabytes", "A".repeat(1 << 20)),
        ] {
            assert_eq!(open(&ours, SHOP, &spoof, at(1_000)), Err(LinkError::Forged), "{case}");
        }
        assert_eq!(seal(&ours, SHOP, "evt_1", at(2_000)), None);
        assert_eq!(seal(&ours, SHOP, "sub_019aab6fb0c07d3c8e4f5a6b7c8d9e0f", at(2_000)), None);
    }

    proptest! {
        #[test]
        fn no_other_character_anywhere_is_taken(place in 0_usize..75, letter in "[A-Za-z0-9_-]") {
            let token = seal(&key("one"), SHOP, EVENT_ID, at(2_000)).unwrap();
            let mut other = token.clone();
            other.replace_range(place..=place, &letter);
            prop_assert_eq!(open(&key("one"), SHOP, &other, at(1_000)).is_ok(), other == token);
        }

        #[test]
        fn nothing_panics(token in "\\PC{0,120}") {
            prop_assert!(open(&key("one"), SHOP, &token, at(1_000)).is_err());
        }
    }
}
