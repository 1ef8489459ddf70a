//! The sweeps: the same script under several circumstances.

use crate::sweep::{Beside, sweep};
use crate::types::{Colliding, Few, Identity, Mixed};

/// Keys that take the table through several doublings.
const MANY: u64 = if cfg!(miri) { 10 } else { 70 };
/// Keys that take it through one at least, where each operation meets many others.
pub(crate) const SOME: u64 = if cfg!(miri) { 9 } else { 36 };

#[test]
fn any_call_panics() {
    sweep::<Mixed>("good hashes", MANY, Beside::Nothing, 1);
}

#[test]
fn any_call_panics_with_hashes_that_are_the_keys() {
    sweep::<Identity>("hashes that are the keys", SOME, Beside::Nothing, 1);
}

#[test]
fn any_call_panics_when_few_hashes_differ() {
    sweep::<Few>("eight hashes", SOME, Beside::Nothing, 1);
}

#[test]
fn any_call_panics_when_all_keys_collide() {
    sweep::<Colliding>("one hash", SOME, Beside::Nothing, 1);
}

#[test]
fn any_call_panics_while_entries_are_held() {
    sweep::<Mixed>("entries held", SOME, Beside::Refs, 1);
}

#[test]
fn any_call_panics_while_entries_that_collide_are_held() {
    sweep::<Few>("entries held, eight hashes", SOME, Beside::Refs, 1);
}

#[test]
fn any_call_panics_beside_a_second_thread() {
    sweep::<Few>(
        "a second thread, eight hashes",
        SOME,
        Beside::SecondThread,
        4,
    );
}

#[test]
fn any_call_uses_the_map_and_panics() {
    sweep::<Mixed>("re-entrant calls", SOME, Beside::Reentry, 1);
}

#[test]
fn any_call_uses_the_map_and_panics_when_few_hashes_differ() {
    sweep::<Few>("re-entrant calls, eight hashes", SOME, Beside::Reentry, 1);
}

#[test]
fn no_memory_is_lost_by_a_panic() {
    sweep::<Mixed>("no memory is lost", SOME, Beside::Solitude, 1);
}
