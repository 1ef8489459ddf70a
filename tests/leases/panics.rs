//! Panics: in the scope, in actions, and in destructors that fall due in a lease's operations.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use splitmap::HashMap;

use super::{Calls, Map, map};

#[test]
fn unwinding_ends_a_lease() {
    let (map, calls) = (map(), Calls::default());
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _lease = calls.on(map.lease(1, 10));
        assert!(map.contains_key(&1));
        panic!("the scope breaks");
    }));
    assert!(unwound.is_err());
    assert!(map.is_empty());
    let thread = thread::spawn({
        let (map, calls) = (map.clone(), calls.clone());
        move || {
            let _leases = [1, 2].map(|key| calls.on(map.lease(key, 10)));
            panic!("the task breaks");
        }
    });
    assert!(thread.join().is_err());
    assert_eq!((map.len(), calls.count()), (0, 3));
}

#[test]
fn a_panic_in_an_action_surfaces_when_all_is_done() {
    let (map, calls) = (map(), Calls::default());
    let lease = calls.on(calls
        .on(map.lease(1, 10))
        .on_end(|_| panic!("an action breaks")));
    assert!(catch_unwind(AssertUnwindSafe(|| lease.end())).is_err());
    assert_eq!((map.len(), calls.count()), (0, 2));
    let lease = calls
        .on(map.lease(1, 10))
        .on_end(|_| panic!("an action breaks"));
    let canceller = lease.canceller();
    assert!(catch_unwind(|| canceller.cancel()).is_err());
    drop(lease);
    assert_eq!((map.len(), calls.count()), (0, 3));
}

/// Without more ado, the second panic would end the process.
#[test]
fn a_panic_in_an_action_while_unwinding_ends_there() {
    let (map, calls) = (map(), Calls::default());
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _lease = calls
            .on(map.lease(1, 10))
            .on_end(|_| panic!("the action breaks, too"));
        panic!("the scope breaks");
    }));
    assert_eq!(
        unwound.unwrap_err().downcast_ref(),
        Some(&"the scope breaks")
    );
    assert_eq!((map.len(), calls.count()), (0, 1));
}

/// A value whose destructor panics, if it is armed.
struct Bomb(bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0 || thread::panicking(), "a destructor breaks");
    }
}

/// Operations until a batch has been freed in one of them, several times.
const OPERATIONS: u64 = if cfg!(miri) { 60 } else { 4_000 };

/// One in as many that two of them are not in one batch.
fn bomb(n: u64) -> Bomb {
    Bomb(n.is_multiple_of(if cfg!(miri) { 20 } else { 1_300 }))
}

#[test]
fn a_destructor_that_panics_does_not_keep_actions_from_running() {
    let (map, calls, mut panics): (Map<Bomb>, _, _) = (map(), Calls::default(), 0);
    for n in 0..OPERATIONS {
        let lease = calls.on(map.lease(n, bomb(n)));
        panics += u64::from(catch_unwind(AssertUnwindSafe(|| lease.end())).is_err());
        assert!(map.get(&n).is_none());
        assert_eq!(calls.count() as u64, n + 1);
    }
    assert!(panics > 0);
    drain(map);
}

#[test]
fn a_destructor_that_panics_while_leasing_leaves_no_entry() {
    let (map, mut panics): (Map<Bomb>, _) = (map(), 0);
    for n in 0..OPERATIONS {
        // Replaces the one before.
        if let Ok(lease) = catch_unwind(AssertUnwindSafe(|| map.lease(1, bomb(n)))) {
            lease.keep().unwrap();
        } else {
            panics += 1;
            assert!(map.get(&1).is_none());
        }
    }
    assert!(panics > 0);
    drain(map);
}

#[test]
fn a_destructor_that_panics_in_an_update_leaves_the_lease_bound() {
    let (map, mut panics): (Map<Bomb>, _) = (map(), 0);
    let mut lease = map.lease(1, Bomb(false));
    for n in 0..OPERATIONS {
        let updated = catch_unwind(AssertUnwindSafe(|| assert!(lease.update(bomb(n)).is_ok())));
        panics += u64::from(updated.is_err());
        assert!(std::ptr::eq(
            &raw const *lease,
            &raw const *map.get(&1).unwrap()
        ));
    }
    assert!(panics > 0);
    assert!(catch_unwind(AssertUnwindSafe(|| assert!(lease.end()))).is_ok());
    drain(map);
}

/// Frees what is left, bombs apart.
fn drain(map: Map<Bomb>) {
    while catch_unwind(AssertUnwindSafe(|| map.flush())).is_err() {}
    let map: Result<HashMap<_, _>, _> = std::sync::Arc::try_unwrap(map);
    let _ = catch_unwind(AssertUnwindSafe(|| drop(map)));
}
