//! Failpoints: named steps of growth, of a list's creation, and around snapshots, at which a test can stop a thread.
//!
//! ```text
//!   test:     arm(point) in a thread ─────────────► wait until it stands there ... let it go on
//!   thread:                 ... failpoint!(point) ──╳                              ───► ...
//! ```
//!
//! Only in unit tests is there anything of it: elsewhere, and in the models, `failpoint!` expands to nothing.

/// Marks a failpoint.
macro_rules! failpoint {
    ($point:ident) => {
        #[cfg(all(test, not(loom)))]
        $crate::split_order::failpoint::reached($crate::split_order::failpoint::Failpoint::$point);
    };
}

pub(super) use failpoint;

#[cfg(all(test, not(loom)))]
pub(super) use armed::{Failpoint, Held, arm, is_armed, reached};

#[cfg(all(test, not(loom)))]
mod armed {
    use core::cell::RefCell;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread_local;

    /// Where a thread can be stopped, in the order in which growth passes.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(in crate::split_order) enum Failpoint {
        /// A new table's base is allocated, and nothing is written there.
        BaseAllocated,
        /// A new table is made, and its list not yet published.
        BaseLinked,
        /// The length was seen to exceed the capacity.
        GrowthDue,
        /// A segment is allocated, and not published.
        SegmentAllocated,
        /// A segment is published, by this thread or by another one; this one has claimed no chunk of it.
        SegmentPublished,
        /// A chunk is claimed, and no slot of it is touched.
        ChunkClaimed,
        /// A slot's place is being searched: hazards are held.
        PlaceSearched,
        /// A slot is pending behind an empty parent, and not linked.
        SlotPending,
        /// A slot is linked, and still pending.
        SlotLinked,
        /// A slot is settled, others of its chunk may be left.
        SlotSettled,
        /// A chunk is done.
        ChunkDone,
        /// All chunks are claimed, and the level is not published.
        ChunksClaimed,
        /// The level is published, by this thread or by another one.
        LevelPublished,
        /// An entry is linked, and no snapshot has been told.
        EntryLinked,
        /// An entry is marked, removed or replaced, and no snapshot has been told.
        EntryMarked,
        /// A walk has an entry, which it is to tell a snapshot.
        EntryCollected,
        /// A snapshot has walked over everything, and its moment has not come.
        CensusWalked,
    }

    impl Failpoint {
        pub(in crate::split_order) const CREATION: [Self; 2] =
            [Self::BaseAllocated, Self::BaseLinked];
        pub(in crate::split_order) const GROWTH: [Self; 11] = [
            Self::GrowthDue,
            Self::SegmentAllocated,
            Self::SegmentPublished,
            Self::ChunkClaimed,
            Self::PlaceSearched,
            Self::SlotPending,
            Self::SlotLinked,
            Self::SlotSettled,
            Self::ChunkDone,
            Self::ChunksClaimed,
            Self::LevelPublished,
        ];
    }

    /// In the thread that is to stop: where, and the ways to tell so and to be told to go on.
    struct Armed {
        point: Failpoint,
        stands: Sender<()>,
        go_on: Receiver<()>,
    }

    thread_local! {
        static ARMED: RefCell<Option<Armed>> = const { RefCell::new(None) };
    }

    /// A thread that is to stop, or has stopped. It goes on when this is dropped.
    pub(in crate::split_order) struct Held {
        stands: Receiver<()>,
        _go_on: Sender<()>,
    }

    impl Held {
        /// Waits until the thread stands at its failpoint; false if it has ended elsewhere.
        pub(in crate::split_order) fn stands(&self) -> bool {
            self.stands.recv().is_ok()
        }
    }

    /// Gives what stops a thread at `point`: it calls that first.
    pub(in crate::split_order) fn arm(point: Failpoint) -> (impl FnOnce() + Send, Held) {
        let (stands, seen) = channel();
        let (go_on, told) = channel();
        let armed = Armed {
            point,
            stands,
            go_on: told,
        };
        let held = Held {
            stands: seen,
            _go_on: go_on,
        };
        (move || ARMED.set(Some(armed)), held)
    }

    /// Whether the calling thread is still to stop somewhere.
    pub(in crate::split_order) fn is_armed() -> bool {
        ARMED.with_borrow(Option::is_some)
    }

    /// Stops the calling thread if it is armed for `point`, once.
    pub(in crate::split_order) fn reached(point: Failpoint) {
        let armed = ARMED.with_borrow_mut(|armed| armed.take_if(|armed| armed.point == point));
        if let Some(armed) = armed {
            // An error: the test is over, it gave up.
            let _ = armed.stands.send(());
            let _ = armed.go_on.recv();
        }
    }
}
