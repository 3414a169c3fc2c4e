//! Standard Webhooks signatures (standardwebhooks.com, version `v1`): made and checked over raw
//! bytes, before anybody parses them (G12).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use crate::fault::{self, Mutant};

/// How far a sender's clock may be off, in seconds, either way.
pub const TOLERANCE_SECONDS: i64 = 300;

/// More entries than any rotation needs; past it a header is an attack on our processor.
const MOST_SIGNATURES: usize = 16;

/// The shared key of one endpoint: `whsec_` and base64.
#[derive(Clone, Debug)]
pub struct SigningSecret(SecretSlice<u8>);

/// A text that is not a signing secret.
#[derive(Debug, thiserror::Error)]
#[error("a webhook secret is `whsec_` followed by base64, as the provider's dashboard shows it")]
pub struct MalformedSecret;

impl SigningSecret {
    /// Reads a secret as the provider shows it. The `whsec_` may be missing.
    ///
    /// # Errors
    /// The rest is not base64, or is empty.
    pub fn parse(text: &str) -> Result<Self, MalformedSecret> {
        let encoded = text.trim().trim_start_matches("whsec_");
        match STANDARD.decode(encoded) {
            Ok(key) if !key.is_empty() => Ok(Self(SecretSlice::from(key))),
            _ => Err(MalformedSecret),
        }
    }

    /// How long it is.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.0.expose_secret().len()
    }

    /// As the provider shows it: for the sandbox, which plays the provider with a throw-away secret.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("whsec_{}", STANDARD.encode(self.0.expose_secret()))
    }

    /// The `v1,…` entry for a message.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        format!("v1,{}", STANDARD.encode(self.mac(id, timestamp, body)))
    }

    fn mac(&self, id: &str, timestamp: i64, body: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).expect("HMAC takes keys of any length");
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        mac.finalize().into_bytes().into()
    }
}

/// The three headers of a delivery. Each must be there exactly once.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a> {
    /// `webhook-id`: the same on every repeat.
    pub id: &'a str,
    /// `webhook-timestamp`: Unix seconds of this attempt.
    pub timestamp: &'a str,
    /// `webhook-signature`: entries separated by spaces.
    pub signature: &'a str,
}

/// Why a delivery is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A header is missing, empty, repeated or not a number of seconds.
    #[error("a signature header is missing or malformed")]
    HeaderMissing,
    /// Signed too long ago, or in the future.
    #[error("the timestamp is more than five minutes off")]
    OutOfTolerance,
    /// No entry fits any of our secrets.
    #[error("no signature fits")]
    Invalid,
}

