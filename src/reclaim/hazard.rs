//! Hazards: words in which a thread says what it uses.
//!
//! ```text
//!   null: free ──acquire (the seat's owner only)──► TAKEN ──protect──► a node's address
//!     ▲                                                                     │
//!     └───────────── drop (any thread: a `Ref` may travel) ◄────────────────┘
//! ```
//!
//! A hazard belongs for good to one seat. Only that seat's owner takes it; whoever drops the [`Guard`]
//! frees it, by one store and without looking anything up. All threads read all hazards, in a scan
//! (`local`), and find there what they may not free.
//!
//! Edges: `hazard` — every store to the word (Release) → a scan's load (Acquire): the reads under an
//! earlier protection happen before what the scan frees. `hazard.free` — `Guard::drop`'s store
//! (Release) → `acquire`'s load (Acquire): the same, through the owner's next store. `hazard.block` — the
//! store of a further block → loads.

use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::vec::Vec;
use core::array;
use core::cell::Cell;
use core::ptr::{self, NonNull};
use core::slice;

use crate::sync::{AtomicPtr, StoreLoad};
use crate::tunables::{HAZARD_BLOCKS as BLOCKS, HAZARDS};
use crate::unwind::or_abort;

/// Held, and protecting nothing. (No node has this address: they are aligned to 8.)
const TAKEN: *mut () = ptr::without_provenance_mut(1);

/// One hazard of a seat.
struct Hazard(AtomicPtr<()>);

impl Hazard {
    fn new() -> Self {
        Self(AtomicPtr::default())
    }

    /// Takes the hazard if it is free. By the owner of the seat only (H2).
    #[inline]
    fn acquire(&self) -> Option<Guard<'_>> {
        // ORD[hazard.free] Acquire: pairs with the Release store in `Guard::drop`.
        if !self.0.load_acquire().is_null() {
            return None;
        }
        // ORD[hazard] Release: a scan that finds this instead of the null before it learns as much.
        self.0.store_release(TAKEN);
        Some(Guard { hazard: self })
    }
}

/// The hazards of one seat: a few at first, and twice as many whenever all are held.
///
/// ```text
///   first [8]   more[0] [8]   more[1] [16]   more[2] [32]  ...      numbered through
/// ```
pub(super) struct Hazards {
    first: [Hazard; HAZARDS],
    /// Block `b` has `HAZARDS << b`.
    more: [AtomicPtr<Hazard>; BLOCKS],
    /// Blocks made. By the owner of the seat only (H2).
    blocks: Cell<usize>,
    /// Number of the hazard that was found last, beyond the first two. By the owner only.
    cursor: Cell<usize>,
}

impl Hazards {
    pub(super) fn new() -> Self {
        Self {
            first: array::from_fn(|_| Hazard::new()),
            more: array::from_fn(|_| AtomicPtr::default()),
            blocks: Cell::new(0),
            cursor: Cell::new(0),
        }
    }

