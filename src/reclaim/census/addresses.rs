//! The nodes of a census: a set of addresses that only grows, and finds each in one look or a few.
//!
//! ```text
//!   [·][n][·][m][k][·][·]...     open addressing, linear probing; a power of two, at most three quarters full
//! ```
//!
//! What is there stays there, also when it has been taken (a bit says so): so no address can be put in twice.
//!
//! Edges: `census.node` — the exchange that puts a node in (Release) → the loads of who takes the census or drops it
//! (Acquire): the pin that was made before is there.

use alloc::boxed::Box;
use core::ptr::{self, NonNull};

use super::super::garbage::Reclaim;
use crate::sync::AtomicPtr;

/// 2^64 / φ, odd (Knuth, TAOCP 3, 6.4).
const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

/// In an address: taken, with its pin. (Nodes are aligned to 8.)
const TAKEN: usize = 1;

pub(super) struct Addresses<T>(Box<[AtomicPtr<T>]>);

/// What came of a node that was to be put in.
#[derive(PartialEq, Eq)]
pub(super) enum Put {
    New,
    There,
    /// There is no room left.
    Full,
}

impl<T: Reclaim> Addresses<T> {
    /// Room for `len` nodes.
    pub(super) fn new(len: usize) -> Self {
        // Too many for a machine are too many for its allocator.
        let slots = len.saturating_add(len / 3 + 1).checked_next_power_of_two();
        let slots = slots.unwrap_or(usize::MAX);
        Self((0..slots).map(|_| AtomicPtr::default()).collect())
    }

    /// Puts `node` in, and pins it, if it is not there.
    ///
    /// # Safety
    /// The caller protects `node`, or has pinned it.
    pub(super) unsafe fn put(&self, node: NonNull<T>) -> Put {
        let mut pinned = false;
        let put = self.place(node, || {
            if !pinned {
                // SAFETY: the caller's promise.
                unsafe { T::pin(node) };
            }
            pinned = true;
        });
        if pinned && put != Put::New {
            // SAFETY: pinned above.
            unsafe { T::unpin(node) };
        }
        put
    }

    /// Puts `node` in, which the caller has pinned; takes that pin over, or undoes it. False: no room, and the pin
    /// is still the caller's.
    ///
    /// # Safety
    /// The caller has pinned `node`, and gives that up.
    pub(super) unsafe fn put_pinned(&self, node: NonNull<T>) -> bool {
        let put = self.place(node, || {});
        if put == Put::There {
            // SAFETY: the caller's promise.
            unsafe { T::unpin(node) };
        }
        put != Put::Full
    }

    fn place(&self, node: NonNull<T>, mut before: impl FnMut()) -> Put {
        let mask = self.0.len() - 1;
        let first = self.home(node);
        for distance in 0..=mask {
            let slot = &self.0[(first + distance) & mask];
            // Relaxed: an address that is there is there for good; the exchange decides.
            let mut there = slot.load_relaxed();
            if there.is_null() {
                before();
                // ORD[census.node] AcqRel: publishes the pin.
                match slot.compare_exchange(ptr::null_mut(), node.as_ptr()) {
                    Ok(_) => return Put::New,
                    Err(other) => there = other,
                }
            }
            if there.map_addr(|address| address & !TAKEN) == node.as_ptr() {
                return Put::There;
            }
        }
        Put::Full
    }

    /// Where to look for `node` first. (In models, where addresses differ from one execution to the next, at the front.)
    fn home(&self, node: NonNull<T>) -> usize {
        if cfg!(loom) {
            return 0;
        }
        let bits = self.0.len().trailing_zeros();
        let spread = ((node.addr().get() as u64) >> 3).wrapping_mul(SPREAD);
        // The upper bits, as many as number the slots. (None, if there is one slot.)
        usize::try_from(spread.checked_shr(64 - bits).unwrap_or(0)).unwrap_or(0)
    }

    /// Takes the nodes, with their pins. Others may go on to put some in, of which it may give some.
    pub(super) fn take(&self) -> impl Iterator<Item = NonNull<T>> {
        self.0.iter().filter_map(|slot| {
            // ORD[census.node] Acquire: pairs with the exchange in `place`.
            let node = NonNull::new(slot.load_acquire())?;
            // Relaxed: nobody else changes a slot that is not null, and who reads it needs the address only.
            slot.store_relaxed(node.as_ptr().map_addr(|address| address | TAKEN));
            Some(node)
        })
    }

    /// The nodes that were not taken, with their pins, when nobody else is left.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = NonNull<T>> {
        let slots = self.0.iter_mut();
        slots.filter_map(|slot| {
            let node = NonNull::new(core::mem::take(slot).load_mut())?;
            (node.addr().get() & TAKEN == 0).then_some(node)
        })
    }
}
