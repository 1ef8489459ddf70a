//! Changes that depend on what is there: of two that saw the same, one is done, and the other looks again.
//!
//! Keys 5 and 6 are neighbours in one bucket; 40 is in the other bucket.

use alloc::vec;

use super::{Explore, List, Pair, Probe, hash_of, read};
use crate::list::NewNode;
use crate::operation::Operation;
use crate::split_order::compute::Outcome;

impl List {
    /// Adds one to the value, or inserts 1; gives the new value.
    fn increment(self, key: u64) -> u64 {
        let mut made = None;
        let outcome = self.0.compute(
            hash_of(key),
            Probe::new(key),
            |a, b| a.read() == b.read(),
            |entry, returned| {
                assert_eq!(
                    returned.as_ref().map(Probe::read),
                    made,
                    "what was made comes back"
                );
                let value = entry.map_or(0, |(_, value)| value.read()) + 1;
                made = Some(value);
                Operation::<_, ()>::Insert(Probe::new(value))
            },
        );
        match outcome {
            Outcome::Inserted(new) => read(&new),
            Outcome::Updated { old, new } => {
                assert_eq!(read(&old) + 1, read(&new), "the very entry that was seen");
                read(&new)
            }
            Outcome::Removed(_) | Outcome::Aborted(()) => unreachable!("asked to insert"),
        }
    }

    /// Removes the entry by a computation; gives its value.
    fn compute_removal(self, key: u64) -> Option<u64> {
        let outcome = self.0.compute(
            hash_of(key),
            Probe::new(key),
            |a, b| a.read() == b.read(),
            |_, _| Operation::<_, ()>::Remove,
        );
        match outcome {
            Outcome::Removed(old) => old.map(|old| read(&old)),
            _ => unreachable!("asked to remove"),
        }
    }

    /// Compare-and-exchange; whether it was done.
    fn exchange(self, key: u64, current: u64, new: u64) -> bool {
        let equal = |other: &Probe| other.read() == key;
        let test = |_: &Probe, value: &Probe| value.read() == current;
        let result = self
            .0
            .replace_if(hash_of(key), Probe::new(new), equal, test);
        match result {
            Ok((old, exchanged)) => {
                assert_eq!((read(&old), read(&exchanged)), (current, new));
                true
            }
            Err((_, value)) => {
                assert_eq!(value.read(), new, "given back");
                false
            }
        }
    }

    fn pop(self) -> Option<u64> {
        self.0.pop_any().map(|entry| read(&entry))
    }

    /// Looks an entry up, and removes that very one; its value, if it was still there.
    fn remove_what_was_seen(self, key: u64) -> Option<u64> {
        let entry = self.0.get(hash_of(key), |other| other.read() == key)?;
        // SAFETY: protected by the entry's guard.
        let node = unsafe { entry.0.as_ref() };
        self.0.remove_that(node).then(|| read(&entry))
    }

    /// Looks an entry up, and replaces that very one; whether it was still there.
    fn replace_what_was_seen(self, key: u64, value: u64) -> Option<bool> {
        let entry = self.0.get(hash_of(key), |other| other.read() == key)?;
        let new = NewNode::new(hash_of(key), Probe::new(key), Probe::new(value));
        // SAFETY: protected by the entry's guard.
        let node = unsafe { entry.0.as_ref() };
        match self.0.replace_that(node, new) {
            Ok(new) => {
                assert_eq!(read(&new), value);
                Some(true)
            }
            Err(_back) => Some(false),
        }
    }
}

#[test]
fn of_two_computations_on_an_absent_key_none_is_lost() {
    Pair {
        name: ["compute an insertion", "compute the same"],
        explore: Explore::Preemptions(3),
        keys: &[],
        first: |list| list.increment(5),
        second: |list| list.increment(5),
        left: |_, &one, &other| {
            assert!([(1, 2), (2, 1)].contains(&(one, other)));
            vec![(5, 2)]
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn a_computation_beside_a_computed_removal() {
    Pair {
        name: ["compute an increment", "compute a removal"],
        explore: Explore::Preemptions(3),
        keys: &[5],
        first: |list| list.increment(5),
        second: |list| list.compute_removal(5),
        left: |_, &one, &other| match (one, other) {
            (6, Some(6)) => vec![],
            (1, Some(5)) => vec![(5, 1)],
            both => panic!("{both:?}"),
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn of_two_exchanges_one_is_done() {
    Pair {
        name: ["compare and exchange", "the same"],
        explore: Explore::Preemptions(3),
        keys: &[5],
        first: |list| list.exchange(5, 5, 50),
        second: |list| list.exchange(5, 5, 51),
        left: |_, &one, &other| {
            assert!(one != other);
            vec![(5, if one { 50 } else { 51 })]
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn an_entry_is_popped_once() {
    Pair {
        name: ["pop", "pop"],
        explore: Explore::Preemptions(3),
        keys: &[5, 40],
        first: List::pop,
        second: List::pop,
        left: |_, &one, &other| {
            assert!([(Some(5), Some(40)), (Some(40), Some(5))].contains(&(one, other)));
            vec![]
        },
        outcomes: 2,
    }
    .check();
}

#[test]
fn what_was_seen_is_removed_or_nothing() {
    Pair {
        name: ["remove what was seen", "replace"],
        explore: Explore::Preemptions(3),
        keys: &[5],
        first: |list| list.remove_what_was_seen(5),
        second: |list| list.insert(5, 50),
        left: |_, &one, &other| match (one, other) {
            // The old one, before it was replaced; or the new one, seen at once.
            (Some(5), None) => vec![(5, 50)],
            (Some(50), Some(5)) => vec![],
            (None, Some(5)) => vec![(5, 50)],
            both => panic!("{both:?}"),
        },
        outcomes: 3,
    }
    .check();
}

#[test]
fn what_was_seen_is_replaced_or_nothing() {
    Pair {
        name: ["replace what was seen", "remove, reclaim"],
        explore: Explore::Preemptions(3),
        keys: &[5],
        first: |list| list.replace_what_was_seen(5, 50),
        second: |list| list.remove_and_reclaim(5),
        left: |_, &one, &other| match (one, other) {
            (Some(true), Some(50)) | (Some(false) | None, Some(5)) => vec![],
            both => panic!("{both:?}"),
        },
        outcomes: 3,
    }
    .check();
}
