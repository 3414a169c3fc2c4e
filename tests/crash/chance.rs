//! Chance, from the seed of a run alone: what failed with a seed is chosen in the same way again.

/// A stream of numbers: `SplitMix64` (Steele, Lea and Flood, "Fast splittable pseudorandom number
/// generators", 2014). Fair enough to choose by, worth nothing for secrets.
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The stream of that name, for that seed. Each client has one of its own, so that none of them
    /// depends on how fast the others are.
    pub(crate) fn of(seed: u64, name: &str) -> Self {
        let mixed = name.bytes().fold(seed ^ 0x5851_F42D_4C95_7F2D, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(29)
        });
        Self(mixed)
    }

    /// The next number.
    pub(crate) fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below that one, which is not 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// True so many times of a hundred.
    pub(crate) fn percent(&mut self, many: u64) -> bool {
        self.below(100) < many
    }

    /// The place of something among so many; none among none.
    pub(crate) fn place(&mut self, many: usize) -> Option<usize> {
        let end = u64::try_from(many).ok().filter(|end| *end > 0)?;
        usize::try_from(self.below(end)).ok()
    }

    /// One of these; none of none.
    pub(crate) fn one_of<'a, T>(&mut self, these: &'a [T]) -> Option<&'a T> {
        self.place(these.len()).and_then(|place| these.get(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_and_a_name_say_it_all() {
        let draw = |seed, name| {
            let mut chance = Chance::of(seed, name);
            (0..4).map(|_| chance.number()).collect::<Vec<_>>()
        };
        assert_eq!(draw(1, "buyer 1"), draw(1, "buyer 1"));
        assert_ne!(draw(1, "buyer 1"), draw(2, "buyer 1"));
        assert_ne!(draw(1, "buyer 1"), draw(1, "buyer 2"));
    }

    #[test]
    fn it_is_about_fair() {
        let mut chance = Chance::of(7, "fair");
        let thirds = (0..30_000).filter(|_| chance.percent(33)).count();
        assert!((9_500..10_300).contains(&thirds), "{thirds}");
        assert_eq!(chance.place(0), None);
    }
}
