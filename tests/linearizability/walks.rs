//! Operations that concern all entries, against what `HashMap` documents of them: `iter`, `len`,
//! `clear`; and the histories of single keys that they are part of.
//!
//! **`iter`** is no snapshot, but for each key by itself it reads at one moment. "An entry that is
//! there throughout is given exactly once, … (then as it was at some moment); one that is inserted or
//! removed meanwhile, once or not at all; no key twice, unless it was removed and inserted again": that
//! is, a walk that gives a key once is a get of that value, one that does not give it a get of nothing,
//! and one that gives it twice a get, a get of nothing and a get:
//!
//! ```text
//!   walk     ├────────── k: 7 ────────── k: 9 ─────┤
//!   as gets  ├─ get: 7 ──┤
//!            ├─── get: None ─────────────┤
//!            ├─── get: 9 ────────────────┤              one after the other
//! ```
//!
//! So the checker of histories checks walks too, with all the changes around them.
//!
//! **`clear`**: "removes all entries that are there when it passes": of each key, by itself, whatever is
//! there at one moment at least. (The documentation lets a replacement made meanwhile stay, as an
//! insertion; the map is stricter, and so is this.)
//!
//! **`len`** is "off by no more than the operations that run meanwhile": as it sums counts, one for each
//! thread, which each went with the operations of that thread up to some moment, it lies between
//!
//! ```text
//!   what calls that returned before it left  -  removals that overlap it
//!   what calls that returned before it left  +  insertions that overlap it
//! ```
//!
//! In rounds with clears, of which nobody knows how many entries they removed, it is compared at the end.

use super::history::{Call, History, Operation};
use super::plan::{Action, Plan};
use super::recorder::{Record, What};
use super::rounds::Round;
use std::collections::BTreeMap;

/// The history of each key in a round.
pub(crate) fn histories(plan: &Plan, round: &Round) -> BTreeMap<u64, History> {
    let empty = || vec![Vec::new(); round.threads.len()];
    let mut histories = BTreeMap::new();
    for key in round.initial.keys() {
        histories.entry(*key).or_insert_with(empty);
    }
    // First all keys that there are, as walks and clears concern them all.
    let walks = plan.mix.contains(&Action::Walk) || plan.mix.contains(&Action::Clear);
    for record in round.threads.iter().flatten().filter(|_| walks) {
        match &record.what {
            What::OnKey(key, _) => {
                histories.entry(*key).or_insert_with(empty);
            }
            What::Walk(given) => given.iter().for_each(|(key, ..)| {
                histories.entry(*key).or_insert_with(empty);
            }),
            What::Len(_) | What::Clear | What::Snapshot(_) => {}
        }
    }
    for (thread, records) in round.threads.iter().enumerate() {
        for record in records {
            match &record.what {
                What::OnKey(key, operation) => {
                    histories.entry(*key).or_insert_with(empty)[thread]
                        .push(record.call(*operation));
                }
                What::Walk(given) => {
                    for (key, history) in &mut histories {
                        history[thread].extend(gets(*key, record, given));
                    }
                }
                What::Clear => {
                    for history in histories.values_mut() {
                        history[thread].push(record.call(Operation::Clear));
                    }
                }
                What::Len(_) | What::Snapshot(_) => {}
            }
        }
    }
    histories
}

/// What a walk says of `key`.
fn gets(key: u64, record: &Record, given: &[(u64, u64, u64)]) -> Vec<Call> {
    let mut gets = Vec::new();
    for (_, value, at) in given.iter().filter(|(k, ..)| *k == key) {
        let get = |seen| Call {
            invoked: record.invoked,
            returned: *at,
            operation: Operation::Get(seen),
        };
        if !gets.is_empty() {
            gets.push(get(None));
        }
        gets.push(get(Some(*value)));
    }
    if gets.is_empty() {
        gets.push(record.call(Operation::Get(None)));
    }
    gets
}

/// A `len` that is out of bounds: what it said, at least and at most possible.
pub(crate) type WrongLength = (usize, i64, i64);

/// Checks each `len` of a round.
///
/// # Errors
/// The first one that is out of its bounds.
pub(crate) fn check_lengths(round: &Round) -> Result<(), WrongLength> {
    let records = || round.threads.iter().flatten();
    if records().any(|record| matches!(record.what, What::Clear)) {
        return check_final_length(round); // nobody knows how many it removed
    }
    let changes: Vec<(&Record, i64)> = records()
        .filter_map(|record| match record.what {
            What::OnKey(_, operation) => Some((record, operation.growth())),
            _ => None,
        })
        .filter(|(_, growth)| *growth != 0)
        .collect();
    for record in records() {
        let What::Len(len) = record.what else {
            continue;
        };
        let mut least = i64::try_from(round.initial_len).unwrap();
        let mut most = least;
        for (change, growth) in &changes {
            if change.returned < record.invoked {
                least += growth;
                most += growth;
            } else if change.invoked <= record.returned {
                least += growth.min(&0);
                most += growth.max(&0);
            }
        }
        if !(least..=most).contains(&i64::try_from(len).unwrap_or(i64::MAX)) {
            return Err((len, least, most));
        }
    }
    Ok(())
}

