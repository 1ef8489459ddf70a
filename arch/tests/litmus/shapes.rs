//! The shapes: two threads on a few words, and the outcome in question.
//!
//! ```text
//!   MP  message passing    x = 1; y = 1        |  a = y; b = x        a = 1, b = 0 ?
//!   SB  store buffering    x = 1; a = y        |  y = 1; b = x        a = 0, b = 0 ?
//!   LB  load buffering     a = x; y = 1        |  b = y; x = 1        a = 1, b = 1 ?
//!   HP  hazard protocol    hazard = node       |  unlink
//!                          ~ order ~           |  ~ heavy ~
//!                          linked? use it,     |  no hazard? free it: was a use missed?
//!                          clear the hazard    |
//! ```
//!
//! A shape is forbidden, or it lacks one ordering and is a control: it shows what a harness can see.
//! The names are those of the litmus literature (herd, diy); what follows a `+` is what each side has.

use core::ptr::{null_mut, without_provenance_mut};
use splitmap_arch::{AtomicPtr, AtomicUsize, StoreLoad, fence_seq_cst};

/// A word with cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct Line<W>(W);

/// The words of one execution, all zero at first.
#[derive(Default)]
pub(crate) struct Cell {
    /// HP: the link. Null while the node is linked.
    x: Line<AtomicPtr<u8>>,
    /// HP: the hazard. Null while nothing is protected.
    y: Line<AtomicPtr<u8>>,
    /// MP: the message. HP: the node; 1 when the reader has used it.
    data: Line<AtomicUsize>,
}

impl Cell {
    /// Makes the cell as new, while nobody uses it.
    #[cfg(not(loom))]
    pub(crate) fn reset(&self) {
        self.x.0.store_relaxed(null_mut());
        self.y.0.store_relaxed(null_mut());
        self.data.0.store_relaxed(0);
    }
}

/// What a side does, and the number that it makes of what it read.
type Side = fn(&Cell, StoreLoad) -> usize;

/// What the memory model says of the outcome in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It must never be seen.
    Forbidden,
    /// It is allowed, and a checker of the model must find it; a processor may be stronger.
    Allowed,
    /// It is allowed, but neither loom nor Miri makes a load return a store that comes later.
    AllowedUnmodelled,
}

/// A litmus test.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    pub(crate) left: Side,
    pub(crate) right: Side,
    /// The outcome in question: what each side gives.
    pub(crate) weak: (usize, usize),
    pub(crate) verdict: Verdict,
    /// To be run on each form of `StoreLoad`.
    #[cfg_attr(loom, expect(dead_code, reason = "loom builds have one form"))]
    pub(crate) each_form: bool,
}

use Verdict::{Allowed, AllowedUnmodelled, Forbidden};

const MESSAGE_MISSED: (usize, usize) = (0, 2);
const BOTH_OLD: (usize, usize) = (0, 0);
const BOTH_NEW: (usize, usize) = (1, 1);
const USED_AND_FREED: (usize, usize) = (1, 1);

/// A shape that has nothing to do with the form of `StoreLoad`.
const fn plain(
    name: &'static str,
    (left, right): (Side, Side),
    weak: (usize, usize),
    verdict: Verdict,
) -> Shape {
    Shape {
        name,
        left,
        right,
        weak,
        verdict,
        each_form: false,
    }
}

/// A variant of the hazard protocol.
const fn hazard(name: &'static str, sides: (Side, Side), verdict: Verdict) -> Shape {
    Shape {
        each_form: true,
        ..plain(name, sides, USED_AND_FREED, verdict)
    }
}