    /// Takes a free hazard. Called by the owner of the seat only (H2).
    #[inline]
    pub(super) fn acquire(&self) -> Guard<'_> {
        // A walk holds two.
        let two = self.first[0].acquire().or_else(|| self.first[1].acquire());
        two.unwrap_or_else(|| self.acquire_other())
    }

    /// Looks from where the last one was found, in both directions, before it makes more. So it is near
    /// for a thread that takes ever more of them, or takes and frees like a stack.
    #[cold]
    #[inline(never)]
    fn acquire_other(&self) -> Guard<'_> {
        let len = HAZARDS << self.blocks.get();
        let cursor = self.cursor.get();
        for distance in 0..=len / 2 {
            // A power of two: the numbers go round.
            let (up, down) = (cursor.wrapping_add(distance), cursor.wrapping_sub(distance));
            for n in [up & (len - 1), down & (len - 1)] {
                if let Some(guard) = self.get(n).acquire() {
                    self.cursor.set(n);
                    return guard;
                }
            }
        }
        self.cursor.set(len);
        self.make_block();
        self.acquire_other()
    }

    /// Makes as many hazards as there are.
    #[cold]
    fn make_block(&self) {
        let b = self.blocks.get();
        // Also called between a mark and the unlinking.
        let block: Box<[Hazard]> = or_abort(|| (0..HAZARDS << b).map(|_| Hazard::new()).collect());
        // ORD[hazard.block] Release: pairs with the loads of `block`; the hazards in it are null.
        self.more[b].store_release(Box::into_raw(block).cast());
        self.blocks.set(b + 1);
    }

    /// Free hazards, for one who takes many. Used by the owner of the seat only (H2).
    pub(super) fn free(&self) -> FreeHazards<'_> {
        let cursor = self.cursor.get();
        let block = (cursor / HAZARDS)
            .checked_ilog2()
            .map_or(0, |b| b as usize + 1);
        let (first, hazards) = self.numbered_block(block);
        FreeHazards {
            hazards: self,
            block,
            end: first + hazards.len(),
            rest: hazards[cursor - first..].iter(),
            turns: self.blocks.get() + 1,
            noted: false,
        }
    }

    /// The number of the first hazard of the block in place `place`, and the hazards: `first`, then `more`.
    fn numbered_block(&self, place: usize) -> (usize, &[Hazard]) {
        match place.checked_sub(1) {
            None => (0, &self.first),
            Some(b) => (HAZARDS << b, self.block(b)),
        }
    }

    /// Hazard number `n`, of those that have been made.
    fn get(&self, n: usize) -> &Hazard {
        match (n / HAZARDS).checked_ilog2() {
            None => &self.first[n],
            Some(b) => &self.block(b as usize)[n - (HAZARDS << b)],
        }
    }

    /// The hazards of block `b`: none, if it has not been made.
    fn block(&self, b: usize) -> &[Hazard] {
        // ORD[hazard.block] Acquire: pairs with the store in `make_block`.
        let block = self.more[b].load_acquire();
        if block.is_null() {
            return &[];
        }
        // SAFETY: made with this length, published wholly written, and freed with `self`.
        unsafe { slice::from_raw_parts(block, HAZARDS << b) }
    }

    fn each_block(&self) -> impl Iterator<Item = &[Hazard]> {
        let more = (0..BLOCKS).map(|b| self.block(b));
        let blocks = core::iter::once(self.first.as_slice()).chain(more);
        blocks.take_while(|block| !block.is_empty())
    }

    /// How many are held.
    pub(super) fn held(&self) -> usize {
        let all = self.each_block().flatten();
        // ORD[hazard.free] Acquire: pairs with the Release store in `Guard::drop`; what was done under a
        // protection that has ended is seen.
        all.filter(|hazard| !hazard.0.load_acquire().is_null())
            .count()
    }

    /// Adds the addresses that these hazards protect to `addresses`; gives the number of hazards.
    ///
    /// # Errors
    /// Without memory for the addresses.
    pub(super) fn read(&self, addresses: &mut Vec<usize>) -> Result<usize, TryReserveError> {
        let mut hazards = 0;
        for block in self.each_block() {
            hazards += block.len();
            addresses.try_reserve(block.len())?;
            addresses.extend(block.iter().filter_map(|hazard| {
                // ORD[hazard] Acquire: pairs with each store to the word. That it sees a protection which
                // its holder went on to use is ORD[protect]: see `reclaim`.
                let address = hazard.0.load_acquire();
                (!address.is_null() && address != TAKEN).then_some(address.addr())
            }));
        }
        Ok(hazards)
    }
}

/// See [`Hazards::free`]. Begins where the last one found its first free hazard, goes round once, and then makes
/// more: so it is quick for those who free what they took, in whatever order, and for those who keep it.
pub(crate) struct FreeHazards<'d> {
    hazards: &'d Hazards,
    /// The block that is being looked at.
    block: usize,
    /// One more than the number of its last hazard.
    end: usize,
    rest: slice::Iter<'d, Hazard>,
    /// Blocks to look at behind it before more are made.
    turns: usize,
    /// The first one that was found is noted in the cursor.
    noted: bool,
}

impl<'d> FreeHazards<'d> {
    #[inline]
    pub(crate) fn next(&mut self) -> Guard<'d> {
        loop {
            if let Some(guard) = self.rest.find_map(Hazard::acquire) {
                if !self.noted {
                    self.noted = true;
                    self.hazards.cursor.set(self.end - self.rest.len() - 1);
                }
                return guard;
            }
            self.next_block();
        }
    }

    #[cold]
    fn next_block(&mut self) {
        let blocks = self.hazards.blocks.get();
        if self.turns == 0 {
            self.hazards.make_block();
            self.block = blocks + 1;
            self.turns = blocks + 2;
        } else {
            self.block = if self.block == blocks {
                0
            } else {
                self.block + 1
            };
            self.turns -= 1;
        }
        let (first, hazards) = self.hazards.numbered_block(self.block);
        self.end = first + hazards.len();
        self.rest = hazards.iter();
    }
}

