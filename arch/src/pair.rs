//! Two neighbouring words, compared and swapped as one.
//!
//! A capability: `WideCas` exists only where the processor has the instruction, so code that needs
//! it must decide beforehand what to do without.

use crate::ACTIVE;
use crate::contract::{Backend, PairBackend};
use crate::native::Active;
use core::cell::UnsafeCell;
use core::fmt;

/// Two words at an address aligned to 16, changed only through a [`WideCas`].
///
/// The words are numbers: pointers put in here lose their provenance.
#[repr(C, align(16))]
pub struct AtomicPair {
    words: UnsafeCell<[usize; 2]>,
}

// SAFETY: shared access is possible only through `WideCas`, whose instruction is atomic.
unsafe impl Sync for AtomicPair {}

impl AtomicPair {
    /// A pair that holds `words`.
    ///
    /// ```
    /// use splitmap_arch::AtomicPair;
    /// static PAIR: AtomicPair = AtomicPair::new([1, 2]);
    /// # let _ = &PAIR;
    /// ```
    #[must_use]
    pub const fn new(words: [usize; 2]) -> Self {
        Self {
            words: UnsafeCell::new(words),
        }
    }

    /// The words, by exclusive access.
    ///
    /// ```
    /// let mut pair = splitmap_arch::AtomicPair::new([1, 2]);
    /// pair.get_mut()[0] = 3;
    /// assert_eq!(*pair.get_mut(), [3, 2]);
    /// ```
    pub const fn get_mut(&mut self) -> &mut [usize; 2] {
        self.words.get_mut()
    }

    /// The address, for a backend's instruction.
    #[allow(
        dead_code,
        reason = "only the assembly backends have a two-word instruction"
    )]
    pub(crate) const fn as_ptr(&self) -> *mut [usize; 2] {
        self.words.get()
    }
}

impl fmt::Debug for AtomicPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AtomicPair").finish_non_exhaustive()
    }
}

/// The right to compare and swap an [`AtomicPair`].
#[derive(Clone, Copy, Debug)]
pub struct WideCas(<Active as Backend>::Wide);

impl WideCas {
    /// The capability, or `None` where it is missing.
    ///
    /// | build | answer |
    /// | --- | --- |
    /// | x86-64 | `Some`, except on the first processors, which lack `cmpxchg16b` |
    /// | aarch64 | `Some` |
    /// | Miri, loom, `--cfg splitmap_portable`, 32-bit and other processors | `None` |
    ///
    /// ```
    /// use splitmap_arch::{AtomicPair, WideCas};
    ///
    /// if let Some(wide) = WideCas::detect() {
    ///     let pair = AtomicPair::new([1, 2]);
    ///     assert_eq!(wide.compare_exchange(&pair, [1, 2], [3, 4]), Ok([1, 2]));
    ///     assert_eq!(wide.compare_exchange(&pair, [1, 2], [5, 6]), Err([3, 4]));
    ///     assert_eq!(wide.load(&pair), [3, 4]);
    /// }
    /// ```
    #[must_use]
    pub fn detect() -> Option<Self> {
        ACTIVE.wide().map(Self)
    }

    /// Strong compare-and-swap of both words; acquire-release, acquire on failure. Lock-free.
    ///
    /// # Errors
    ///
    /// The pair found, when it is not `current`; the memory is unchanged.
    #[inline]
    pub fn compare_exchange(
        self,
        pair: &AtomicPair,
        current: [usize; 2],
        new: [usize; 2],
    ) -> Result<[usize; 2], [usize; 2]> {
        self.0.compare_exchange_pair(pair, current, new)
    }

    /// Both words, read in one piece with acquire ordering. Lock-free.
    ///
    /// It is a compare-and-swap of `[0, 0]` with itself, so it takes the cache line for writing.
    #[inline]
    #[must_use]
    pub fn load(self, pair: &AtomicPair) -> [usize; 2] {
        match self.compare_exchange(pair, [0, 0], [0, 0]) {
            Ok(found) | Err(found) => found,
        }
    }
}
