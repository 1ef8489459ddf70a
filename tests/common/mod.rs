//! What the integration tests share: bad hashers, values that count their drops, a small random
//! generator.

#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicIsize, Ordering};

/// All keys collide.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct BadHash;

/// Keys fall on 2^`0` hashes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TruncHash(pub(crate) u32);

/// Hashes a `u64` to itself (or to the parts of it that [`TruncHash`] leaves).
#[derive(Debug)]
pub(crate) struct Truncated {
    hash: u64,
    bits: u32,
}

impl BuildHasher for BadHash {
    type Hasher = Truncated;
    fn build_hasher(&self) -> Truncated {
        Truncated { hash: 0, bits: 0 }
    }
}

impl BuildHasher for TruncHash {
    type Hasher = Truncated;
    fn build_hasher(&self) -> Truncated {
        Truncated {
            hash: 0,
            bits: self.0,
        }
    }
}

impl Hasher for Truncated {
    fn finish(&self) -> u64 {
        self.hash & ((1 << self.bits) - 1)
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = self.hash.wrapping_mul(31).wrapping_add(u64::from(*byte));
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.hash = n.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 7;
    }
}

/// How many [`Counted`] there are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Census(Arc<AtomicIsize>);

impl Census {
    pub(crate) fn alive(&self) -> isize {
        self.0.load(Ordering::SeqCst)
    }
    pub(crate) fn counted(&self, n: u64) -> Counted {
        self.0.fetch_add(1, Ordering::SeqCst);
        Counted {
            n,
            live: Box::new(n),
            census: self.clone(),
        }
    }
}

/// A value that is counted while it lives, and notices if it is read or dropped after that.
#[derive(Debug)]
pub(crate) struct Counted {
    n: u64,
    live: Box<u64>,
    census: Census,
}

impl Counted {
    pub(crate) fn get(&self) -> u64 {
        assert_eq!(*self.live, self.n, "read after its drop");
        self.n
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        assert_eq!(*self.live, self.n, "dropped twice");
        *self.live = !self.n;
        self.census.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Xorshift64*: quick, and the same on every machine.
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        ((self.next() >> 32) * n) >> 32
    }
}

/// Operations per test: fewer where each costs a hundred times as much.
pub(crate) fn scaled(operations: u64) -> u64 {
    if cfg!(miri) {
        operations / 500
    } else if cfg!(splitmap_emulated) {
        operations / 10
    } else if cfg!(debug_assertions) {
        operations / 4
    } else {
        operations
    }
}
