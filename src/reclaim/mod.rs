//! Reclamation by hazard pointers: when may an unlinked node be freed?
//!
//! M. Michael, "Hazard Pointers: Safe Memory Reclamation for Lock-Free Objects", TPDS 2004.
//!
//! ```text
//!   reader                                   remover
//!   link  ──load──► node                     link: node ──CAS──► next      (unlink)
//!   hazard = node            (Release)       batch += node                 (retire)
//!   ~~ store→load order ~~                   ~~ heavy barrier ~~           (a full batch)
//!   link  ──load──► node?    (Acquire)       scan hazards: node in one?    (Acquire)
//!     yes: protected                           yes: kept for the next scan
//!     no:  try again                           no:  reclaimed
//! ```
//!
//! Either the reader's second load sees the unlink, or the scan sees the hazard: the two
//! `~~` keep each side's store before its own later load. [`StoreLoad`] says how, for each machine.
//!
//! H1  Hazards and locals live until the [`Domain`] is dropped; a [`Guard`] borrows the domain.
//! H2  A [`Session`] is the calling thread's alone; a local is used by the owner of its seat only, but for
//!     hazards and tallies, which all may read.
//! H3  A node is retired once, by the thread whose exchange unlinked it, after that exchange.
//! H4  A heavy barrier stands between the unlinking of a node and the scan that may find it unprotected.
//! H5  No user code runs while a batch, a sink or a hazard is half changed.
//! H6  A node is pinned only by who protects it or has pinned it. A scan keeps a pinned node, and asks after
//!     it has read the hazards; so it is protected until its last pin is gone (`census`, of which `Pinned` comes).
//!
//! Garbage is bounded: a seat's batch is scanned when it holds [`Reclamation::batch`] nodes, a
//! quarter as many as there are hazards, or twice as many as the last scan left, whichever is most; a scan
//! leaves no more than there are hazards. What it gives waits in the seat's sink, of which each retirement has some
//! reclaimed, so that both together hold no more than the batch alone may (`local`); or for a background
//! thread, in so many slots (`handed`). Hazards are never given back: a seat keeps as many as it needed
//! at one time, rounded up to a power of two. `HashMap`'s documentation has the formula.
//!
//! Progress: a scan is wait-free, and shares nothing with others. One that is stopped keeps its own batch.
//!
//! Edges: `protect` — `Guard::protect_in`'s Release store, then its load, against the unlinking exchange
//! (`list`), then [`StoreLoad::heavy`] and the Acquire loads of the hazards in `Local::scan`; store→load
//! order on both sides. It covers what the reader did before that store, too: making a local, or more
//! hazards; so a scan looks for these behind the barrier as well. `local` — the publication of a seat's
//! local. `tally` — what an operation counts (Release) → who reads the sum (Acquire): its effect is seen ([`Pulse`]).

#[cfg(feature = "std")]
mod background;
mod batch;
mod census;
mod garbage;
#[cfg(feature = "std")]
mod handed;
mod hazard;
mod local;
mod pulse;
mod seat;
mod session;
mod settings;
#[cfg(not(feature = "std"))]
mod settling;

use alloc::boxed::Box;
use core::array;
use core::ptr::{self, NonNull};
use crossbeam_utils::CachePadded;

use census::Censuses;
pub(crate) use census::{Lost, Pinned};
pub(crate) use garbage::{Garbage, Reclaim};
#[cfg(feature = "std")]
pub(crate) use handed::Taker;
pub(crate) use hazard::Guard;
pub(crate) use pulse::Pulse;

#[cfg(feature = "profile")]
use crate::probe::Counts;
use crate::probe::{Rate, Unsampled};
use crate::sync::{AtomicPtr, AtomicUsize, StoreLoad};
use crate::tally::{Tally, not_negative};
use crate::tunables::NEAR;
use local::Local;
pub(crate) use seat::Seat;
pub(crate) use session::Session;
pub use settings::Reclamation;

type Entry<T> = AtomicPtr<CachePadded<Local<T>>>;

/// The most blocks that the doubling directory behind [`NEAR`] can have.
const FAR: usize = (usize::BITS - NEAR.trailing_zeros()) as usize;

/// One map's reclamation: what it keeps for each seat.
pub(crate) struct Domain<T: Reclaim> {
    store_load: StoreLoad,
    /// On a line of its own: it changes, while every operation reads what is around it.
    censuses: CachePadded<Censuses<T>>,
    settings: Reclamation,
    /// How often operations are sampled.
    rate: Rate,
    near: [Entry<T>; NEAR],
    /// Block `b` holds the locals of seats `NEAR << b ..`, as many as there are below it.
    far: [AtomicPtr<Entry<T>>; FAR],
    /// One more than the highest seat that has a local.
    seats: AtomicUsize,
    /// For a background thread, when there is one.
    #[cfg(feature = "std")]
    handed: handed::Handed<T>,
    #[cfg(not(feature = "std"))]
    settling: settling::Settling<T>,
}

