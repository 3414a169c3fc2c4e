//! Recognising a secret inside of other text without telling, by the time it takes, how much of it
//! was guessed (S3). Pure.
//!
//! A rolling polynomial hash (Rabin and Karp) at a secret point, modulo the prime 2^61 - 1: every
//! window costs the same, and only windows whose hash fits are compared, in constant time.

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

const PRIME: u64 = (1 << 61) - 1;

/// What it takes to recognise one secret.
#[derive(Clone)]
pub(super) struct Sight {
    point: u64,
    /// `point` to the power of the secret's length, for what leaves a window.
    leaving: u64,
    hash: u64,
}

impl std::fmt::Debug for Sight {
    /// A hash of a secret does not print itself either.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sight(secret)")
    }
}

impl Sight {
    /// `seed` has to be unguessable.
    pub(super) fn new(secret: &SecretString, seed: [u8; 32]) -> Self {
        let seed = seed.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let point = 2 + seed % (PRIME - 2);
        let bytes = secret.expose_secret().as_bytes();
        let leaving = bytes.iter().fold(1, |power, _| times(power, point));
        let hash = bytes.iter().fold(0, |hash, byte| reduced(times(hash, point) + u64::from(*byte)));
        Self { point, leaving, hash }
    }

    /// Whether the secret is anywhere in the text.
    pub(super) fn is_in(&self, secret: &SecretString, text: &[u8]) -> bool {
        let secret = secret.expose_secret().as_bytes();
        let length = secret.len();
        if length == 0 || text.len() < length {
            return false;
        }
        let mut hash = 0;
        let mut seen = false;
        for (index, byte) in text.iter().enumerate() {
            hash = reduced(times(hash, self.point) + u64::from(*byte));
            if let Some(left) = index.checked_sub(length).and_then(|index| text.get(index)) {
                hash = reduced(hash + PRIME - times(self.leaving, u64::from(*left)));
            }
            if index + 1 >= length && hash == self.hash {
                seen |= bool::from(text[index + 1 - length..=index].ct_eq(secret));
            }
        }
        seen
    }
}

/// Below the prime, of what is below twice the prime.
fn reduced(number: u64) -> u64 {
    if number >= PRIME { number - PRIME } else { number }
}

/// The product modulo the prime: 2^61 is 1 there, so the upper bits are added to the lower ones.
fn times(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let below = |bits: u128| u64::try_from(bits & u128::from(PRIME)).unwrap_or_default();
    reduced(below(product) + below(product >> 61))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sight(secret: &str, seed: [u8; 32]) -> (SecretString, Sight) {
        let secret = SecretString::from(secret.to_owned());
        let sight = Sight::new(&secret, seed);
        (secret, sight)
    }

    proptest! {
        /// The oracle is the plain search.
        #[test]
        fn it_sees_what_a_plain_search_finds(text in "[ab]{0,40}", secret in "[ab]{1,6}", seed: [u8; 32]) {
            let (key, sight) = sight(&secret, seed);
            prop_assert_eq!(sight.is_in(&key, text.as_bytes()), text.contains(&secret));
        }

        #[test]
        fn a_secret_is_seen_wherever_it_stands(before: Vec<u8>, after: Vec<u8>, secret in "[ -~]{32,64}") {
            let (key, sight) = sight(&secret, [7; 32]);
            let text = [before.as_slice(), secret.as_bytes(), after.as_slice()].concat();
            prop_assert!(sight.is_in(&key, &text));
        }
    }
}