/// Compares what was read at the end: how many entries, and which.
fn check_final_length(round: &Round) -> Result<(), WrongLength> {
    let last = || round.threads.last().into_iter().flatten();
    let given = last().find_map(|record| match &record.what {
        What::Walk(given) => Some(given.len()),
        _ => None,
    });
    let len = last().find_map(|record| match record.what {
        What::Len(len) => Some(len),
        _ => None,
    });
    match (len, given) {
        (Some(len), Some(given)) if len != given => {
            let given = i64::try_from(given).unwrap();
            Err((len, given, given))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::checker::Checker;
    use super::*;

    fn record(invoked: u64, returned: u64, what: What) -> Record {
        Record {
            invoked,
            returned,
            what,
        }
    }

    fn insert(invoked: u64, returned: u64, new: u64) -> Record {
        let replaced = None;
        record(
            invoked,
            returned,
            What::OnKey(1, Operation::Insert { new, replaced }),
        )
    }

    fn walk(given: &[u64]) -> Record {
        let given = given.iter().map(|value| (1, *value, 19)).collect();
        record(10, 20, What::Walk(given))
    }

    fn accepts(threads: Vec<Vec<Record>>) -> bool {
        let plan = Plan {
            mix: super::super::plan::WITH_WALKS,
            ..Plan::default()
        };
        let round = Round {
            threads,
            ..Round::default()
        };
        let mut checker = Checker::default();
        let mut histories = histories(&plan, &round).into_values();
        histories.all(|history| checker.accepts(&history, &[None]))
    }

    #[test]
    fn entry_that_is_there_throughout_is_given_once() {
        let before = || vec![insert(1, 2, 7)];
        assert!(accepts(vec![before(), vec![walk(&[7])]]));
        assert!(!accepts(vec![before(), vec![walk(&[])]]));
        assert!(!accepts(vec![before(), vec![walk(&[7, 7])]]));
    }

    #[test]
    fn replaced_entry_is_given_once_as_it_was_at_some_moment() {
        let threads = |given: &[u64]| {
            let replaced = Some(7);
            let replace = What::OnKey(1, Operation::Insert { new: 8, replaced });
            let changes = vec![insert(1, 2, 7), record(11, 12, replace)];
            vec![changes, vec![walk(given)]]
        };
        assert!(accepts(threads(&[7])));
        assert!(accepts(threads(&[8])));
        assert!(!accepts(threads(&[])));
        assert!(!accepts(threads(&[7, 8])));
        assert!(!accepts(threads(&[6])));
    }

    #[test]
    fn entry_that_is_inserted_again_meanwhile_is_given_up_to_twice() {
        let threads = |given: &[u64]| {
            let remove = What::OnKey(1, Operation::Remove(Some(7)));
            let changes = vec![insert(1, 2, 7), record(11, 12, remove), insert(13, 14, 8)];
            vec![changes, vec![walk(given)]]
        };
        for given in [&[] as &[u64], &[7], &[8], &[7, 8]] {
            assert!(accepts(threads(given)));
        }
        assert!(!accepts(threads(&[8, 7])));
        assert!(!accepts(threads(&[7, 7])));
    }

    #[test]
    fn entry_of_a_key_that_was_never_inserted_is_refused() {
        assert!(!accepts(vec![vec![walk(&[7])]]));
    }

    #[test]
    fn len_after_a_clear_is_what_a_walk_gives() {
        let check = |len| {
            let clear = vec![record(1, 2, What::Clear)];
            let given = What::Walk(vec![(1, 7, 19)]);
            let end = vec![record(18, 19, What::Len(len)), record(19, 20, given)];
            check_lengths(&Round {
                threads: vec![clear, end],
                ..Round::default()
            })
        };
        assert!(check(1).is_ok());
        assert_eq!(check(2), Err((2, 1, 1)));
    }

    #[test]
    fn len_is_exact_but_for_what_overlaps_it() {
        let check = |len| {
            let remove = What::OnKey(1, Operation::Remove(Some(7)));
            let own = vec![insert(1, 2, 7), record(11, 12, remove)];
            let others = vec![insert(9, 10, 8), insert(30, 31, 9)];
            check_lengths(&Round {
                threads: vec![own, others, vec![record(10, 20, What::Len(len))]],
                initial_len: 5,
                ..Round::default()
            })
        };
        assert_eq!(check(4), Err((4, 5, 7)));
        assert!([5, 6, 7].into_iter().all(|len| check(len).is_ok()));
        assert!(check(8).is_err());
    }
}
