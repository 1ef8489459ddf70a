//! Histories: what threads called on a map, when, and what they were told; and what a map has to be
//! for that to be right.
//!
//! ```text
//!   thread 0   ├─ insert(k, 7) -> None ─┤        ├─ get(k) -> Some(8) ─┤
//!   thread 1        ├─ insert(k, 8) -> Some(7) ─┤
//!              ────────────────────────────────────────────────────────► stamps
//! ```
//!
//! Operations on different keys are independent of each other, and a history is linearizable exactly
//! if its part for each key is (M. Herlihy, J. Wing, "Linearizability", TOPLAS 1990, theorem 1). So the
//! specification is that of one key: absent, or present with a value. Every write has a value of its
//! own, so that a read tells which write it saw. (Snapshots concern all keys at once: `whole.rs`.)

use std::fmt;
use std::hash::Hash;

/// What calls may do: an operation together with its outcome, and the states that it may lead from and to.
pub(crate) trait Specification: Copy + fmt::Debug {
    type State: Copy + Eq + Hash + fmt::Debug;
    /// The state after the operation, if it may have its outcome in `state`.
    fn apply(self, state: Self::State) -> Option<Self::State>;
    /// Whether it changes nothing, wherever it may take effect.
    fn only_reads(self) -> bool;
    /// Whether it may take effect again before it returns.
    fn may_repeat(self) -> bool;
}

/// A value, written once in a history.
pub(crate) type Value = u64;

/// What a key has: `None` is absent.
pub(crate) type State = Option<Value>;

/// An operation on one key together with its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    /// `get` and `get_key_value`; also a walk, for each key (`walks.rs`).
    Get(State),
    ContainsKey(bool),
    Insert {
        new: Value,
        replaced: State,
    },
    /// `there`: the entry that was in the way.
    TryInsert {
        new: Value,
        there: State,
    },
    GetOrInsertWith {
        new: Value,
        got: Value,
    },
    /// `seen`: what the closure made `new` of, or what `replace` replaced; `None` if the key was absent.
    Update {
        new: Value,
        seen: State,
    },
    /// A `compare_exchange`, or an `update` that changes nothing unless it sees `expected`.
    CompareSwap {
        expected: Value,
        new: Value,
        seen: State,
    },
    Remove(State),
    /// `seen`: what the test was shown last, if that decided; or what a `compare_remove` found.
    RemoveIf {
        seen: State,
        removed: bool,
    },
    /// A `compute` whose closure was shown `seen` last, and left `after`.
    Compute {
        seen: State,
        after: State,
    },
    /// A `clear` of the whole map, seen from one key. It may meet the key more than once.
    Clear,
    /// An outcome that no state explains.
    Wrong(&'static str),
}

impl Specification for Operation {
    type State = State;

    fn apply(self, state: State) -> Option<State> {
        let (possible, after) = match self {
            Self::ContainsKey(found) => (state.is_some() == found, state),
            Self::Insert { new, replaced } => (state == replaced, Some(new)),
            Self::TryInsert { new, there: None } => (state.is_none(), Some(new)),
            Self::TryInsert { there, .. } => (state == there, state),
            Self::GetOrInsertWith { new, got } if new == got => (state.is_none(), Some(new)),
            Self::GetOrInsertWith { got, .. } => (state == Some(got), state),
            Self::Update { seen: None, .. } => (state.is_none(), None),
            Self::Update { new, seen } => (state == seen, Some(new)),
            Self::CompareSwap {
                expected,
                new,
                seen,
            } if seen == Some(expected) => (state == seen, Some(new)),
            Self::Get(seen) | Self::CompareSwap { seen, .. } => (state == seen, state),
            Self::Remove(removed) => (state == removed, None),
            Self::RemoveIf { seen, removed } => (state == seen, if removed { None } else { state }),
            Self::Compute { seen, after } => (state == seen, after),
            Self::Clear => (true, None),
            Self::Wrong(_) => (false, state),
        };
        possible.then_some(after)
    }

    fn only_reads(self) -> bool {
        match self {
            Self::Get(_) | Self::ContainsKey(_) | Self::Wrong(_) => true,
            Self::Insert { .. } | Self::Clear => false,
            Self::TryInsert { there, .. } => there.is_some(),
            Self::GetOrInsertWith { new, got } => new != got,
            Self::Update { seen, .. } => seen.is_none(),
            Self::CompareSwap { expected, seen, .. } => seen != Some(expected),
            Self::Remove(removed) => removed.is_none(),
            Self::RemoveIf { removed, .. } => !removed,
            Self::Compute { seen, after } => seen == after,
        }
    }

    fn may_repeat(self) -> bool {
        self == Self::Clear
    }
}

impl Operation {
    /// By how much it changes the number of entries; not known of [`Clear`](Self::Clear).
    pub(crate) fn growth(self) -> i64 {
        match self {
            Self::Insert { replaced: None, .. } | Self::TryInsert { there: None, .. } => 1,
            Self::GetOrInsertWith { new, got } if new == got => 1,
            Self::Remove(Some(_)) | Self::RemoveIf { removed: true, .. } => -1,
            Self::Compute { seen, after } => i64::from(after.is_some()) - i64::from(seen.is_some()),
            _ => 0,
        }
    }
}

/// The stamp of the return of a call that had not returned.
pub(crate) const PENDING: u64 = u64::MAX;

/// An operation with the stamps of its call and its return: `a` came before `b` if
/// `a.returned < b.invoked`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call<O = Operation> {
    pub(crate) invoked: u64,
    pub(crate) returned: u64,
    pub(crate) operation: O,
}

impl<O> Call<O> {
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        self.invoked <= other.returned && other.invoked <= self.returned
    }
}

/// What happened to one key, or to all: each thread's calls, one after the other.
pub(crate) type History<O = Operation> = Vec<Vec<Call<O>>>;

/// How many calls overlapped a call of another thread in the same history.
pub(crate) fn overlapping<O>(history: &History<O>) -> u64 {
    let overlaps = |thread: usize, call: &Call<O>| {
        let others = history.iter().enumerate().filter(|(n, _)| *n != thread);
        others
            .flat_map(|(_, calls)| calls)
            .any(|c| call.overlaps(c))
    };
    let count = history
        .iter()
        .enumerate()
        .flat_map(|(thread, calls)| calls.iter().filter(move |call| overlaps(thread, call)))
        .count();
    count as u64
}
