//! Snapshots: histories of all keys at once.
//!
//! ```text
//!   thread 0   ├─ insert(a, 7) ─┤  ├─ insert(b, 8) ─┤
//!   thread 1        ├─ snapshot -> {b: 8} ─┤             refused, though of each key by itself it may be
//! ```
//!
//! What a snapshot shows of one key may contradict what it shows of another. So the state is that of all keys, and
//! histories are short. Fillers, of which there are many, are each inserted once, and by each thread one after the other:
//! of them the state has a count for each thread, and a snapshot must show that many of the thread's first ones.

use super::history::{History, Operation, Specification, State};
use super::plan::{Action, Plan};
use super::recorder::{Record, What};
use super::rounds::Round;
use std::collections::HashMap;

/// Keys that histories may have, besides residents and fillers; and threads.
const KEYS_MAX: usize = 4;
const THREADS_MAX: usize = 7;

/// What is in a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Whole {
    keys: [State; KEYS_MAX],
    /// Fillers inserted by each thread.
    fillers: [u8; THREADS_MAX],
}

/// An operation on a map together with its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OnMap {
    OnKey(usize, Operation),
    /// The thread of this number inserted its next filler.
    Fill(usize),
    Snapshot(Whole),
    /// A snapshot that no state explains.
    Wrong(&'static str),
}

impl Specification for OnMap {
    type State = Whole;

    fn apply(self, mut state: Whole) -> Option<Whole> {
        match self {
            Self::OnKey(key, operation) => state.keys[key] = operation.apply(state.keys[key])?,
            Self::Fill(thread) => state.fillers[thread] += 1,
            Self::Snapshot(shown) if shown == state => {}
            Self::Snapshot(_) | Self::Wrong(_) => return None,
        }
        Some(state)
    }

    fn only_reads(self) -> bool {
        match self {
            Self::OnKey(_, operation) => operation.only_reads(),
            Self::Fill(_) => false,
            Self::Snapshot(_) | Self::Wrong(_) => true,
        }
    }

    fn may_repeat(self) -> bool {
        matches!(self, Self::OnKey(_, operation) if operation.may_repeat())
    }
}

/// Whether rounds of `plan` are to be checked as a whole.
pub(crate) fn is_asked_for(plan: &Plan) -> bool {
    plan.mix.contains(&Action::Snapshot)
}

/// The history of a round, and the state that it begins with.
pub(crate) fn history(plan: &Plan, round: &Round) -> (History<OnMap>, Whole) {
    // Of an earlier round nobody knows which thread inserted them.
    assert!(
        plan.fresh || plan.fillers == 0,
        "fillers are counted from 0"
    );
    let mut initial = Whole::default();
    for (&key, &value) in &round.initial {
        if key < plan.keys {
            initial.keys[index(key)] = Some(value);
        }
    }
    let fillers = fillers(plan, round);
    let call = |thread: usize, record: &Record| {
        let operation = match &record.what {
            What::OnKey(key, operation) if *key < plan.keys => {
                OnMap::OnKey(index(*key), *operation)
            }
            What::OnKey(..) => OnMap::Fill(thread),
            What::Snapshot(shown) => {
                read(plan, shown, &fillers).map_or_else(OnMap::Wrong, OnMap::Snapshot)
            }
            What::Walk(_) | What::Len(_) | What::Clear => return None,
        };
        Some(record.call(operation))
    };
    let calls = |(thread, records): (usize, &Vec<Record>)| {
        let calls = records.iter().filter_map(|record| call(thread, record));
        calls.collect()
    };
    (
        round.threads.iter().enumerate().map(calls).collect(),
        initial,
    )
}

fn index(key: u64) -> usize {
    usize::try_from(key).expect("keys of a plan are few")
}

/// Of each filler: its thread, how many that thread inserted before it, and its value.
fn fillers(plan: &Plan, round: &Round) -> HashMap<u64, (usize, u8, u64)> {
    let mut fillers = HashMap::new();
    for (thread, records) in round.threads.iter().enumerate() {
        let mut before = 0;
        for record in records {
            if let What::OnKey(key, Operation::Insert { new, .. }) = record.what
                && key >= plan.keys
            {
                fillers.insert(key, (thread, before, new));
                before += 1;
            }
        }
    }
    fillers
}

