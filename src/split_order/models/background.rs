//! Garbage that is handed to a background thread: by whom it is reclaimed, and that it is, once.
//!
//! ```text
//!   remover:     unlink; scan; offer ──► stack
//!   background:                          stack ──► take, or close: drops key and value
//! ```

use alloc::collections::BTreeSet;
use alloc::vec;
use std::sync::{Arc, Mutex};

use super::{Explore, List, join, model, run_with, spawn};
use crate::reclaim::Reclamation;

/// With batches of 1, the second removal finds the first one's node unprotected, and hands it over.
fn remove_two(list: List) {
    assert_eq!((list.remove(5), list.remove(40)), (Some(5), Some(40)));
}

/// A look of the background thread; gives how many it reclaimed. (A panic would be loom's: of a race.)
fn look(list: List, last: bool) -> usize {
    let reclaimed = list.0.reclaim_handed(last);
    assert_eq!(reclaimed.panics, 0);
    reclaimed.entries
}

/// Explores `one` beside `other` on a list that hands over. `other` gives a number: all those below `outcomes`
/// must have been seen.
fn beside(name: &str, one: fn(List), other: fn(List) -> usize, outcomes: usize) {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let results = Arc::clone(&seen);
    model(name, Explore::Preemptions(3), move || {
        let settings = Reclamation::new().batch(1);
        run_with(1, settings, &[5, 40], 2, |list| {
            assert!(list.0.open_background().is_some());
            let theirs = spawn(1, move || other(list));
            one(list);
            results.lock().expect("no panic").insert(join(theirs));
            look(list, true);
            vec![]
        });
    });
    let seen = seen.lock().expect("no panic");
    assert!(seen.iter().copied().eq(0..outcomes), "{seen:?}");
}

#[test]
fn a_removal_that_hands_over_beside_the_thread_that_takes() {
    beside(
        "remove, hand over | take",
        remove_two,
        |list| look(list, false),
        2,
    );
}

/// What is handed over then is taken by it, or given back.
#[test]
fn a_removal_that_hands_over_beside_the_end_of_the_thread() {
    beside(
        "remove, hand over | close",
        remove_two,
        |list| look(list, true),
        2,
    );
}

/// Two take what was handed over: one of them gets it.
#[test]
fn a_flush_beside_the_thread_that_takes() {
    beside(
        "remove, hand over, flush | take",
        |list| {
            remove_two(list);
            list.0.flush();
        },
        |list| look(list, false),
        2,
    );
}