/// All of them.
#[rustfmt::skip]
pub(crate) const SHAPES: &[Shape] = &[
    plain("MP+release+acquire",     (mp::send_release, mp::receive_acquire), MESSAGE_MISSED, Forbidden),
    plain("MP+cas+failed-cas",      (mp::send_cas, mp::receive_failed_cas),  MESSAGE_MISSED, Forbidden),
    plain("MP+mark+swap",           (mp::send_mark, mp::receive_swap),       MESSAGE_MISSED, Forbidden),
    plain("MP+relaxed+acquire",     (mp::send_relaxed, mp::receive_acquire), MESSAGE_MISSED, Allowed),
    plain("MP+release+relaxed",     (mp::send_release, mp::receive_relaxed), MESSAGE_MISSED, Allowed),

    plain("SB+fence+fence",         (sb::left_fence, sb::right_fence),       BOTH_OLD, Forbidden),
    plain("SB+publish+publish",     (sb::left_publish, sb::right_publish),   BOTH_OLD, Forbidden),
    plain("SB+release+release",     (sb::left_release, sb::right_release),   BOTH_OLD, Allowed),
    plain("SB+swap+swap",           (sb::left_swap, sb::right_swap),         BOTH_OLD, Allowed),
    plain("SB+fence+release",       (sb::left_fence, sb::right_release),     BOTH_OLD, Allowed),

    plain("LB+acquire+acquire",     (lb::left_ordered, lb::right_ordered),   BOTH_NEW, Forbidden),
    plain("LB+relaxed+relaxed",     (lb::left_relaxed, lb::right_relaxed),   BOTH_NEW, AllowedUnmodelled),

    hazard("HP+publish_then_load",  (hp::read, hp::remove),                  Forbidden),
    hazard("HP+load_after_publish", (hp::read_in_halves, hp::remove),        Forbidden),
    hazard("HP+no-order",           (hp::read_unordered, hp::remove),        Allowed),
    hazard("HP+no-heavy",           (hp::read, hp::remove_without_heavy),    Allowed),
    hazard("HP+early-heavy",        (hp::read, hp::remove_after_heavy),      Allowed),
    hazard("HP+relaxed-clear",      (hp::read_clear_relaxed, hp::remove),    Allowed),
];

/// The new value of a word.
fn one() -> *mut u8 {
    without_provenance_mut(8)
}

/// 1 for the new value.
fn is_new(read: *mut u8) -> usize {
    usize::from(!read.is_null())
}

mod mp {
    use super::{AtomicPtr, Cell, StoreLoad, is_new, null_mut, one};

    fn send(cell: &Cell, flag: impl FnOnce(&AtomicPtr<u8>)) -> usize {
        cell.data.0.store_relaxed(1);
        flag(&cell.y.0);
        0
    }

    /// The flag in the higher bit, the message in the lower one.
    fn receive(cell: &Cell, flag: impl FnOnce(&AtomicPtr<u8>) -> *mut u8) -> usize {
        let flag = is_new(flag(&cell.y.0));
        2 * flag + cell.data.0.load_relaxed()
    }

    pub(super) fn send_release(cell: &Cell, _: StoreLoad) -> usize {
        send(cell, |flag| flag.store_release(one()))
    }

    pub(super) fn send_relaxed(cell: &Cell, _: StoreLoad) -> usize {
        send(cell, |flag| flag.store_relaxed(one()))
    }

    pub(super) fn send_cas(cell: &Cell, _: StoreLoad) -> usize {
        send(cell, |flag| {
            flag.compare_exchange(null_mut(), one())
                .expect("nobody else writes it");
        })
    }

    pub(super) fn send_mark(cell: &Cell, _: StoreLoad) -> usize {
        send(cell, |flag| {
            flag.fetch_or(one().addr());
        })
    }

    pub(super) fn receive_acquire(cell: &Cell, _: StoreLoad) -> usize {
        receive(cell, AtomicPtr::load_acquire)
    }

    pub(super) fn receive_relaxed(cell: &Cell, _: StoreLoad) -> usize {
        receive(cell, AtomicPtr::load_relaxed)
    }

    pub(super) fn receive_failed_cas(cell: &Cell, _: StoreLoad) -> usize {
        // The word never holds this.
        let other = one().wrapping_add(1);
        receive(cell, |flag| {
            flag.compare_exchange(other, other)
                .expect_err("the word never holds that")
        })
    }

    pub(super) fn receive_swap(cell: &Cell, _: StoreLoad) -> usize {
        receive(cell, |flag| flag.swap(null_mut()))
    }
}

mod sb {
    use super::{AtomicPtr, Cell, StoreLoad, fence_seq_cst, is_new, one};

    /// Both sides of one shape: the left stores `x` and reads `y`, the right the other way round.
    macro_rules! sides {
        ($($side:ident: $left:ident, $right:ident;)*) => {
            $(
                pub(super) fn $left(cell: &Cell, _: StoreLoad) -> usize {
                    is_new($side(&cell.x.0, &cell.y.0))
                }
                pub(super) fn $right(cell: &Cell, _: StoreLoad) -> usize {
                    is_new($side(&cell.y.0, &cell.x.0))
                }
            )*
        };
    }

    sides! {
        fence: left_fence, right_fence;
        publish: left_publish, right_publish;
        release: left_release, right_release;
        swap: left_swap, right_swap;
    }

    fn fence(mine: &AtomicPtr<u8>, theirs: &AtomicPtr<u8>) -> *mut u8 {
        mine.store_relaxed(one());
        fence_seq_cst();
        theirs.load_relaxed()
    }

