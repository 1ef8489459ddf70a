//! Links: atomic tagged successor pointers.
//!
//! ```text
//!   63                                   3   2        1         0
//!   ┌───────────────────────────────────┬────────┬────────┬────────┐
//!   │ address of a node, or of a slot   │PENDING │SENTINEL│  MARK  │
//!   └───────────────────────────────────┴────────┴────────┴────────┘
//! ```
//!
//! | value                    | in a node's link           | in a slot (a sentinel's link)        |
//! |--------------------------|----------------------------|--------------------------------------|
//! | 0                        | never                      | not filled: the parent serves        |
//! | successor + PENDING      | never                      | maybe linked, maybe not: no start    |
//! | node                     | successor is that node     | the same                             |
//! | slot + SENTINEL          | successor is that sentinel | the same                             |
//! | SENTINEL alone           | end of the list            | the same                             |
//! | any + MARK               | the node is deleted        | never: sentinels stay                |
//!
//! Nodes and links are aligned to 8 bytes on every machine, so the three bits are free.

use core::ptr::{self, NonNull};

use crate::sync::AtomicPtr;

const MARK: usize = 1;
const SENTINEL: usize = 2;
const PENDING: usize = 4;
const TAGS: usize = MARK | SENTINEL | PENDING;

/// The value of a link whose list is made of nodes `N`.
pub(crate) struct Succ<N>(*mut N);

impl<N> Clone for Succ<N> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<N> Copy for Succ<N> {}
impl<N> PartialEq for Succ<N> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

/// What an unmarked successor is.
pub(crate) enum Kind<N> {
    Node(NonNull<N>),
    Sentinel(NonNull<Link<N>>),
    End,
}

/// What the value of any link is, its other tags apart: for one who trusts none.
pub(crate) enum Shape<N> {
    Empty,
    Node(NonNull<N>),
    Sentinel(NonNull<Link<N>>),
    End,
}

impl<N> Succ<N> {
    /// The value of a slot that nobody has filled.
    pub(crate) const EMPTY: Self = Self(ptr::null_mut());
    pub(crate) const END: Self = Self(ptr::without_provenance_mut(SENTINEL));

    pub(crate) fn node(node: NonNull<N>) -> Self {
        Self(node.as_ptr())
    }

    pub(crate) fn sentinel(slot: NonNull<Link<N>>) -> Self {
        Self(slot.as_ptr().cast::<N>().map_addr(|a| a | SENTINEL))
    }

    #[inline]
    pub(crate) fn kind(self) -> Kind<N> {
        debug_assert!(self.0.addr() & (MARK | PENDING) == 0 && !self.0.is_null());
        if self.0.addr() & SENTINEL == 0 {
            // SAFETY: without SENTINEL, MARK and PENDING the value is an address or EMPTY, and no
            // caller asks for the kind of an empty slot (L5).
            return Kind::Node(unsafe { NonNull::new_unchecked(self.0) });
        }
        match NonNull::new(self.0.map_addr(|a| a & !TAGS)) {
            Some(slot) => Kind::Sentinel(slot.cast()),
            None => Kind::End,
        }
    }

    /// Of any value, also such as no link may have.
    pub(crate) fn shape(self) -> Shape<N> {
        let address = NonNull::new(self.0.map_addr(|a| a & !TAGS));
        match (address, self.is_sentinel_or_end()) {
            (None, false) => Shape::Empty,
            (Some(node), false) => Shape::Node(node),
            (Some(slot), true) => Shape::Sentinel(slot.cast()),
            (None, true) => Shape::End,
        }
    }

    /// The address, for a prefetch.
    pub(crate) fn address(self) -> *const N {
        self.0
    }

    #[inline]
    pub(crate) fn is_marked(self) -> bool {
        self.0.addr() & MARK != 0
    }

    pub(crate) fn marked(self) -> Self {
        Self(self.0.map_addr(|a| a | MARK))
    }

    pub(crate) fn unmarked(self) -> Self {
        Self(self.0.map_addr(|a| a & !MARK))
    }

    pub(crate) fn is_pending(self) -> bool {
        self.0.addr() & PENDING != 0
    }

    pub(crate) fn pending(self) -> Self {
        Self(self.0.map_addr(|a| a | PENDING))
    }

    pub(crate) fn settled(self) -> Self {
        Self(self.0.map_addr(|a| a & !PENDING))
    }

    /// The successor is no node. (For an unmarked value of a link.)
    pub(crate) fn is_sentinel_or_end(self) -> bool {
        self.0.addr() & SENTINEL != 0
    }

    /// In a slot: a walk may begin here, and comes to a sentinel or the end at once.
    #[inline]
    pub(crate) fn is_settled_sentinel(self) -> bool {
        self.0.addr() & TAGS == SENTINEL
    }

    /// In a slot: the sentinel is linked, so a walk may begin here.
    #[inline]
    pub(crate) fn is_start(self) -> bool {
        !self.0.is_null() && !self.is_pending()
    }
}

/// An atomic [`Succ`]: in a node, or a slot, which then is the sentinel itself.
#[repr(C, align(8))]
pub(crate) struct Link<N>(AtomicPtr<N>);

impl<N> Link<N> {
    pub(crate) fn new(succ: Succ<N>) -> Self {
        Self(AtomicPtr::new(succ.0))
    }

    /// For [`protect_in`](crate::reclaim::Guard::protect_in).
    #[inline]
    pub(crate) fn atomic(&self) -> &AtomicPtr<N> {
        &self.0
    }

    #[inline]
    pub(crate) fn from_raw(raw: *mut N) -> Succ<N> {
        Succ(raw)
    }

    /// `ORD[link]` Acquire: pairs with the [`exchange`](Self::exchange) that wrote the value; what it
    /// points at is seen as it was written before.
    #[inline]
    pub(crate) fn load(&self) -> Succ<N> {
        Succ(self.0.load_acquire())
    }

    /// For a link that no other thread can reach yet (or any more), or a slot that the caller
    /// fills: Relaxed, as the exchange that makes it reachable publishes it (`ORD[link]`).
    pub(crate) fn set(&self, succ: Succ<N>) {
        self.0.store_relaxed(succ.0);
    }

    /// `ORD[link]` `AcqRel` on success: publishes what `new` points at to [`load`](Self::load), and
    /// orders a mark before the unlink that follows from it; Acquire on failure, as `load`.
    #[inline]
    pub(crate) fn exchange(&self, current: Succ<N>, new: Succ<N>) -> Result<(), Succ<N>> {
        match self.0.compare_exchange(current.0, new.0) {
            Ok(_) => Ok(()),
            Err(now) => Err(Succ(now)),
        }
    }

    /// Marks the node whose link this is; gives its successor, or `None` if it was marked already.
    ///
    /// A `fetch_or` rather than an exchange, so that the successor that is given is the very pointer
    /// that stood there, however often its address was reused.
    ///
    /// `ORD[link]` `AcqRel`: as `exchange`.
    pub(crate) fn mark(&self) -> Option<Succ<N>> {
        let before = Succ(self.0.fetch_or(MARK));
        (!before.is_marked()).then_some(before)
    }
}