impl<T: Reclaim> Domain<T> {
    pub(crate) fn new(store_load: StoreLoad, settings: Reclamation) -> Self {
        Self {
            store_load,
            censuses: CachePadded::new(Censuses::new()),
            settings,
            rate: Rate::new(),
            near: array::from_fn(|_| AtomicPtr::default()),
            far: array::from_fn(|_| AtomicPtr::default()),
            seats: AtomicUsize::new(0),
            #[cfg(feature = "std")]
            handed: handed::Handed::new(),
            #[cfg(not(feature = "std"))]
            settling: settling::Settling::new(),
        }
    }

    /// Begins an operation of the calling thread, which lasts as long as the seat is kept.
    /// Until that, what it does counts in no sample (`probe`).
    #[inline]
    pub(crate) fn session(&self) -> (Session<'_, T>, (Unsampled<'_>, Seat)) {
        let (session, seat) = self.operation();
        (session, (session.probe().suspend(), seat))
    }

    /// [`session`](Self::session), of an operation that may be sampled.
    #[inline]
    pub(crate) fn operation(&self) -> (Session<'_, T>, Seat) {
        let known = Seat::known(NEAR).and_then(|seat| {
            // Relaxed: written by an owner of this seat (H2), so by this thread, or before ORD[seat].
            let local = NonNull::new(self.near[seat.index()].load_relaxed())?;
            Some((seat, local))
        });
        let (seat, local) = known.unwrap_or_else(|| self.first_session());
        // SAFETY: written by an owner of this seat, before this thread was one (ORD[seat]) or by itself;
        // freed with the domain (H1).
        let local = unsafe { local.as_ref() };
        (
            Session {
                domain: self,
                local,
            },
            seat,
        )
    }

    /// [`operation`](Self::operation) for a thread that is new to the map, or has a high seat.
    #[cold]
    #[inline(never)]
    fn first_session(&self) -> (Seat, NonNull<CachePadded<Local<T>>>) {
        let seat = Seat::current();
        let entry = self.entry(seat.index());
        // Relaxed: as in `operation`.
        let local = NonNull::new(entry.load_relaxed());
        let local = local.unwrap_or_else(|| self.create(entry, seat.index()));
        (seat, local)
    }

    #[inline]
    fn entry(&self, seat: usize) -> &Entry<T> {
        match self.near.get(seat) {
            Some(entry) => entry,
            None => self.far_entry(seat),
        }
    }

    /// The entry, if its block has been made.
    fn made_entry(&self, seat: usize) -> Option<&Entry<T>> {
        if let Some(entry) = self.near.get(seat) {
            return Some(entry);
        }
        let (block, offset, _) = far_place(seat);
        // ORD[local] Acquire: pairs with the exchange in `far_entry`.
        let entries = NonNull::new(self.far[block].load_acquire())?;
        // SAFETY: `offset` is below the length of every block of this number (`far_place`).
        let entry = unsafe { entries.add(offset) };
        // SAFETY: blocks are freed with the domain.
        Some(unsafe { entry.as_ref() })
    }

    #[cold]
    fn far_entry(&self, seat: usize) -> &Entry<T> {
        let (block, offset, len) = far_place(seat);
        // ORD[local] Acquire: pairs with the exchange below that published the block.
        let mut entries = self.far[block].load_acquire();
        if entries.is_null() {
            let new: Box<[Entry<T>]> = (0..len).map(|_| AtomicPtr::default()).collect();
            let new: *mut Entry<T> = Box::into_raw(new).cast();
            // ORD[local] AcqRel: publishes the block's nulls.
            entries = match self.far[block].compare_exchange(ptr::null_mut(), new) {
                Ok(_) => new,
                Err(theirs) => {
                    let new = ptr::slice_from_raw_parts_mut(new, len);
                    // SAFETY: of `Box::into_raw` above, with its length; published to nobody.
                    drop(unsafe { Box::from_raw(new) });
                    theirs
                }
            };
        }
        // SAFETY: `offset < len`, the length of every block of this number (`far_place`).
        let entry = unsafe { entries.add(offset) };
        // SAFETY: blocks are freed with the domain.
        unsafe { &*entry }
    }

    #[cold]
    fn create(&self, entry: &Entry<T>, seat: usize) -> NonNull<CachePadded<Local<T>>> {
        let local = Box::into_raw(Box::new(CachePadded::new(Local::new(
            self.settings,
            &self.rate,
        ))));
        // ORD[local] Release: publishes the local to `each_local`. A plain store, since only the
        // seat's owner writes here (H2).
        entry.store_release(local);
        // Relaxed: the exchange decides.
        let mut seats = self.seats.load_relaxed();
        while seats <= seat {
            // ORD[local] AcqRel: whoever reads the new bound finds the local below it.
            match self.seats.compare_exchange(seats, seat + 1) {
                Ok(_) => break,
                Err(now) => seats = now,
            }
        }
        // SAFETY: of `Box::into_raw`, so not null.
        unsafe { NonNull::new_unchecked(local) }
    }

    /// The locals made so far.
    fn each_local(&self) -> impl Iterator<Item = &Local<T>> {
        self.numbered_locals().map(|(_, local)| local)
    }

    /// The locals made so far, with their seats' numbers.
    fn numbered_locals(&self) -> impl Iterator<Item = (usize, &Local<T>)> {
        // ORD[local] Acquire: pairs with the exchange of `seats` in `create`.
        (0..self.seats.load_acquire()).filter_map(|seat| {
            // ORD[local] Acquire: pairs with the store in `create`.
            let local = self.made_entry(seat)?.load_acquire();
            // SAFETY: published wholly written (ORD[local]), and freed with the domain (H1).
            let local = unsafe { local.as_ref() }?;
            Some((seat, &**local))
        })
    }

    /// Threads that use the map or did so at one time.
    pub(crate) fn seats(&self) -> usize {
        // Relaxed: an estimate.
        self.seats.load_relaxed()
    }

    /// The sum of what sessions [counted](Session::count).
    pub(crate) fn counted(&self) -> usize {
        not_negative(self.total(|local| &local.counted))
    }

    /// Nodes retired and not yet reclaimed.
    pub(crate) fn retired(&self) -> usize {
        let retired = self.total(|local| &local.retired);
        not_negative(retired.wrapping_sub(self.total(|local| &local.reclaimed)))
    }

    /// Nodes reclaimed since the beginning.
    pub(crate) fn reclaimed(&self) -> usize {
        self.total(|local| &local.reclaimed)
    }

    pub(crate) fn rate(&self) -> &Rate {
        &self.rate
    }

    /// What all seats' probes have counted.
    #[cfg(feature = "profile")]
    pub(crate) fn probed(&self) -> Counts {
        let mut counts = Counts::default();
        self.each_local()
            .for_each(|local| local.probe.add_to(&mut counts));
        counts
    }

    fn total(&self, tally: impl Fn(&Local<T>) -> &Tally) -> usize {
        self.each_local()
            .fold(0, |sum: usize, local| sum.wrapping_add(tally(local).read()))
    }

    /// Frees what censuses are left, with their pins: before nodes are freed unasked.
    pub(crate) fn free_all_censuses(&mut self) {
        self.censuses.dismantle();
    }

    /// Frees hazards and locals and moves every node that waits to `garbage`.
    pub(crate) fn dismantle(&mut self, garbage: &mut Garbage<T>) {
        self.free_all_censuses();
        for seat in 0..self.seats.load_acquire() {
            // Acquire, here and below, where nobody else is left, as there is no weaker call.
            let local = self
                .made_entry(seat)
                .map_or(ptr::null_mut(), Entry::load_acquire);
            if !local.is_null() {
                // SAFETY: `&mut self`: no session and no guard exists. Of `Box::into_raw`; `seats`
                // counts each entry once, and is set to 0 below.
                let mut local = unsafe { Box::from_raw(local) };
                local.dismantle(garbage);
            }
        }
        self.seats.store_relaxed(0);
        #[cfg(feature = "std")]
        garbage.append(self.take_handed());
        #[cfg(not(feature = "std"))]
        garbage.append(self.settling.take());
        for (block, entries) in self.far.iter_mut().enumerate() {
            let entries = core::mem::take(entries).load_mut();
            if !entries.is_null() {
                let entries = ptr::slice_from_raw_parts_mut(entries, NEAR << block);
                // SAFETY: made in `far_entry` with this length, and taken out of its only owner.
                drop(unsafe { Box::from_raw(entries) });
            }
        }
    }
}

/// Block, place in it and its length, for a seat beyond [`NEAR`].
fn far_place(seat: usize) -> (usize, usize, usize) {
    let block = (seat / NEAR).ilog2();
    let len = NEAR << block;
    (block as usize, seat - len, len)
}
