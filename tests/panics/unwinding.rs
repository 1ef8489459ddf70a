//! Operations from `Drop` while a panic unwinds: around an operation, and in the middle of one.

use std::sync::Arc;
use std::thread::panicking;

use crate::exhaustive::SOME;
use crate::model::content;
use crate::point::{Call, caught, inject};
use crate::script::Model;
use crate::sweep::{Beside, sweep};
use crate::types::{Builder, Colliding, Few, Ledger, Lookup, Map, Mixed, Spread};

/// Calls a function when it is dropped.
pub(crate) struct OnDrop<F: FnMut()>(pub(crate) F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Keys `0..BUSY` are those of the operations that panic.
const BUSY: u64 = 4;
const KEYS: u64 = if cfg!(miri) { 12 } else { 48 };

/// Uses the map in all its ways, `round` after round.
fn use_map<S: Spread>(map: &Map<S>, ledger: &Arc<Ledger>, round: u64) {
    assert!(panicking());
    for k in BUSY..KEYS {
        map.insert(ledger.key(k), ledger.value(round));
    }
    for k in (BUSY..KEYS).step_by(2) {
        map.update(&Lookup(k), |_, old| ledger.value(old.n() + k));
    }
    for k in (BUSY..KEYS).step_by(3) {
        assert!(map.remove_if(&Lookup(k), |key, _| key.n() == k).is_some());
        map.get_or_insert_with(ledger.key(k + 100), || ledger.value(k));
    }
    assert!(map.iter().count() > 0);
    map.reserve(usize::try_from(KEYS).unwrap());
    map.flush();
}

fn use_model(model: &mut Model, round: u64) {
    for k in BUSY..KEYS {
        model.insert(
            k,
            if k.is_multiple_of(2) {
                round + k
            } else {
                round
            },
        );
    }
    for k in (BUSY..KEYS).step_by(3) {
        model.remove(&k);
        model.entry(k + 100).or_insert(k);
    }
}

#[test]
fn guards_use_the_map_while_a_panic_unwinds_out_of_an_operation() {
    unwind_out_of_operations::<Mixed>();
    unwind_out_of_operations::<Few>();
    unwind_out_of_operations::<Colliding>();
}

/// Panics under a guard that uses the map.
fn panic_guarded<S: Spread, R>(map: &Map<S>, ledger: &Arc<Ledger>, round: u64) -> R {
    let _guard = OnDrop(|| use_map(map, ledger, round));
    inject(Call::Closure)
}

fn unwind_out_of_operations<S: Spread>() {
    let ledger = Ledger::new();
    let map: Map<S> = Map::with_hasher(Builder::new());
    for k in 0..BUSY - 1 {
        map.insert(ledger.key(k), ledger.value(k));
    }
    let mut model: Model = (0..BUSY - 1).map(|k| (k, k)).collect();
    let absent = BUSY - 1;
    let operations: [&dyn Fn(u64); 5] = [
        // The guard is dropped in the middle of the operation, with its hazards held.
        &|n| drop(map.update(&Lookup(0), |_, _| panic_guarded(&map, &ledger, n))),
        &|n| drop(map.remove_if(&Lookup(1), |_, _| panic_guarded(&map, &ledger, n))),
        &|n| {
            map.get_or_insert_with(ledger.key(absent), || panic_guarded(&map, &ledger, n));
        },
        &|n| map.iter().for_each(|_| panic_guarded(&map, &ledger, n)),
        // The guard is dropped after the operation.
        &|n| {
            let _guard = OnDrop(|| use_map(&map, &ledger, n));
            map.update(&Lookup(2), |_, _| inject(Call::Closure));
        },
    ];
    for (operation, round) in operations.iter().zip(1000..) {
        assert_eq!(caught(|| operation(round)), Err(Call::Closure));
        use_model(&mut model, round);
        assert_eq!(content(&map, KEYS + 100, true), model);
    }
    drop(map);
    ledger.close();
}

/// Panics within the unwinding, caught there: everything holds as outside of it.
#[test]
fn any_call_panics_while_another_panic_unwinds() {
    let unwound = caught(|| {
        let _guard = OnDrop(|| {
            assert!(panicking());
            sweep::<Few>("while unwinding", SOME, Beside::Nothing, 4);
        });
        inject(Call::Closure)
    });
    assert_eq!(unwound, Err::<(), _>(Call::Closure));
}
