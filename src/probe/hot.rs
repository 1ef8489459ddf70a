//! What comes most often: a list of a few, by one thread, which others may read.
//!
//! A. Metwally, D. Agrawal, A. El Abbadi, "Efficient Computation of Frequent and Top-k Elements in Data Streams",
//! ICDT 2005 (Space-Saving).
//!
//! ```text
//!   there:    box(hash, n, e)     ──► box(hash, n + 1, e)
//!   not:      the least, (h, m, e) ──► box(hash, m + 1, m)    it may have come up to m times before
//! ```
//!
//! What came more often than a 16th of all is in a box; its count is too high by no more than the box says.
//!
//! Edges: `hot` — the store of a box's count of 0, then of its hash, then of its count (Release each) → the loads of hash,
//! count, and hash again (Acquire each): a count that is read between two equal hashes is that hash's, or 0. (Unless another one
//! came and went between the two, and left the count of a moment ago: an error of a moment.)

use crate::sync::AtomicUsize;
use core::array;

/// Boxes of a list. More find what is less hot, and make a sample slower.
const BOXES: usize = 16;

#[derive(Default)]
struct Box {
    hash: AtomicUsize,
    count: AtomicUsize,
    excess: AtomicUsize,
}

/// See the module.
pub(super) struct Hot([Box; BOXES]);

/// A key's hash or a bucket that came often among a [`Profile`]'s samples.
///
/// A thread keeps 16 of each sort; so of what comes seldom, it may count too much: [`at_most`](Self::at_most) is what is
/// counted, [`at_least`](Self::at_least) that without what may be others'. What comes more often than one time in 16 is there.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), splitmap::ProfileRateError> {
/// let map = splitmap::HashMap::builder().profile_rate(1.0)?.build();
/// (0..10).for_each(|n| drop(map.insert("a", n)));
/// let hottest = &map.profile().hot_hashes()[0];
/// assert_eq!(hottest.hash(), map.profiled_hash("a"));
/// assert_eq!((hottest.at_least(), hottest.at_most()), (10, 10));
/// # Ok(())
/// # }
/// ```

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotSpot {
    pub(crate) hash: u32,
    pub(crate) count: usize,
    /// So many of the count may be others'.
    pub(crate) excess: usize,
}

impl HotSpot {
    /// The key's hash, as [`HashMap::profiled_hash`](crate::HashMap::profiled_hash) gives it; of a bucket, the smallest hash in it.
    #[must_use]
    pub fn hash(&self) -> u32 {
        self.hash
    }

    /// It came no more often.
    #[must_use]
    pub fn at_most(&self) -> usize {
        self.count
    }

    /// It came no less often.
    #[must_use]
    pub fn at_least(&self) -> usize {
        self.count - self.excess
    }

    /// How often it came since `then`.
    pub(crate) fn since(&self, then: &Self) -> Self {
        // If the box is the same, the excess is, and takes itself away.
        let count = if self.excess == then.excess {
            self.count.saturating_sub(then.count)
        } else {
            self.count.saturating_sub(then.at_least())
        };
        let least = if self.excess == then.excess {
            count
        } else {
            self.at_least().saturating_sub(then.count)
        };
        Self {
            hash: self.hash,
            count,
            excess: count.saturating_sub(least),
        }
    }
}

impl Hot {
    pub(super) fn new() -> Self {
        Self(array::from_fn(|_| Box::default()))
    }

    /// `hash` came once more. By the seat's owner only.
    pub(super) fn add(&self, hash: u32) {
        let hash = hash as usize;
        let (mut least, mut least_count) = (&self.0[0], usize::MAX);
        for one in &self.0 {
            // Relaxed, here and below: the seat's owner is the only writer.
            let count = one.count.load_relaxed();
            if one.hash.load_relaxed() == hash && count > 0 {
                // ORD[hot] Release: see the module.
                one.count.store_release(count.wrapping_add(1));
                return;
            }
            if count < least_count {
                (least, least_count) = (one, count);
            }
        }
        // ORD[hot] Release, in this order: see the module.
        least.count.store_release(0);
        least.hash.store_release(hash);
        least.excess.store_release(least_count);
        least.count.store_release(least_count.wrapping_add(1));
    }

    /// What is in the boxes.
    #[expect(clippy::cast_possible_truncation, reason = "of a u32")]
    pub(super) fn read(&self) -> impl Iterator<Item = HotSpot> {
        self.0.iter().filter_map(|one| {
            // ORD[hot] Acquire, in this order: see the module.
            let hash = one.hash.load_acquire();
            let count = one.count.load_acquire();
            let excess = one.excess.load_acquire();
            (count > 0 && one.hash.load_acquire() == hash).then_some(HotSpot {
                hash: hash as u32,
                count,
                excess: excess.min(count),
            })
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn what_is_frequent_is_found_and_counted_within_the_excess() {
        let hot = Hot::new();
        let mut exact = BTreeMap::new();
        let rounds = if cfg!(miri) { 60 } else { 2000 };
        for n in 0..rounds {
            // A third each for 0 and 1; the rest is ever new.
            for hash in [0, 1, 100 + n] {
                hot.add(hash);
                *exact.entry(hash).or_insert(0) += 1;
            }
        }
        let found: Vec<_> = hot.read().collect();
        assert_eq!(found.len(), BOXES);
        for spot in &found {
            let came = exact[&spot.hash];
            assert!(
                (spot.count - spot.excess..=spot.count).contains(&came),
                "{spot:?}, {came}"
            );
        }
        for hash in [0, 1] {
            let spot = found.iter().find(|spot| spot.hash == hash).unwrap();
            assert_eq!((spot.count, spot.excess), (rounds as usize, 0));
        }
    }

    #[test]
    fn hash_zero_is_one_as_any() {
        let hot = Hot::new();
        assert_eq!(hot.read().count(), 0);
        hot.add(0);
        let spots: Vec<_> = hot.read().collect();
        assert_eq!(
            spots,
            [HotSpot {
                hash: 0,
                count: 1,
                excess: 0
            }]
        );
    }
}
