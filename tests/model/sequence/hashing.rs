//! Good and bad hashers, each a type with a default: so maps with them can be collected.

use std::hash::{BuildHasher, Hasher};

use crate::common::{TruncHash, Truncated};

/// The same in every run, so that a fuzzer's input means the same thing again.
pub(super) type Spread = foldhash::fast::FixedState;

/// [`TruncHash`] by its type.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trunc<const BITS: u32>;

impl<const BITS: u32> BuildHasher for Trunc<BITS> {
    type Hasher = Truncated;
    fn build_hasher(&self) -> Truncated {
        TruncHash(BITS).build_hasher()
    }
}

/// Places keys on both sides of the boundaries between buckets, where the list's sentinels stand:
///
/// ```text
///   place:       boundary - 1 │ boundary    boundary (a tie)   boundary + 1
///   number % 4:             0 │ 1           2                  3
/// ```
///
/// The boundaries are those of 2^10 buckets, the ones of fewer among them and first.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Edges;

impl Edges {
    const LEVEL: u32 = 10;

    /// Where in the list's order a key's place is, in 32 bits.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the upper half of a key is the player's"
    )]
    pub(crate) fn place(number: u64) -> u32 {
        let number = number as u32;
        // Bits reversed, so that the first numbers have the boundaries of few buckets.
        let bucket = (number / 4).reverse_bits() >> (32 - Self::LEVEL);
        let boundary = bucket << (32 - Self::LEVEL);
        match number % 4 {
            0 => boundary.wrapping_sub(1),
            1 | 2 => boundary,
            _ => boundary + 1,
        }
    }
}

impl BuildHasher for Edges {
    type Hasher = Edge;
    fn build_hasher(&self) -> Edge {
        Edge(0)
    }
}

#[derive(Debug)]
pub(crate) struct Edge(u32);

impl Hasher for Edge {
    /// The hash that the map's spreading, a multiplication of which it keeps the upper half, takes to
    /// the place.
    fn finish(&self) -> u64 {
        /// The factor, as in `src/split_order/order.rs`: a test in `tests/model/main.rs` sees to that.
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        /// Its inverse, modulo 2^64: each step of Newton's doubles the bits that are right.
        const INVERSE: u64 = {
            let (mut inverse, mut step) = (SPREAD, 0);
            while step < 5 {
                inverse = inverse.wrapping_mul(2_u64.wrapping_sub(SPREAD.wrapping_mul(inverse)));
                step += 1;
            }
            inverse
        };
        (u64::from(self.0) << 32).wrapping_mul(INVERSE)
    }

    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are hashed as numbers");
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = Edges::place(number);
    }
}
