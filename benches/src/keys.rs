//! Keys and random numbers: the same for every map, and cheap beside any look-up (2 to 3 ns).

use core::ops::Range;

/// `SplitMix64`.
#[derive(Debug)]
pub struct Rng(u64);

impl Rng {
    /// The same numbers for the same `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(mix(seed.wrapping_add(0x5851_f42d_4c95_7f2d)))
    }

    /// A number below `n`, which is below 2³².
    pub fn below(&mut self, n: u64) -> u64 {
        ((self.next().0 >> 32) * n) >> 32
    }

    #[inline]
    pub(crate) fn next(&mut self) -> Random {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        Random(mix(self.0))
    }
}

#[inline]
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// 64 random bits: half of them choose the key, the others the operation.
#[derive(Clone, Copy)]
pub(crate) struct Random(u64);

impl Random {
    /// One of the keys of these indices (fewer than 2³² of them).
    #[inline]
    pub(crate) fn key(self, indices: &Range<u64>) -> u64 {
        key(indices.start + (((self.0 >> 32) * (indices.end - indices.start)) >> 32))
    }

    /// 0 to 99.
    #[inline]
    pub(crate) fn percent(self) -> u64 {
        ((self.0 & 0xffff_ffff) * 100) >> 32
    }
}

/// The key of an index: a bijection without the order of the indices.
#[inline]
#[must_use]
pub fn key(index: u64) -> u64 {
    let key = (index + 1).wrapping_mul(0xd6e8_feb8_6659_fd93);
    key ^ (key >> 32)
}

/// The keys of these indices, in an order that `seed` determines.
///
/// # Panics
/// If there are more than an address space holds.
#[must_use]
pub fn shuffled(indices: Range<u64>, seed: u64) -> Vec<u64> {
    let mut rng = Rng::new(seed);
    let mut keys: Vec<u64> = indices.map(key).collect();
    for end in (1..keys.len()).rev() {
        let other = rng.below(end as u64 + 1);
        keys.swap(end, usize::try_from(other).expect("an index of `keys`"));
    }
    keys
}

/// An update adds this, so that the value still shows its key.
pub(crate) const UPDATE: u64 = 1 << 48;

/// 0 if `value` is one that was inserted under `key` (its value is the key) and updated since.
#[inline]
pub(crate) fn difference(key: u64, value: u64) -> u64 {
    (key ^ value) << 16
}