    /// Symmetric, so of the form that orders readers among themselves.
    fn publish(mine: &AtomicPtr<u8>, theirs: &AtomicPtr<u8>) -> *mut u8 {
        StoreLoad::FENCED.publish_then_load(mine, one(), theirs)
    }

    fn release(mine: &AtomicPtr<u8>, theirs: &AtomicPtr<u8>) -> *mut u8 {
        mine.store_release(one());
        theirs.load_acquire()
    }

    /// No read-modify-write is a fence, says the contract; on x86-64 it happens to be one.
    fn swap(mine: &AtomicPtr<u8>, theirs: &AtomicPtr<u8>) -> *mut u8 {
        mine.swap(one());
        theirs.load_acquire()
    }
}

mod lb {
    use super::{AtomicPtr, Cell, StoreLoad, is_new, one};

    fn ordered(read: &AtomicPtr<u8>, written: &AtomicPtr<u8>) -> usize {
        let seen = read.load_acquire();
        written.store_release(one());
        is_new(seen)
    }

    fn relaxed(read: &AtomicPtr<u8>, written: &AtomicPtr<u8>) -> usize {
        let seen = read.load_relaxed();
        written.store_relaxed(one());
        is_new(seen)
    }

    pub(super) fn left_ordered(cell: &Cell, _: StoreLoad) -> usize {
        ordered(&cell.x.0, &cell.y.0)
    }

    pub(super) fn right_ordered(cell: &Cell, _: StoreLoad) -> usize {
        ordered(&cell.y.0, &cell.x.0)
    }

    pub(super) fn left_relaxed(cell: &Cell, _: StoreLoad) -> usize {
        relaxed(&cell.x.0, &cell.y.0)
    }

    pub(super) fn right_relaxed(cell: &Cell, _: StoreLoad) -> usize {
        relaxed(&cell.y.0, &cell.x.0)
    }
}

mod hp {
    use super::{AtomicPtr, Cell, StoreLoad, null_mut, one};

    /// Protects the node by `protect`, which reads the link again; uses it if it is still linked.
    fn read_by(
        cell: &Cell,
        protect: impl FnOnce(&AtomicPtr<u8>, &AtomicPtr<u8>) -> *mut u8,
        clear: impl FnOnce(&AtomicPtr<u8>),
    ) -> usize {
        let (link, hazard) = (&cell.x.0, &cell.y.0);
        let linked = protect(hazard, link).is_null();
        if linked {
            cell.data.0.store_relaxed(1);
        }
        clear(hazard);
        usize::from(linked)
    }

    fn clear_release(hazard: &AtomicPtr<u8>) {
        hazard.store_release(null_mut());
    }

    pub(super) fn read(cell: &Cell, order: StoreLoad) -> usize {
        let protect = |hazard: &_, link: &_| order.publish_then_load(hazard, one(), link);
        read_by(cell, protect, clear_release)
    }

    pub(super) fn read_in_halves(cell: &Cell, order: StoreLoad) -> usize {
        let protect = |hazard: &AtomicPtr<u8>, link: &_| {
            hazard.store_release(one());
            order.load_after_publish(link)
        };
        read_by(cell, protect, clear_release)
    }

    pub(super) fn read_unordered(cell: &Cell, _: StoreLoad) -> usize {
        let protect = |hazard: &AtomicPtr<u8>, link: &AtomicPtr<u8>| {
            hazard.store_release(one());
            link.load_acquire()
        };
        read_by(cell, protect, clear_release)
    }

    pub(super) fn read_clear_relaxed(cell: &Cell, order: StoreLoad) -> usize {
        let protect = |hazard: &_, link: &_| order.publish_then_load(hazard, one(), link);
        read_by(cell, protect, |hazard| hazard.store_relaxed(null_mut()))
    }

    fn unlink(cell: &Cell) {
        cell.x
            .0
            .compare_exchange(null_mut(), one())
            .expect("nobody else unlinks");
    }

    /// 1 if no hazard was found, and the freed node had not been used by then.
    fn scan(cell: &Cell) -> usize {
        let free = cell.y.0.load_acquire().is_null();
        usize::from(free && cell.data.0.load_relaxed() == 0)
    }

    pub(super) fn remove(cell: &Cell, order: StoreLoad) -> usize {
        unlink(cell);
        order.heavy();
        scan(cell)
    }

    pub(super) fn remove_without_heavy(cell: &Cell, _: StoreLoad) -> usize {
        unlink(cell);
        scan(cell)
    }

    pub(super) fn remove_after_heavy(cell: &Cell, order: StoreLoad) -> usize {
        order.heavy();
        unlink(cell);
        scan(cell)
    }
}
