//! The order of hashes, and where a bucket's slot lies.
//!
//! Shalev and Shavit sort the list by the *bit-reversed* hash, so that bucket `b` of `2^k` splits
//! into `b` and `b + 2^k` without moving. The mirror image is simpler and the same: buckets are
//! numbered by the hash's **most** significant bits, and the list is sorted by the plain hash.
//!
//! ```text
//!   level 1       0                         1                     bucket = hash >> (32 - level)
//!   level 2       0            1            2            3        a split: b → 2b and 2b + 1
//!   level 3       0     1      2     3      4     5      6     7  even: the parent's own slot
//!                 |     ·      |     ·      |     ·      |     ·  odd: a new slot (·)
//!   hash          0 ───────────────── 2^31 ──────────────────── 2^32
//! ```
//!
//! Hashers differ in where they put their entropy (an identity hasher leaves the upper bits zero),
//! so the hash is first spread by a multiplication with an odd constant, whose upper half depends
//! on all bits below (Knuth, TAOCP 3, 6.4: Fibonacci hashing).

/// 2^64 / φ, odd.
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// The 32 bits of a hash that the list is sorted by.
#[inline]
pub(crate) fn split_order(hash: u64) -> u32 {
    (hash.wrapping_mul(SPREAD) >> 32) as u32
}

/// The bucket of `hash` when there are `2^level`.
#[inline]
#[expect(
    clippy::cast_possible_truncation,
    reason = "at most 32 bits; where usize is smaller, \
    levels are, because segments must be allocated"
)]
pub(super) fn bucket(hash: u32, level: u32) -> usize {
    (u64::from(hash) >> (32 - level)) as usize
}

/// The smallest hash of the bucket of `hash` when there are `2^level`.
pub(super) fn bucket_start(hash: u32, level: u32) -> u32 {
    hash & u32::MAX.checked_shl(32 - level).unwrap_or(0)
}

/// The level at which bucket `bucket` of `2^level` came to be (0 for bucket 0), and its place among
/// the new buckets of that level.
#[inline]
pub(super) fn birth(bucket: usize, level: u32) -> (u32, usize) {
    // Bucket 0 was there before every split; the added bit makes it no special case.
    let even_splits = (bucket as u64 | 1 << level).trailing_zeros();
    // Two shifts: at level 32 they could be as wide as the word.
    (level - even_splits, (bucket >> even_splits) >> 1)
}

/// The smallest hash of the bucket in place `place` among the new ones of `level`. (Bucket 0, of level 0,
/// comes out as 2^32, which is its 0.)
#[expect(
    clippy::cast_possible_truncation,
    reason = "below 2^32, or that: place < 2^(level - 1)"
)]
pub(super) fn boundary(level: u32, place: usize) -> u32 {
    ((2 * place as u64 + 1) << (32 - level)) as u32
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::tunables::MAX_LEVEL;

    #[test]
    fn a_bucket_keeps_its_birth_place_through_every_split() {
        for level in 1..10 {
            for b in 1..1 << level {
                let (born, place) = birth(b, level);
                assert!((1..=level).contains(&born));
                assert_eq!(
                    birth(2 * b, level + 1),
                    (born, place),
                    "even half: the same slot"
                );
                assert_eq!(
                    birth(2 * b + 1, level + 1),
                    (level + 1, b),
                    "odd half: a new slot"
                );
                let least = boundary(born, place);
                assert_eq!(bucket(least, level), b);
                assert_eq!(
                    bucket(least - 1, level),
                    b - 1,
                    "nothing smaller is in the bucket"
                );
            }
        }
        assert_eq!(birth(0, 0), (0, 0));
        assert_eq!(birth(0, MAX_LEVEL).0, 0);
        assert_eq!(boundary(0, 0), 0);
    }

    #[test]
    fn small_integers_are_spread_over_the_buckets() {
        let buckets: alloc::collections::BTreeSet<usize> =
            (0..64).map(|n| bucket(split_order(n), 6)).collect();
        assert!(buckets.len() > 48, "{} of 64", buckets.len());
    }
}
