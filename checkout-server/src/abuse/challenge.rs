//! Challenges: something that costs a buyer a moment and a robot a moment for each attempt. Pure.
//!
//! A token is sealed for one address and one kind, holds for five minutes and is taken once:
//! `base64url(kind 1, bits 1, issued at 8, nonce 16, code 16)`. Work is proven with a number that
//! makes SHA-256 of `{token}:{number}` begin with so many zero bits (`Checkout-Proof`); patience,
//! on the pages that run no script, by the token's own age.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::keys::{AddressKey, MacKey};

/// How long a challenge may be worked on, in milliseconds.
pub const LIFETIME: i64 = 5 * 60_000;
/// How long patience takes, in milliseconds.
pub const PATIENCE: i64 = 10_000;
/// Two helpers' clocks may differ by so much, in milliseconds.
const SKEW: i64 = 30_000;

const PAYLOAD: usize = 26;
const CODE: usize = 16;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// So many leading zero bits.
    Work(u8),
    /// Ten seconds.
    Patience,
}

/// Names a challenge, so that it is taken once.
pub type Nonce = [u8; 16];

/// Makes a challenge for an address.
#[must_use]
pub fn seal(key: &MacKey, who: AddressKey, kind: Kind, nonce: Nonce, now: i64) -> String {
    let mut sealed = [0; PAYLOAD + CODE];
    let (kind, bits) = match kind {
        Kind::Work(bits) => (0, bits),
        Kind::Patience => (1, 0),
    };
    sealed[..2].copy_from_slice(&[kind, bits]);
    sealed[2..10].copy_from_slice(&now.to_be_bytes());
    sealed[10..PAYLOAD].copy_from_slice(&nonce);
    let code = code(key, who, &sealed[..PAYLOAD]);
    sealed[PAYLOAD..].copy_from_slice(&code);
    URL_SAFE_NO_PAD.encode(sealed)
}

/// The challenge that this `Checkout-Proof` solves, if it is one for that address, in time, and of at
/// least so many bits: one that was asked for when less was demanded does not do.
#[must_use]
pub fn worked(key: &MacKey, who: AddressKey, least: u8, proof: &str, now: i64) -> Option<Nonce> {
    let (token, number) = proof.split_once(':')?;
    let is_number = (1..=20).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    let (kind, nonce, _) = open(key, who, token, now)?;
    let Kind::Work(bits) = kind else { return None };
    (is_number && bits >= least && leading_zeros(&Sha256::digest(proof).into()) >= u32::from(bits)).then_some(nonce)
}

/// The challenge that this token of a page solves by its age.
#[must_use]
pub fn waited(key: &MacKey, who: AddressKey, token: &str, now: i64) -> Option<Nonce> {
    let (kind, nonce, age) = open(key, who, token, now)?;
    (kind == Kind::Patience && age >= PATIENCE).then_some(nonce)
}

/// Whether that is a token of a page that still waits: it is shown again instead of a new one.
#[must_use]
pub fn is_waiting(key: &MacKey, who: AddressKey, token: &str, now: i64) -> bool {
    open(key, who, token, now).is_some_and(|(kind, _, age)| kind == Kind::Patience && age < PATIENCE)
}

fn open(key: &MacKey, who: AddressKey, token: &str, now: i64) -> Option<(Kind, Nonce, i64)> {
    let sealed: [u8; PAYLOAD + CODE] = URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    let (payload, given) = sealed.split_at(PAYLOAD);
    if !bool::from(code(key, who, payload).as_slice().ct_eq(given)) {
        return None;
    }
    let issued = i64::from_be_bytes(payload[2..10].try_into().ok()?);
    let age = now.saturating_sub(issued);
    let kind = match payload[0] {
        0 => Kind::Work(payload[1]),
        1 => Kind::Patience,
        _ => return None,
    };
    (-SKEW..LIFETIME).contains(&age).then_some((kind, payload[10..].try_into().ok()?, age))
}

fn code(key: &MacKey, who: AddressKey, payload: &[u8]) -> [u8; CODE] {
    let mac = key.mac(&[payload, who.bytes()].concat());
    let mut code = [0; CODE];
    code.copy_from_slice(&mac[..CODE]);
    code
}

