//! A seat for each thread, as long as it lives.
//!
//! In a thread whose thread-local destructors already ran (an operation from another such destructor), an
//! operation takes a seat for itself alone, and those nested in it, and gives it back at its end.

use core::cell::Cell;
use core::marker::PhantomData;

use super::{claim, release};
use crate::sync::thread_local;

const NONE: usize = usize::MAX;

/// Gives the thread's seat back when the thread ends.
struct Owner(usize);

impl Drop for Owner {
    fn drop(&mut self) {
        // In models, `INDEX` may be gone already.
        let _ = INDEX.try_with(|index| index.set(NONE));
        release(self.0);
    }
}

thread_local! {
    /// The thread's seat. Has no destructor, so that it can be read at any time.
    static INDEX: Cell<usize> = const { Cell::new(NONE) };
    static OWNER: Owner = {
        let seat = claim();
        INDEX.with(|index| index.set(seat));
        Owner(seat)
    };
}

/// The right to use one seat, for one operation of the calling thread.
///
/// One word, so that an operation tests it once: a small number is the thread's own seat; all else
/// ([`BORROWED`] set: to be given back with the operation) is off the beaten track.
pub(crate) struct Seat {
    index: usize,
    /// Not `Send`: the seat belongs to the thread.
    _thread: PhantomData<*const ()>,
}

const BORROWED: usize = 1 << (usize::BITS - 1);

impl Seat {
    /// The thread's seat if it has one below `limit` (which is below [`BORROWED`]).
    #[inline]
    pub(in crate::reclaim) fn known(limit: usize) -> Option<Self> {
        let index = INDEX.with(Cell::get);
        if index >= limit {
            return None; // `NONE` is above every limit
        }
        Some(Self {
            index,
            _thread: PhantomData,
        })
    }

    /// The thread's seat, taken now if it has none; or one for this operation alone, and those that
    /// are nested in it.
    #[cold]
    pub(crate) fn current() -> Self {
        let index = match INDEX.with(Cell::get) {
            // The thread-local is destroyed already.
            NONE => OWNER.try_with(|owner| owner.0).unwrap_or_else(|_| {
                let index = claim();
                INDEX.with(|known| known.set(index));
                index | BORROWED
            }),
            index => index,
        };
        Self {
            index,
            _thread: PhantomData,
        }
    }

    /// Seats the calling thread of a model, which has sat nowhere yet, in `seat`.
    #[cfg(all(test, loom))]
    pub(crate) fn sit(seat: usize) {
        INDEX.with(|index| index.set(seat));
    }

    #[inline]
    pub(crate) fn index(&self) -> usize {
        self.index & !BORROWED
    }
}

impl Drop for Seat {
    #[inline]
    fn drop(&mut self) {
        if self.index >= BORROWED {
            INDEX.with(|index| index.set(NONE));
            release(self.index());
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_seat_and_another_gets_another() {
        let mine = Seat::current().index();
        assert_eq!(Seat::current().index(), mine);
        let theirs = std::thread::spawn(|| Seat::current().index())
            .join()
            .unwrap();
        assert_ne!(theirs, mine);
    }
}
