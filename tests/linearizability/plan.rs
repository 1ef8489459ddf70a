//! What a run does: how many threads, on how many keys, which operations, in which rounds.

use super::stamps;

/// What a thread does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Get,
    GetKeyValue,
    ContainsKey,
    Insert,
    TryInsert,
    GetOrInsertWith,
    Update,
    /// An `update` that replaces the value this thread saw last, and no other.
    CompareSwap,
    Replace,
    CompareExchange,
    CompareRemove,
    /// Inserts, removes or leaves the entry, by what is there.
    Compute,
    Remove,
    RemoveOdd,
    /// A `remove_if` of the value this thread saw last, then a `try_insert`: two operations.
    Exchange,
    Walk,
    Snapshot,
    Len,
    Clear,
}

use Action::{
    Clear, CompareExchange, CompareRemove, CompareSwap, Compute, ContainsKey, Exchange, Get,
    GetKeyValue, GetOrInsertWith, Insert, Len, Remove, RemoveOdd, Replace, Snapshot, TryInsert,
    Update, Walk,
};

/// Operations on one key, each as likely as it is often here.
pub(crate) const ON_KEYS: &[Action] = &[
    Get,
    Get,
    Get,
    GetKeyValue,
    ContainsKey,
    Insert,
    Insert,
    Insert,
    TryInsert,
    TryInsert,
    GetOrInsertWith,
    Update,
    Update,
    CompareSwap,
    CompareSwap,
    Replace,
    CompareExchange,
    CompareExchange,
    CompareRemove,
    Compute,
    Compute,
    Remove,
    Remove,
    RemoveOdd,
    Exchange,
];

/// With walks and lengths among them.
pub(crate) const WITH_WALKS: &[Action] = &[
    Get,
    Insert,
    Insert,
    TryInsert,
    GetOrInsertWith,
    Update,
    Update,
    CompareSwap,
    Compute,
    Remove,
    Remove,
    RemoveOdd,
    Exchange,
    Walk,
    Walk,
    Walk,
    Len,
    Len,
];

/// Replacements only, and walks past them.
pub(crate) const REPLACEMENTS: &[Action] = &[
    Insert,
    Update,
    Update,
    CompareSwap,
    Replace,
    CompareExchange,
    Walk,
    Walk,
    Len,
];

/// With snapshots among them.
pub(crate) const WITH_SNAPSHOTS: &[Action] = &[
    Get,
    Get,
    ContainsKey,
    Insert,
    Insert,
    TryInsert,
    GetOrInsertWith,
    Update,
    Update,
    CompareSwap,
    CompareRemove,
    Compute,
    Remove,
    Remove,
    RemoveOdd,
    Snapshot,
    Snapshot,
    Snapshot,
    Snapshot,
    Snapshot,
];

/// With clears and walks among them.
pub(crate) const WITH_CLEARS: &[Action] = &[
    Get,
    Get,
    ContainsKey,
    Insert,
    Insert,
    Insert,
    TryInsert,
    GetOrInsertWith,
    Update,
    Update,
    CompareSwap,
    Compute,
    Remove,
    Exchange,
    Walk,
    Clear,
];

/// A run: rounds of a few operations each, whose histories are checked one by one.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) name: &'static str,
    pub(crate) rounds: u64,
    pub(crate) threads: usize,
    /// Actions of each thread in a round.
    pub(crate) actions: u64,
    /// Keys that the actions are on.
    pub(crate) keys: u64,
    pub(crate) mix: &'static [Action],
    /// The keys of the actions have entries at the beginning: before the residents, so that where all
    /// collide they stand in front of them, as long as they are replaced and not removed.
    pub(crate) present: bool,
    /// Entries that nobody touches, but walks meet.
    pub(crate) residents: u64,
    /// Entries of new keys that a thread inserts after each action, so that the map grows.
    pub(crate) fillers: u64,
    /// Each round has a map of its own; else all have the same, whose removed entries are freed all the
    /// time, by these threads and by a further one.
    pub(crate) fresh: bool,
    pub(crate) stamps: stamps::Kind,
}

impl Default for Plan {
    /// The usual round; its name and the number of rounds are the test's.
    fn default() -> Self {
        Self {
            name: "",
            rounds: 0,
            threads: 4,
            actions: 20,
            keys: 2,
            mix: ON_KEYS,
            present: false,
            residents: 0,
            fillers: 0,
            fresh: true,
            stamps: stamps::Kind::Clock,
        }
    }
}

impl Plan {
    /// The same with other stamps.
    pub(crate) fn stamped(&self, stamps: stamps::Kind) -> Self {
        Self {
            stamps,
            ..self.clone()
        }
    }

    /// The first key that is neither acted upon nor a resident.
    pub(crate) fn first_filler(&self) -> u64 {
        self.keys + self.residents
    }

    /// What is there at the beginning: keys and values.
    pub(crate) fn initial(&self) -> impl Iterator<Item = (u64, u64)> + use<> {
        let first = if self.present { 0 } else { self.keys };
        (first..self.first_filler()).map(|key| (key, u64::MAX - key))
    }
}