impl Drop for Hazards {
    fn drop(&mut self) {
        for (b, block) in self.more.iter_mut().enumerate() {
            let block = block.load_mut();
            if !block.is_null() {
                let block = ptr::slice_from_raw_parts_mut(block, HAZARDS << b);
                // SAFETY: of `Box::into_raw` in `make_block`, with this length; dropped here only.
                drop(unsafe { Box::from_raw(block) });
            }
        }
    }
}

/// A held hazard. Dropping it ends the protection and frees the hazard.
pub(crate) struct Guard<'d> {
    /// Not null while this exists; stored to through this alone.
    hazard: &'d Hazard,
}

impl Guard<'_> {
    /// Announces that `node` is in use. The protection holds only if a load that [`StoreLoad`]
    /// orders after this call still finds `node` reachable and unmarked, or if `node` is not
    /// reachable for anybody yet.
    #[inline]
    pub(crate) fn protect<T>(&mut self, node: NonNull<T>) {
        // ORD[hazard] Release: what was read under the last protection, before a scan finds this one.
        self.hazard.0.store_release(node.as_ptr().cast());
    }

    /// Publishes a hazard for `node`, which was read from `link`, and reads `link` again: the node, now
    /// protected, if it still stands there, untagged; else what does.
    ///
    /// Use the pointer that is given from then on: the older one has the same address, but may be that
    /// of a node that was freed and made anew in between, which Rust tells apart (provenance).
    #[inline]
    pub(crate) fn protect_in<T>(
        &mut self,
        node: NonNull<T>,
        link: &AtomicPtr<T>,
        store_load: StoreLoad,
    ) -> Result<NonNull<T>, *mut T> {
        let again = self.publish(node, link, store_load);
        NonNull::new(again)
            .filter(|&again| again == node)
            .ok_or(again)
    }

    /// Publishes a hazard for `node`, and reads `link` again: whoever knows that `node` is reachable while that
    /// is as it was has it protected then.
    #[inline]
    pub(crate) fn publish<T>(
        &mut self,
        node: NonNull<T>,
        link: &AtomicPtr<T>,
        store_load: StoreLoad,
    ) -> *mut T {
        // ORD[hazard], as in `protect`, and ORD[protect], the reader's half: see `reclaim`.
        store_load.publish_then_load(&self.hazard.0, node.as_ptr().cast(), link)
    }
}

impl Drop for Guard<'_> {
    #[inline]
    fn drop(&mut self) {
        // ORD[hazard] Release: our reads of the node happen before a scan that finds it unprotected; and
        // ORD[hazard.free]: before what the owner stores there next.
        self.hazard.0.store_release(ptr::null_mut());
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn all(hazards: &Hazards) -> usize {
        HAZARDS << hazards.blocks.get()
    }

    fn take(hazards: &Hazards, many: usize) -> Vec<Guard<'_>> {
        let mut free = hazards.free();
        (0..many).map(|_| free.next()).collect()
    }

    #[test]
    fn no_more_are_made_than_are_held_at_one_time() {
        let hazards = Hazards::new();
        for _ in 0..50 {
            drop(take(&hazards, 20));
        }
        assert!(all(&hazards) <= 32);
        // Those that are held stay where they are, in the way or not.
        let held: Vec<_> = (0..5).map(|_| take(&hazards, 20)).collect();
        for _ in 0..50 {
            drop(take(&hazards, 20));
        }
        assert!(all(&hazards) <= 256);
        drop(held);
        drop(take(&hazards, 120));
        assert!(all(&hazards) <= 256);
    }

    #[test]
    fn a_scan_finds_each_address_that_is_protected() {
        let hazards = Hazards::new();
        let nodes: [u64; 40] = array::from_fn(|n| n as u64);
        let mut guards = take(&hazards, 40);
        for (guard, node) in guards.iter_mut().zip(&nodes) {
            guard.protect(NonNull::from(node));
        }
        drop(guards.split_off(30));
        let mut found = Vec::new();
        assert_eq!(hazards.read(&mut found).unwrap(), all(&hazards));
        found.sort_unstable();
        let expected: Vec<usize> = nodes[..30]
            .iter()
            .map(|node| ptr::from_ref(node).addr())
            .collect();
        assert_eq!(found, expected);
    }
}
