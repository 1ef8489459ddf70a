//! Calls of user code, counted; one of them panics.
//!
//! Per thread: a test's own thread is armed, others that use the same map never are.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// The kinds of user code that the map runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    BuilderDefault,
    BuildHasher,
    Hash,
    HasherWrite,
    HasherFinish,
    HasherDrop,
    Eq,
    Equivalent,
    Closure,
    Iterator,
    Format,
    KeyDrop,
    ValueDrop,
    BuilderDrop,
}

const ALL: [Call; 14] = [
    Call::BuilderDefault,
    Call::BuildHasher,
    Call::Hash,
    Call::HasherWrite,
    Call::HasherFinish,
    Call::HasherDrop,
    Call::Eq,
    Call::Equivalent,
    Call::Closure,
    Call::Iterator,
    Call::Format,
    Call::KeyDrop,
    Call::ValueDrop,
    Call::BuilderDrop,
];

impl Call {
    /// A destructor of an entry: it runs when the operation has taken effect.
    pub(crate) fn is_entry_drop(self) -> bool {
        matches!(self, Self::KeyDrop | Self::ValueDrop)
    }
}

/// A panic that [`caught`] catches.
pub(crate) fn inject(call: Call) -> ! {
    resume_unwind(Box::new(Injected(call)))
}

/// The payload of the panics made here.
struct Injected(Call);

/// What the panicking call does first.
type Hook = Box<dyn FnOnce()>;

thread_local! {
    /// Calls until the one that panics; `None`: calls are not counted.
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
    static COUNTS: [Cell<u64>; ALL.len()] = const { [const { Cell::new(0) }; ALL.len()] };
    static ENTRY_DROPS_ONLY: Cell<bool> = const { Cell::new(false) };
    static HOOK: RefCell<Option<Hook>> = const { RefCell::new(None) };
}

/// User code was called: it panics if its turn has come.
pub(crate) fn point(call: Call) {
    let Some(left) = LEFT.get() else { return };
    if ENTRY_DROPS_ONLY.get() && !call.is_entry_drop() {
        return;
    }
    COUNTS.with(|counts| counts[call as usize].set(counts[call as usize].get() + 1));
    if let Some(left) = left.checked_sub(1) {
        LEFT.set(Some(left));
        return;
    }
    LEFT.set(None);
    // Gone in thread-local destructors, which have no use for it.
    if let Ok(Some(hook)) = HOOK.try_with(RefCell::take) {
        hook();
    }
    inject(call);
}

/// From now on, call number `n` of this thread will panic: never, if it is [`NEVER`].
pub(crate) fn arm(n: u64) {
    COUNTS.with(|counts| counts.iter().for_each(|count| count.set(0)));
    ENTRY_DROPS_ONLY.set(false);
    LEFT.set(Some(n));
}

/// As [`arm`]; only destructors of entries are counted.
pub(crate) fn arm_entry_drops(n: u64) {
    arm(n);
    ENTRY_DROPS_ONLY.set(true);
}

pub(crate) const NEVER: u64 = u64::MAX;

/// Nothing is counted any more, nothing will panic; gives the counts since [`arm`].
pub(crate) fn disarm() -> Counts {
    LEFT.set(None);
    let _ = HOOK.try_with(RefCell::take);
    Counts(COUNTS.with(|counts| counts.each_ref().map(Cell::get)))
}

/// The call that panics will do this first.
pub(crate) fn before_the_panic(hook: impl FnOnce() + 'static) {
    HOOK.with(|there| *there.borrow_mut() = Some(Box::new(hook)));
}

/// Whether the panic has happened.
pub(crate) fn fired() -> bool {
    LEFT.get().is_none()
}

/// Runs `f` without counting its calls.
pub(crate) fn uncounted<R>(f: impl FnOnce() -> R) -> R {
    let left = LEFT.take();
    let result = f();
    LEFT.set(left);
    result
}

/// Runs `f`; gives the call that panicked in it. Other panics go on.
pub(crate) fn caught<R>(f: impl FnOnce() -> R) -> Result<R, Call> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|payload| match payload.downcast::<Injected>() {
        Ok(injected) => injected.0,
        Err(other) => resume_unwind(other),
    })
}

/// How often each kind of user code was called.
#[derive(Clone, Copy)]
pub(crate) struct Counts([u64; ALL.len()]);

impl Counts {
    pub(crate) fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    pub(crate) fn of(&self, call: Call) -> u64 {
        self.0[call as usize]
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, call) in ALL.iter().filter(|&&call| self.of(call) > 0).enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            write!(f, "{comma}{call:?} {}", self.of(*call))?;
        }
        Ok(())
    }
}
