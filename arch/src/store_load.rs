//! Publish, then load: the store→load order under hazard pointers.
//!
//! ```text
//!        reader                                remover
//!   P1   hazard = node     (Release)      U1   link: node -> next      (AcqRel)
//!   P2   ── order ──                      U2   ── heavy ──
//!   P3   link read again   (Acquire)      U3   hazards read
//! ```
//!
//! Without P2 and U2 both may miss each other: the reader still sees `node` linked, the remover
//! sees no hazard, and a node in use is freed (the store-buffering outcome). Each form forbids it:
//!
//! | form | P2 | U2 | why |
//! | --- | --- | --- | --- |
//! | fenced | `fence(SeqCst)` | `fence(SeqCst)` | the two fences have a total order; after the later one the other side's store is seen |
//! | ordered (aarch64) | nothing: P1 is `stlr`, P3 is `ldar` | `fence(SeqCst)`, that is `dmb ish` | a Load-Acquire is observed after every earlier Store-Release (`[L]; po; [A]`, Arm ARM B2.3) |
//! | asymmetric (x86-64 Linux) | a compiler fence | `membarrier(2)` | the kernel runs a full barrier on every CPU that runs a thread of the process, at some point between P1 and P3 or outside of them |
//!
//! O1  All threads that use one structure use the same `StoreLoad` value.
//! O2  The form never changes within a process: readers that run without a fence cannot be told.
//! O3  A node is freed only if no hazard has it that is read after a `heavy` that follows its unlinking.
//!
//! Edges: publish.release  P1 (Release) → U3 (Acquire)
//!        publish.dekker   P2 ↔ U2
//!        publish.link     U1 (Release) → P3 (Acquire)

use crate::contract::Backend as _;
use crate::native::Form;
use crate::{ACTIVE, AtomicPtr};

/// How a thread's store of a hazard is kept before its own later load of a link.
///
/// Chosen once per process by [`register`](Self::register), before the first reader exists; see
/// the module's table for the forms. All threads on one structure must use the same value: an
/// unfenced reader is safe only against a remover that calls [`heavy`](Self::heavy) on the very
/// form that the reader used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreLoad(Form);

impl StoreLoad {
    /// The form that needs nothing from the operating system, for tests and comparisons.
    ///
    /// On aarch64 hardware that is the ordered form, the only one compiled in there; everywhere
    /// else it is the fenced form.
    pub const FENCED: Self = Self(Form::FENCED);

    /// The best form that this process can have. The first call decides for good.
    ///
    /// On x86-64 Linux it registers with `membarrier(2)`; where the kernel refuses, the fenced form
    /// stays in use until the process ends. On aarch64 it also finds out whether the processor has LSE:
    /// the read-modify-writes of this crate use it from then on.
    ///
    /// ```
    /// use splitmap_arch::StoreLoad;
    /// assert_eq!(StoreLoad::register(), StoreLoad::register());
    /// ```
    #[must_use]
    pub fn register() -> Self {
        ACTIVE.prepare();
        Self(Form::register())
    }

    /// `"asymmetric"`, `"ordered"` or `"fenced"`.
    ///
    /// ```
    /// # use splitmap_arch::StoreLoad;
    /// assert!(["asymmetric", "ordered", "fenced"].contains(&StoreLoad::register().name()));
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Reads `link` (acquire) after the caller's own earlier *release store* of a hazard.
    ///
    /// This is P2 and P3, for a hazard that somebody else's code stores. That store must be a `Release` store (or stronger) of this thread, made before
    /// this call; a relaxed store is not ordered on aarch64.
    ///
    /// Wait-free. It linearizes at the load.
    ///
    /// ```
    /// use core::sync::atomic::{AtomicPtr as Foreign, Ordering};
    /// use splitmap_arch::{AtomicPtr, StoreLoad};
    ///
    /// let order = StoreLoad::register();
    /// let mut node = 7;
    /// let link = AtomicPtr::new(&raw mut node);
    /// let hazard = Foreign::new(core::ptr::null_mut());
    /// let seen = link.load_acquire();
    /// hazard.store(seen, Ordering::Release);
    /// assert_eq!(order.load_after_publish(&link), seen);
    /// ```
    #[inline(always)]
    pub fn load_after_publish<T>(self, link: &AtomicPtr<T>) -> *mut T {
        self.0.load_after_publish(link.word()).cast()
    }

    /// Reads `word` (acquire) after the caller's own earlier *acquire loads and `AcqRel` read-modify-writes*: not
    /// after its plain stores.
    ///
    /// For a flag that somebody raises before [`heavy`](Self::heavy), and looks then at what others have done. Either he
    /// sees what the caller did by a read-modify-write, or has loaded, or the caller sees the flag: the first as
    /// above, with the read-modify-write in P1's place; the second because what was loaded was visible to all, and
    /// on both processors later loads are made later.
    ///
    /// The fenced form fences, as the memory model of the language knows no such visibility; x86-64 needs nothing,
    /// as its read-modify-writes are full barriers.
    ///
    /// Wait-free. It linearizes at the load.
    ///
    /// ```
    /// use splitmap_arch::{AtomicPtr, StoreLoad};
    ///
    /// let order = StoreLoad::register();
    /// let (flag, link) = (AtomicPtr::<u8>::default(), AtomicPtr::<u8>::default());
    /// let mut node = 7;
    /// link.swap(&raw mut node);
    /// assert!(order.load_after_update(&flag).is_null(), "nobody looks");
    /// ```
    #[inline(always)]
    pub fn load_after_update<T>(self, word: &AtomicPtr<T>) -> *mut T {
        self.0.load_after_update(word.word()).cast()
    }

    /// Stores `value` into `hazard` (release), then reads `link` (acquire), in that order: P1 to P3.
    ///
    /// Wait-free. The publication linearizes at the store, the answer at the load.
    #[inline(always)]
    pub fn publish_then_load<T, U>(
        self,
        hazard: &AtomicPtr<U>,
        value: *mut U,
        link: &AtomicPtr<T>,
    ) -> *mut T {
        let found = self
            .0
            .publish_then_load(hazard.word(), value.cast(), link.word());
        found.cast()
    }

    /// U2: what a remover does after unlinking and before it reads the hazards.
    ///
    /// Always at least `fence(SeqCst)`. On the asymmetric form also a system call (0.4 µs alone,
    /// some 8 µs beside one running thread, 20 µs beside three, on two cores): so retire in batches.
    ///
    /// # Aborts
    ///
    /// On the asymmetric form the process is aborted, with a message, if the kernel refuses the
    /// barrier that it granted at registration, even after registering anew: the readers run
    /// without fences, so to go on would be to free memory in use.
    ///
    /// ```
    /// splitmap_arch::StoreLoad::register().heavy();
    /// ```
    #[inline]
    pub fn heavy(self) {
        self.0.heavy();
    }
}
