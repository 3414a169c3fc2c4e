//! The work that a helper under pressure asks for before it takes a request: cheap for one buyer,
//! dear for a robot that tries thousands of cards (S12).
//!
//! Pure: `state/proving.rs` runs it in slices and sends what it found.

use checkout_types::problem::Challenge;
use hmac_sha256::Hash;

/// Tries in one step: under a millisecond, also on a phone.
const TRIES: u32 = 64;

/// The search for the answer to one challenge.
pub struct Search {
    token: String,
    bits: u8,
    /// SHA-256 of `{token}:`, to which each number is added.
    begun: Hash,
    next: u32,
}

impl Search {
    /// Begins one; `None` if that many bits are too many: a helper that asks for them is wrong.
    pub fn new(challenge: &Challenge) -> Option<Self> {
        let Challenge { token, bits } = challenge;
        let mut begun = Hash::new();
        begun.update([token, ":"].concat());
        (*bits <= Challenge::MOST_BITS).then(|| Self { token: token.clone(), bits: *bits, begun, next: 0 })
    }

    /// Tries the next numbers, and gives what the header `Checkout-Proof` has to say if one fits.
    pub fn step(&mut self) -> Option<String> {
        for _ in 0..TRIES {
            let number = self.next.to_string();
            self.next = self.next.wrapping_add(1);
            let mut hash = self.begun;
            hash.update(&number);
            if leading_zeros(&hash.finalize()) >= u32::from(self.bits) {
                return Some([&self.token, ":", &number].concat());
            }
        }
        None
    }
}

/// How many bits are nought before the first that is not; 32 if there are more.
fn leading_zeros(hash: &[u8]) -> u32 {
    hash.first_chunk().map_or(0, |first| u32::from_be_bytes(*first).leading_zeros())
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};

    use super::*;

    fn challenge(bits: u8) -> Challenge {
        Challenge { token: "sealed.by-the_helper".into(), bits }
    }

    fn solved(bits: u8) -> String {
        let mut search = Search::new(&challenge(bits)).unwrap();
        (0..1_000_000).find_map(|_| search.step()).unwrap()
    }

    #[test]
    fn what_is_found_is_what_the_contract_asks_for() {
        for bits in [0, 1, 7, 8, 9, 12, 16] {
            let proof = solved(bits);
            let number = proof.strip_prefix("sealed.by-the_helper:").unwrap();
            assert!(number.parse::<u32>().is_ok(), "{proof}");
            let hash = Sha256::digest(&proof);
            let is_zero = |bit: usize| hash[bit / 8] & (0x80 >> (bit % 8)) == 0;
            assert!((0..usize::from(bits)).all(is_zero), "{bits}: {hash:x?}");
        }
    }

    #[test]
    fn the_first_number_that_fits_is_taken() {
        let first = (0..1_000_000)
            .find(|number| Sha256::digest(format!("sealed.by-the_helper:{number}")).starts_with(&[0]))
            .map(|number| format!("sealed.by-the_helper:{number}"));
        assert_eq!(Some(solved(8)), first);
    }

    #[test]
    fn a_wrong_helper_does_not_burn_a_battery() {
        assert!(Search::new(&challenge(Challenge::MOST_BITS)).is_some());
        for bits in [Challenge::MOST_BITS + 1, 64, 255] {
            assert!(Search::new(&challenge(bits)).is_none(), "{bits}");
        }
    }

    #[test]
    fn one_step_ends_also_where_nothing_fits() {
        assert!(Search::new(&challenge(Challenge::MOST_BITS)).unwrap().step().is_none());
    }
}
