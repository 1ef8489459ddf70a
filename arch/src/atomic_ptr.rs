//! A pointer that threads share: the word of every link.

use crate::ACTIVE;
use crate::contract::{Backend as _, PtrWord};
use core::fmt;
use core::marker::PhantomData;
use core::ptr;
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};

/// A raw pointer that threads share, with the orderings in the method names.
///
/// All methods are lock-free. Low and high bits may carry tags: tag operations keep the provenance.
///
/// ```
/// use splitmap_arch::AtomicPtr;
///
/// let mut value = 7_u64;
/// let node = &raw mut value;
/// let link = AtomicPtr::new(node);
/// assert_eq!(link.mark_if_equal(node, 1), Ok(node));
/// assert_eq!(link.load_acquire(), node.map_addr(|addr| addr | 1));
/// ```
#[repr(transparent)]
pub struct AtomicPtr<T> {
    word: PtrWord,
    /// Variance and auto traits of core's `AtomicPtr<T>`.
    pointee: PhantomData<core::sync::atomic::AtomicPtr<T>>,
}

impl<T> AtomicPtr<T> {
    /// A shared pointer that holds `p` (a `const fn` except under `--cfg loom`).
    #[cfg(not(loom))]
    #[inline]
    #[must_use]
    pub const fn new(p: *mut T) -> Self {
        Self {
            word: PtrWord::new(p.cast()),
            pointee: PhantomData,
        }
    }

    /// A shared pointer that holds `p`.
    #[cfg(loom)]
    #[must_use]
    pub fn new(p: *mut T) -> Self {
        Self {
            word: PtrWord::new(p.cast()),
            pointee: PhantomData,
        }
    }

    /// The pointer, with no ordering: to compare, or to hand to a compare-and-swap.
    #[inline(always)]
    pub fn load_relaxed(&self) -> *mut T {
        // ORD[none] Relaxed: asked for by the caller's choice of this method.
        self.word.load(Relaxed).cast()
    }

    /// The pointer; what the writer did before its release is visible. Not ordered after an earlier
    /// release store: for that there is [`StoreLoad`](crate::StoreLoad).
    #[inline(always)]
    pub fn load_acquire(&self) -> *mut T {
        // ORD[word] Acquire: pairs with `store_release` and every read-modify-write of this type.
        self.word.load(Acquire).cast()
    }

    /// Stores with no ordering: for a pointer that nobody else can reach yet.
    #[inline(always)]
    pub fn store_relaxed(&self, p: *mut T) {
        // ORD[none] Relaxed: asked for by the caller's choice of this method.
        self.word.store(p.cast(), Relaxed);
    }

    /// Stores; whoever loads it with acquire sees what was done before.
    #[inline(always)]
    pub fn store_release(&self, p: *mut T) {
        // ORD[word] Release: pairs with `load_acquire` and every read-modify-write of this type.
        self.word.store(p.cast(), Release);
    }

    /// Strong compare-and-swap; acquire-release, acquire on failure. No spurious failure.
    ///
    /// # Errors
    ///
    /// The pointer found, when it is not `current`; the word is unchanged.
    ///
    /// ```
    /// # use splitmap_arch::AtomicPtr;
    /// let (mut a, mut b) = (1, 2);
    /// let link = AtomicPtr::new(&raw mut a);
    /// assert_eq!(link.compare_exchange(&raw mut a, &raw mut b), Ok(&raw mut a));
    /// assert_eq!(link.compare_exchange(&raw mut a, &raw mut b), Err(&raw mut b));
    /// ```
    #[inline(always)]
    pub fn compare_exchange(&self, current: *mut T, new: *mut T) -> Result<*mut T, *mut T> {
        typed(ACTIVE.compare_exchange(&self.word, current.cast(), new.cast()))
    }

    /// Puts `new` in and returns what was there; acquire-release.
    #[inline(always)]
    pub fn swap(&self, new: *mut T) -> *mut T {
        ACTIVE.swap(&self.word, new.cast()).cast()
    }

    /// Turns `expected` into `expected | tag`, if it is there; strong, acquire-release. Of several
    /// threads that mark the same pointer, one gets `Ok`, provided `expected` lacks a bit of `tag`.
    ///
    /// # Errors
    ///
    /// The pointer found, when it is not `expected`; the word is unchanged.
    #[inline(always)]
    pub fn mark_if_equal(&self, expected: *mut T, tag: usize) -> Result<*mut T, *mut T> {
        typed(ACTIVE.mark_if_equal(&self.word, expected.cast(), tag))
    }

    /// Sets the bits of `tag`, returns the previous pointer; acquire-release.
    ///
    /// ```
    /// # use splitmap_arch::AtomicPtr;
    /// let mut value = 7_u64;
    /// let link = AtomicPtr::new(&raw mut value);
    /// assert_eq!(link.fetch_or(1), &raw mut value);
    /// assert_eq!(link.fetch_and(!1).addr() & 1, 1);
    /// assert_eq!(link.load_relaxed(), &raw mut value);
    /// ```
    #[inline(always)]
    pub fn fetch_or(&self, tag: usize) -> *mut T {
        ACTIVE.fetch_or(&self.word, tag).cast()
    }

    /// Keeps only the bits of `mask`, returns the previous pointer; acquire-release.
    #[inline(always)]
    pub fn fetch_and(&self, mask: usize) -> *mut T {
        ACTIVE.fetch_and(&self.word, mask).cast()
    }

    /// The pointer, by exclusive access: no atomic instruction (loom: an unsynchronized access).
    ///
    /// ```
    /// let mut link = splitmap_arch::AtomicPtr::<u8>::default();
    /// assert!(link.load_mut().is_null());
    /// ```
    #[cfg(not(loom))]
    #[inline(always)]
    pub fn load_mut(&mut self) -> *mut T {
        (*self.word.get_mut()).cast()
    }

    /// The pointer, by exclusive access: loom checks that it is.
    #[cfg(loom)]
    pub fn load_mut(&mut self) -> *mut T {
        self.word.with_mut(|p| *p).cast()
    }

    /// The pointer in place, by exclusive access (not under `--cfg loom`: use
    /// [`load_mut`](Self::load_mut)).
    #[cfg(not(loom))]
    #[inline(always)]
    pub const fn get_mut(&mut self) -> &mut *mut T {
        let word: *mut *mut T = (&raw mut self.word).cast();
        // SAFETY: `word` comes from `&mut self`, so it is live, aligned and not shared while the
        // result lives; core's `AtomicPtr<()>` has the representation of `*mut ()`, and that of
        // `*mut T` for sized `T` is the same.
        unsafe { &mut *word }
    }

    /// The word, for the primitives of this crate.
    #[inline(always)]
    pub(crate) const fn word(&self) -> &PtrWord {
        &self.word
    }
}

/// Gives both outcomes their pointee type back.
#[inline(always)]
fn typed<T>(outcome: Result<*mut (), *mut ()>) -> Result<*mut T, *mut T> {
    match outcome {
        Ok(previous) => Ok(previous.cast()),
        Err(found) => Err(found.cast()),
    }
}

impl<T> Default for AtomicPtr<T> {
    /// A null pointer.
    fn default() -> Self {
        Self::new(ptr::null_mut())
    }
}

impl<T> fmt::Debug for AtomicPtr<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.load_relaxed(), f)
    }
}
