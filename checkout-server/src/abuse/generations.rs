//! A map that never holds more than it may: when the young half is full, it becomes the old half,
//! and what nobody has touched since the last change is forgotten. Pure.

use std::collections::HashMap;
use std::hash::Hash;

/// At most `most` entries, those touched last.
#[derive(Debug)]
pub struct Generations<K, V> {
    young: HashMap<K, V>,
    old: HashMap<K, V>,
    /// Of each half.
    most: usize,
}

impl<K: Eq + Hash, V: Default> Generations<K, V> {
    /// An empty one.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), most: (most / 2).max(1) }
    }

    /// The entry of a key, new where there was none; it is now among the youngest.
    pub fn touch(&mut self, key: K) -> &mut V {
        if !self.young.contains_key(&key) && self.young.len() >= self.most {
            let known = self.old.remove(&key);
            self.old = std::mem::take(&mut self.young);
            return self.young.entry(key).or_insert(known.unwrap_or_default());
        }
        let known = &mut self.old;
        self.young.entry(key).or_insert_with_key(|key| known.remove(key).unwrap_or_default())
    }

    /// Whether the key is remembered.
    #[must_use]
    pub fn contains(&self, key: &K) -> bool {
        self.young.contains_key(key) || self.old.contains_key(key)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.young.len() + self.old.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_million_keys_stay_within_the_bound() {
        let mut map = Generations::<u32, u8>::new(1_000);
        for key in 0..1_000_000 {
            *map.touch(key) += 1;
            assert!(map.len() <= 1_000);
        }
        assert!(map.contains(&999_999) && map.contains(&999_501) && !map.contains(&0));
    }

    proptest! {
        /// What was touched within the last half of distinct keys still has its value.
        #[test]
        fn the_youngest_half_is_never_forgotten(keys in prop::collection::vec(0_u8..40, 1..400)) {
            let mut map = Generations::<u8, usize>::new(20);
            for (index, key) in keys.iter().enumerate() {
                *map.touch(*key) = index;
                prop_assert!(map.len() <= 20);
                let mut recent = Vec::new();
                for key in keys[..=index].iter().rev() {
                    if !recent.contains(key) { recent.push(*key); }
                    if recent.len() == 10 { break; }
                }
                for key in recent {
                    let last = keys[..=index].iter().rposition(|known| *known == key);
                    prop_assert!(map.contains(&key));
                    prop_assert_eq!(Some(*map.touch(key)), last);
                }
            }
        }
    }
}