fn leading_zeros(digest: &[u8; 32]) -> u32 {
    let whole = digest.iter().take_while(|byte| **byte == 0).count();
    let rest = digest.get(whole).map_or(0, |byte| byte.leading_zeros());
    u32::try_from(whole * 8).unwrap_or(256) + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use secrecy::SecretString;

    use super::*;
    use crate::keys::Keys;

    const NOW: i64 = 1_700_000_000_000;

    fn key() -> MacKey {
        Keys::new(SecretString::from("a secret key")).challenges
    }

    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const ADA: AddressKey = AddressKey::from_bytes([1; 16]);
    const EVE: AddressKey = AddressKey::from_bytes([2; 16]);

    /// Does the work, as a browser would.
    fn solve(token: &str, bits: u8) -> String {
        let mut proofs = (0_u64..).map(|number| format!("{token}:{number}"));
        proofs.find(|proof| leading_zeros(&Sha256::digest(proof).into()) >= u32::from(bits)).unwrap()
    }

    #[test]
    fn work_is_taken_from_who_was_asked_in_time() {
        let key = key();
        let token = seal(&key, ADA, Kind::Work(8), [7; 16], NOW);
        let proof = solve(&token, 8);
        assert_eq!(worked(&key, ADA, 0, &proof, NOW), Some([7; 16]));
        assert_eq!(worked(&key, ADA, 0, &proof, NOW + LIFETIME - 1), Some([7; 16]));
        assert_eq!(worked(&key, ADA, u8::MAX, &proof, NOW), None, "asked for when less was demanded");
        assert_eq!(worked(&key, ADA, 0, &proof, NOW + LIFETIME), None, "expired");
        assert_eq!(worked(&key, ADA, 0, &proof, NOW - SKEW - 1), None, "from the future");
        assert_eq!(worked(&key, EVE, 0, &proof, NOW), None, "somebody else's");
        assert_eq!(waited(&key, ADA, &token, NOW + PATIENCE), None, "work is not done by waiting");
    }

    #[test]
    fn what_does_not_have_the_zero_bits_is_no_work() {
        let key = key();
        let token = seal(&key, ADA, Kind::Work(12), [7; 16], NOW);
        let right = solve(&token, 12);
        let wrong = if right.ends_with(":0") { format!("{token}:1") } else { format!("{token}:0") };
        assert_eq!(worked(&key, ADA, 0, &wrong, NOW), None);
        for number in ["", "-1", "1e3", " 1", "٣", "123456789012345678901"] {
            assert_eq!(worked(&key, ADA, 0, &format!("{token}:{number}"), NOW), None);
        }
        assert_eq!(worked(&key, ADA, 0, "", NOW), None);
        assert_eq!(worked(&key, ADA, 0, ":", NOW), None);
    }

    #[test]
    fn patience_takes_ten_seconds() {
        let key = key();
        let token = seal(&key, ADA, Kind::Patience, [7; 16], NOW);
        assert_eq!(waited(&key, ADA, &token, NOW + PATIENCE - 1), None);
        assert!(is_waiting(&key, ADA, &token, NOW + PATIENCE - 1));
        assert_eq!(waited(&key, ADA, &token, NOW + PATIENCE), Some([7; 16]));
        assert!(!is_waiting(&key, ADA, &token, NOW + PATIENCE));
        assert_eq!(waited(&key, EVE, &token, NOW + PATIENCE), None);
        assert_eq!(waited(&key, ADA, &token, NOW + LIFETIME), None);
        assert_eq!(worked(&key, ADA, 0, &format!("{token}:1"), NOW), None, "waiting is not done by work");
    }

    #[test]
    fn zero_bits_are_counted_from_the_left() {
        let digest = |head: &[u8]| {
            let mut digest = [0xff; 32];
            digest[..head.len()].copy_from_slice(head);
            digest
        };
        for (head, zeros) in [(&[0x80][..], 0), (&[0x01], 7), (&[0, 0x10], 11), (&[0; 32], 256)] {
            assert_eq!(leading_zeros(&digest(head)), zeros);
        }
    }

    proptest! {
        #[test]
        fn nothing_that_was_changed_is_taken(index in 0_usize..56, change in 1_u8..64, bits in 0_u8..4) {
            let key = key();
            let token = seal(&key, ADA, Kind::Work(bits), [7; 16], NOW);
            let mut forged = token.clone().into_bytes();
            let place = ALPHABET.iter().position(|byte| *byte == forged[index]).unwrap();
            forged[index] = ALPHABET[(place + usize::from(change)) % 64];
            let forged = String::from_utf8(forged).unwrap();
            prop_assert_eq!(worked(&key, ADA, 0, &solve(&forged, bits), NOW), None);
        }

        #[test]
        fn nothing_that_anybody_writes_panics_or_is_taken(proof in "\\PC{0,120}", number in any::<u64>()) {
            let key = key();
            prop_assert_eq!(worked(&key, ADA, 0, &proof, NOW), None);
            prop_assert_eq!(worked(&key, ADA, 0, &format!("{proof}:{number}"), NOW), None);
            prop_assert_eq!(waited(&key, ADA, &proof, NOW), None);
        }

        #[test]
        fn what_was_asked_can_be_solved(bits in 0_u8..10, nonce in any::<[u8; 16]>(), who in any::<[u8; 16]>()) {
            let (key, who) = (key(), AddressKey::from_bytes(who));
            let token = seal(&key, who, Kind::Work(bits), nonce, NOW);
            prop_assert_eq!(worked(&key, who, 0, &solve(&token, bits), NOW + 1_000), Some(nonce));
        }
    }
}
