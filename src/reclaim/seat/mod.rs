//! Seats: small dense numbers, by which a map finds what it keeps for the calling thread.
//!
//! ```text
//!   thread A ── seat 0 ─┐        map 1: locals[0] locals[1] locals[2] ...
//!   thread B ── seat 2 ─┼──────► map 2: locals[0] locals[1] locals[2] ...
//!   (ended)  ── seat 1 free
//! ```
//!
//! Who takes the lowest free seat, and for how long: with std a thread, from its first operation on any map to
//! its end (`of_threads`); without, which knows no threads, an operation (`of_operations`). The next owner
//! inherits the hazards and the batch that lie there. Seats are bits of a chunked bitmap, claimed by
//! `fetch_or`: lock-free, the only allocation being a further chunk for every 4,096 (on 64-bit machines)
//! seats taken at once.
//!
//! A seat that nobody has may be claimed for a while, to see to what its last owner left ([`Claim`]).
//!
//! Edges: `seat` — `release`'s `fetch_and` (`AcqRel`) → `claim`'s `fetch_or` (`AcqRel`): what the former
//! owner wrote into its locals happens before the next owner reads it.

#[cfg(not(feature = "std"))]
mod of_operations;
#[cfg(feature = "std")]
mod of_threads;

use alloc::boxed::Box;
use core::ptr;

#[cfg(not(feature = "std"))]
pub(crate) use of_operations::Seat;
#[cfg(feature = "std")]
pub(crate) use of_threads::Seat;

use crate::sync::{AtomicPtr, AtomicUsize};
use crate::tunables::SEAT_WORDS as WORDS;

const SEATS_PER_CHUNK: usize = WORDS * usize::BITS as usize;

struct Chunk {
    taken: [AtomicUsize; WORDS],
    next: AtomicPtr<Chunk>,
}

impl Chunk {
    #[cfg(not(loom))]
    const fn new() -> Self {
        Self {
            taken: [const { AtomicUsize::new(0) }; WORDS],
            next: AtomicPtr::new(ptr::null_mut()),
        }
    }

    #[cfg(loom)]
    fn new() -> Self {
        Self {
            taken: core::array::from_fn(|_| AtomicUsize::new(0)),
            next: AtomicPtr::default(),
        }
    }

    /// The chunk after this one, made if it is not there. Chunks are never freed.
    fn next(&self) -> &'static Chunk {
        // ORD[seat.chunk] Acquire: pairs with the compare-exchange below that published the chunk.
        let mut next = self.next.load_acquire();
        if next.is_null() {
            let new = Box::into_raw(Box::new(Chunk::new()));
            // ORD[seat.chunk] AcqRel: publishes the zeroed words of the chunk to `next`'s loads.
            next = match self.next.compare_exchange(ptr::null_mut(), new) {
                Ok(_) => new,
                Err(theirs) => {
                    // SAFETY: `new` came from `Box::into_raw` above and the failed exchange
                    // published it to nobody.
                    drop(unsafe { Box::from_raw(new) });
                    theirs
                }
            };
        }
        // SAFETY: a chunk is published once, wholly written (ORD[seat.chunk]), and never freed.
        unsafe { &*next }
    }
}

#[cfg(not(loom))]
static FIRST: Chunk = Chunk::new();
#[cfg(not(loom))]
fn first() -> &'static Chunk {
    &FIRST
}

#[cfg(loom)]
std::thread_local! {
    /// Of one execution of a model, whose threads are all one to the system. (loom's own statics end
    /// before the thread-locals that use them.)
    static FIRST: core::cell::Cell<Option<&'static Chunk>> = const { core::cell::Cell::new(None) };
}

#[cfg(loom)]
fn first() -> &'static Chunk {
    FIRST
        .get()
        .expect("an execution begins with `Seat::vacate_all`")
}

/// Takes the lowest free seat.
fn claim() -> usize {
    let (mut chunk, mut base) = (first(), 0);
    loop {
        for (i, word) in chunk.taken.iter().enumerate() {
            // Relaxed: only a hint where to try; the `fetch_or` decides.
            let mut seen = word.load_relaxed();
            while seen != usize::MAX {
                let bit = seen.trailing_ones();
                // ORD[seat] AcqRel: see the header.
                seen = word.fetch_or(1 << bit);
                if seen & (1 << bit) == 0 {
                    return base + i * usize::BITS as usize + bit as usize;
                }
            }
        }
        base += SEATS_PER_CHUNK;
        chunk = chunk.next();
    }
}

/// The word of `seat`, and its bit there.
fn place(seat: usize) -> (&'static AtomicUsize, usize) {
    let mut chunk = first();
    for _ in 0..seat / SEATS_PER_CHUNK {
        chunk = chunk.next();
    }
    let word = (seat % SEATS_PER_CHUNK) / usize::BITS as usize;
    (&chunk.taken[word], 1 << (seat % usize::BITS as usize))
}

/// Gives `seat` back.
#[cold]
#[inline(never)]
fn release(seat: usize) {
    let (word, bit) = place(seat);
    // ORD[seat] AcqRel: see the header.
    word.fetch_and(!bit);
}

/// The right to use a seat that nobody had, beside one's own.
pub(super) struct Claim(usize);

impl Claim {
    /// Takes `seat` if nobody has it. (The caller's own is taken.)
    pub(super) fn try_new(seat: usize) -> Option<Self> {
        let (word, bit) = place(seat);
        // Relaxed: only a hint, so that most need no exclusive access; the `fetch_or` decides.
        let taken = word.load_relaxed() & bit != 0;
        // ORD[seat] AcqRel: see the header.
        (!taken && word.fetch_or(bit) & bit == 0).then(|| Self(seat))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        release(self.0);
    }
}

/// For the models: which seats are taken.
#[cfg(all(test, loom))]
impl Seat {
    /// Begins an execution of a model, with seats that nobody has taken.
    pub(crate) fn vacate_all() {
        FIRST.set(Some(Box::leak(Box::new(Chunk::new()))));
    }

    /// Begins an execution of a model, with all seats of the first chunk taken.
    pub(crate) fn occupy_first_chunk() {
        let mut chunk = Chunk::new();
        chunk.taken = core::array::from_fn(|_| AtomicUsize::new(usize::MAX));
        FIRST.set(Some(Box::leak(Box::new(chunk))));
    }

    /// Takes `seat`, in which a thread of a model will [`sit`](Self::sit).
    pub(crate) fn reserve(seat: usize) {
        let (word, bit) = place(seat);
        word.fetch_or(bit);
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn seats_beyond_the_first_chunk_are_distinct_and_come_back() {
        let seats: alloc::collections::BTreeSet<usize> =
            (0..SEATS_PER_CHUNK + 10).map(|_| claim()).collect();
        assert_eq!(seats.len(), SEATS_PER_CHUNK + 10);
        assert!(seats.last().is_some_and(|&last| last >= SEATS_PER_CHUNK));
        seats.iter().copied().for_each(release);
        let again = claim();
        assert!(again < SEATS_PER_CHUNK);
        release(again);
    }
}