/// The state that a snapshot shows.
fn read(
    plan: &Plan,
    shown: &[(u64, u64)],
    fillers: &HashMap<u64, (usize, u8, u64)>,
) -> Result<Whole, &'static str> {
    let mut whole = Whole::default();
    let mut last = [0; THREADS_MAX];
    let mut residents = 0;
    let mut sorted = shown.to_vec();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err("a key twice");
    }
    for (key, value) in sorted {
        if key < plan.keys {
            whole.keys[index(key)] = Some(value);
        } else if let Some(&(thread, before, new)) = fillers.get(&key) {
            if new != value {
                return Err("a filler with another value");
            }
            whole.fillers[thread] += 1;
            last[thread] = last[thread].max(before + 1);
        } else if key < plan.first_filler() && value == u64::MAX - key {
            residents += 1;
        } else {
            return Err("what nobody inserted");
        }
    }
    if residents != plan.residents {
        return Err("a resident is missing");
    }
    if last != whole.fillers {
        return Err("a filler without an earlier one");
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::super::checker::Checker;
    use super::super::plan::WITH_SNAPSHOTS;
    use super::*;

    const PLAN: Plan = Plan {
        name: "",
        rounds: 1,
        threads: 2,
        actions: 2,
        keys: 2,
        mix: WITH_SNAPSHOTS,
        present: false,
        residents: 1,
        fillers: 1,
        fresh: true,
        stamps: super::super::stamps::Kind::Clock,
    };
    const RESIDENT: (u64, u64) = (2, u64::MAX - 2);

    fn record(invoked: u64, returned: u64, what: What) -> Record {
        Record {
            invoked,
            returned,
            what,
        }
    }

    fn insert(at: u64, key: u64) -> Record {
        let (new, replaced) = (10 * key, None);
        record(
            at,
            at + 1,
            What::OnKey(key, Operation::Insert { new, replaced }),
        )
    }

    fn remove(at: u64, key: u64) -> Record {
        let removed = Operation::Remove(Some(10 * key));
        record(at, at + 1, What::OnKey(key, removed))
    }

    /// Whether a snapshot from 0 to 100 may show these keys, and the resident, beside `others`.
    fn may_show(keys: &[u64], others: Vec<Record>) -> bool {
        let shown = keys.iter().map(|&key| (key, 10 * key)).chain([RESIDENT]);
        accepts(shown.collect(), others)
    }

    fn accepts(shown: Vec<(u64, u64)>, others: Vec<Record>) -> bool {
        let round = Round {
            threads: vec![vec![record(0, 100, What::Snapshot(shown))], others],
            ..Round::default()
        };
        let (history, initial) = history(&PLAN, &round);
        Checker::default().accepts(&history, &[initial])
    }

    #[test]
    fn what_was_inserted_first_is_shown_with_the_second() {
        let both = || vec![insert(1, 0), insert(3, 1)];
        for keys in [[].as_slice(), &[0], &[0, 1]] {
            assert!(may_show(keys, both()));
        }
        assert!(!may_show(&[1], both()));
    }

    #[test]
    fn what_was_removed_first_is_not_shown_without_the_second() {
        let others = || vec![insert(1, 0), insert(3, 1), remove(5, 0), remove(7, 1)];
        assert!(may_show(&[1], others()));
        let exchanged = || vec![insert(1, 0), remove(3, 0), insert(5, 1)];
        assert!(!may_show(&[0, 1], exchanged()));
        assert!(may_show(&[], exchanged()));
    }

    #[test]
    fn fillers_are_shown_in_their_order() {
        let others = || vec![insert(1, 30), insert(3, 0), insert(5, 31)];
        assert!(may_show(&[30], others()));
        assert!(may_show(&[30, 0, 31], others()));
        for keys in [[31].as_slice(), &[0], &[30, 31]] {
            assert!(!may_show(keys, others()));
        }
    }

    #[test]
    fn what_is_there_throughout_is_shown_once_as_it_is() {
        assert!(accepts(vec![RESIDENT], vec![]));
        assert!(!accepts(vec![], vec![]));
        assert!(!accepts(vec![RESIDENT, RESIDENT], vec![]));
        assert!(!accepts(vec![(2, 7)], vec![]));
        assert!(!accepts(vec![RESIDENT, (77, 7)], vec![]));
        assert!(!accepts(vec![RESIDENT, (30, 7)], vec![insert(1, 30)]));
    }
}