/// Checks a delivery against all secrets that are in force, and says when it was signed.
///
/// # Errors
/// See [`Refusal`]. Never panics, whatever the input.
pub fn verify(
    secrets: &[SigningSecret],
    headers: Headers<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<Timestamp, Refusal> {
    let (seconds, signed_at) = check_time(headers, now)?;
    let Headers { id, timestamp: _, signature } = headers;
    let expected: Vec<_> = secrets.iter().map(|secret| secret.mac(id, seconds, body)).collect();
    let fits = signature
        .split(' ')
        .take(MOST_SIGNATURES)
        .filter_map(|entry| entry.strip_prefix("v1,"))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
        .any(|given| expected.iter().any(|mac| bool::from(mac.as_slice().ct_eq(&given))));
    if fits || fault::is(Mutant::NoSignatureCheck) { Ok(signed_at) } else { Err(Refusal::Invalid) }
}

/// Checks what can be checked without the body, and says when it was signed: in Unix seconds and as
/// a time.
///
/// # Errors
/// A header is missing or malformed, or the time is too far off.
fn check_time(headers: Headers<'_>, now: Timestamp) -> Result<(i64, Timestamp), Refusal> {
    let Headers { id, timestamp, signature } = headers;
    if id.is_empty() || signature.is_empty() {
        return Err(Refusal::HeaderMissing);
    }
    let seconds = unix_seconds(timestamp).ok_or(Refusal::HeaderMissing)?;
    let signed_at = Timestamp::from_second(seconds).map_err(|_| Refusal::OutOfTolerance)?;
    let off = seconds.abs_diff(now.as_second());
    if off > TOLERANCE_SECONDS.unsigned_abs() && !fault::is(Mutant::NoTolerance) {
        return Err(Refusal::OutOfTolerance);
    }
    Ok((seconds, signed_at))
}

/// Digits only, without a nought in front: what is signed is the text. `i64::from_str` would also take a sign.
fn unix_seconds(text: &str) -> Option<i64> {
    let digits = !text.is_empty()
        && text.len() <= 12
        && !text.starts_with('0')
        && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "whsec_c2FuZGJveC1vbmx5LXNlY3JldC0wMDAwMDAwMDAwMDE=";

    fn secrets() -> Vec<SigningSecret> {
        vec![SigningSecret::parse(SECRET).unwrap()]
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn check(id: &str, timestamp: &str, signature: &str, body: &[u8]) -> Result<(), Refusal> {
        verify(&secrets(), Headers { id, timestamp, signature }, body, at(1_000_000)).map(|_| ())
    }

    #[test]
    fn the_published_vector_is_believed() {
        let body = br#"{"business_id":"bus_0NpaWFeOgd23eOp1ARVjV","type":"payment.succeeded","timestamp":"2026-11-22T10:15:38.404417Z","data":{"payload_type":"Payment","payment_id":"pay_0NpaXa8xcqxg11iJ33yQ6"}}"#;
        let headers = Headers {
            id: "msg_2zTgN7QvLh5XkR9bDcWfYs3mJpA",
            timestamp: "1795342538",
            signature: "v1,ZgnqLj8gkuyX+Y0/Whtf8NY66eO95YWxk3rSa2win/I=",
        };
        assert_eq!(verify(&secrets(), headers, body, at(1_795_342_538)), Ok(at(1_795_342_538)));
    }

    #[test]
    fn time_is_tolerated_for_five_minutes_either_way() {
        for (seconds, expected) in [
            (999_700, Ok(())),
            (1_000_300, Ok(())),
            (999_699, Err(Refusal::OutOfTolerance)),
            (1_000_301, Err(Refusal::OutOfTolerance)),
        ] {
            let signature = secrets()[0].sign("msg_1", seconds, b"{}");
            assert_eq!(check("msg_1", &seconds.to_string(), &signature, b"{}"), expected, "{seconds}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let good = secrets()[0].sign("msg_1", 1_000_000, b"{}");
        let bare = good.trim_start_matches("v1,");
        for (case, signature) in [
            ("another version", format!("v2,{bare}")),
            ("no version", bare.to_owned()),
            ("nothing after the version", "v1,".to_owned()),
            ("cut short", good[..good.len() - 4].to_owned()),
            ("not base64", "v1,!!!".to_owned()),
            ("padding missing", good.trim_end_matches('=').to_owned()),
            ("beyond the cap", format!("{}{good}", "v1,AAAA ".repeat(16))),
        ] {
            assert_eq!(check("msg_1", "1000000", &signature, b"{}"), Err(Refusal::Invalid), "{case}");
        }
        assert_eq!(check("msg_1", "1000000", &good, b"{} "), Err(Refusal::Invalid), "another body");
        assert_eq!(check("msg_2", "1000000", &good, b"{}"), Err(Refusal::Invalid), "another id");
        for timestamp in ["", "-1", "+1000000", "1e6", "9999999999999", "1000000 "] {
            assert_eq!(check("msg_1", timestamp, &good, b"{}"), Err(Refusal::HeaderMissing), "{timestamp}");
        }
    }

    #[test]
    fn both_secrets_of_a_rotation_are_believed() {
        let new = SigningSecret::parse("whsec_bmV3ZXI=").unwrap();
        let both = [new.clone(), secrets().remove(0)];
        for secret in &both {
            let signature = format!("v1,AAAA {}", secret.sign("msg_1", 1_000_000, b"{}"));
            let headers = Headers { id: "msg_1", timestamp: "1000000", signature: &signature };
            assert!(verify(&both, headers, b"{}", at(1_000_000)).is_ok());
        }
    }

    #[test]
    fn a_secret_does_not_print_itself() {
        assert!(!format!("{:?}", secrets()).contains("sandbox"));
    }

    proptest! {
        #[test]
        fn our_signatures_are_those_of_the_reference_library(body in "\\PC{0,200}", id in "msg_[a-z0-9]{1,20}") {
            let reference = standardwebhooks::Webhook::new(SECRET).unwrap();
            let theirs = reference.sign(&id, 1_000_000, body.as_bytes()).unwrap();
            prop_assert_eq!(secrets()[0].sign(&id, 1_000_000, body.as_bytes()), theirs);
        }

        #[test]
        fn nothing_makes_it_panic(id in ".*", timestamp in ".*", signature in ".*", body in ".*") {
            let _ = check(&id, &timestamp, &signature, body.as_bytes());
        }
    }
}
