//! What comes most often: a list of a few, by one thread, which others may read.
//!
//! R. Boyer, J. Moore, "MJRTY: A Fast Majority Vote Algorithm", 1981; one vote in each of 64 boxes.
//!
//! ```text
//!   a hash's box:   there           ──► votes + 1, came + 1
//!                   another, votes  ──► votes - 1
//!                   another, none   ──► this one, votes = came = 1
//! ```
//!
//! What comes more often than all others of its box together stays there: so what is more than a few hundredths of all,
//! as a rule. It came as often as the box counts, at least.
//!
//! Edges: `hot` — the stores of a box's count of 0, then of its hash, then of its count (Release each) → the loads of hash,
//! count, and hash again (Acquire each): a count that is read between two equal hashes is that hash's, or 0. (Unless another one
//! came and went between the two, and left its count: an error of a moment.)

use crate::sync::AtomicUsize;
use core::array;
use core::hint::select_unpredictable;

/// log2 of the boxes of a list. More find what is less hot, and take more memory.
const BOX_BITS: u32 = 6;

#[derive(Default)]
struct Box {
    hash: AtomicUsize,
    /// How often it came since it is here.
    came: AtomicUsize,
    /// So often more than others of this box. Of the owner alone, but in tables that all see.
    votes: AtomicUsize,
}

/// See the module.
pub(super) struct Hot([Box; 1 << BOX_BITS]);

/// A key's hash or a bucket that came often among a [`Profile`](crate::Profile)'s samples.
///
/// A thread has 64 boxes of each sort, and keeps in each what comes most often there. So what is more than a few hundredths of the
/// thread's samples is there, as a rule, if it is not new; and what is not frequent may be. [`at_least`](Self::at_least) is
/// how often it came since it is in its box.
///
/// # Examples
/// ```
/// # fn main() -> Result<(), splitmap::ProfileRateError> {
/// let map = splitmap::HashMap::builder().profile_rate(1.0)?.build();
/// (0..10).for_each(|n| drop(map.insert("a", n)));
/// let profile = map.profile();
/// let hottest = &profile.hot_hashes()[0];
/// assert_eq!(hottest.hash(), map.profiled_hash("a"));
/// assert_eq!(hottest.at_least(), 10);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HotSpot {
    pub(crate) hash: u32,
    pub(crate) count: usize,
}

impl HotSpot {
    /// The key's hash, as [`HashMap::profiled_hash`](crate::HashMap::profiled_hash) gives it; of a bucket, the smallest hash in it.
    #[must_use]
    pub fn hash(&self) -> u32 {
        self.hash
    }

    /// It came no less often, in sampled operations.
    #[must_use]
    pub fn at_least(&self) -> usize {
        self.count
    }
}

impl Hot {
    pub(super) fn new() -> Self {
        Self(array::from_fn(|_| Box::default()))
    }

    /// `hash` came once more. By the seat's owner only.
    pub(super) fn add(&self, hash: u32) {
        // Buckets' first hashes differ in their upper bits alone; a product's upper bits depend on all.
        let place = hash.wrapping_mul(0x9E37_79B1) >> (u32::BITS - BOX_BITS);
        let (one, hash) = (&self.0[place as usize], hash as usize);
        // Relaxed, here and below: the seat's owner is the only writer, and nobody else reads the votes.
        let (votes, there) = (one.votes.load_relaxed(), one.hash.load_relaxed());
        let (moves_in, came) = (votes == 0, one.came.load_relaxed());
        let is_its = moves_in || there == hash;
        // Without branches, which nobody could predict. ORD[hot] Release, in this order: see the module.
        let before = select_unpredictable(moves_in, 0, came);
        one.came.store_release(before);
        one.hash
            .store_release(select_unpredictable(moves_in, hash, there));
        one.came
            .store_release(before.wrapping_add(usize::from(is_its)));
        let vote = select_unpredictable(is_its, 1, usize::MAX);
        one.votes.store_relaxed(votes.wrapping_add(vote));
    }

    /// What is in the boxes.
    #[expect(clippy::cast_possible_truncation, reason = "of a u32")]
    pub(super) fn read(&self) -> impl Iterator<Item = HotSpot> {
        self.0.iter().filter_map(|one| {
            // ORD[hot] Acquire, in this order: see the module.
            let hash = one.hash.load_acquire();
            let count = one.came.load_acquire();
            (count > 0 && one.hash.load_acquire() == hash).then_some(HotSpot {
                hash: hash as u32,
                count,
            })
        })
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_frequent_is_found_and_not_overcounted() {
        let hot = Hot::new();
        let rounds: u32 = if cfg!(miri) { 60 } else { 2000 };
        for n in 0..rounds {
            // A third each for 0 and 1; the rest is ever new.
            for hash in [0, 1, 100 + n] {
                hot.add(hash);
            }
        }
        for spot in hot.read() {
            let came = if spot.hash < 2 { rounds as usize } else { 1 };
            assert!(spot.count <= came, "{spot:?}");
        }
        for hash in [0, 1] {
            let spot = hot.read().find(|spot| spot.hash == hash);
            // It may have come to its box behind another one.
            assert!(spot.unwrap().count + 2 >= rounds as usize);
        }
    }

    #[test]
    fn what_was_frequent_makes_room() {
        let hot = Hot::new();
        assert_eq!(hot.read().count(), 0);
        for hash in [0, 0, 0, 7] {
            hot.add(hash);
        }
        assert_eq!(hot.read().next(), Some(HotSpot { hash: 0, count: 3 }));
        // Of the same box.
        let other = (1..10_000).find(|n: &u32| n.wrapping_mul(0x9E37_79B1) >> 26 == 0);
        for _ in 0..5 {
            hot.add(other.unwrap());
        }
        assert!(hot.read().all(|spot| spot.hash != 0));
        let spot = hot.read().find(|spot| Some(spot.hash) == other);
        assert_eq!(spot.unwrap().count, 2);
    }
}
