//! Destructors that panic while retired entries are reclaimed, in batches of hundreds.
//!
//! ```text
//!   insert ─ insert ─ ... ─ insert: 1000 entries are retired: a scan gives them back, this operation
//!                                   drops them:   ✓ ✓ ✓ panic ✓ ✓ ✓ ✓ ...   all, and panics
//! ```

use std::sync::Arc;

use splitmap::HashMap;

use crate::changes::STEPWISE;
use crate::child;
use crate::exhaustive::SOME;
use crate::model::content;
use crate::point::{self, Call, NEVER, caught};
use crate::script::{At, Model, script};
use crate::sweep::sample;
use crate::types::{Builder, Few, Ledger, Lookup, Map, Mixed};

/// More replacements than wait for the first scan. (Fewer under Miri: `flush` has to do it.)
const REPLACED: u64 = if cfg!(miri) { 40 } else { 1100 };
const KEYS: u64 = 5;

/// What replaces an entry.
type Replace = fn(&Map<Few>, &Arc<Ledger>, u64, u64);

#[test]
fn any_destructor_of_a_batch_panics() {
    sweep("insert", |map, ledger, k, n| {
        map.insert(ledger.key(k), ledger.value(n));
    });
}

#[test]
fn any_destructor_of_a_batch_of_updated_entries_panics() {
    sweep("update, remove, insert", |map, ledger, k, n| {
        if map.update(&Lookup(k), |_, _| ledger.value(n)).is_none() {
            map.insert(ledger.key(k), ledger.value(n));
        }
        if n.is_multiple_of(7) {
            map.remove(&Lookup(k));
            map.insert(ledger.key(k), ledger.value(n));
        }
    });
}

fn sweep(name: &str, replace: Replace) {
    let (total, _, _) = run(replace, NEVER);
    let (mut runs, mut in_operations) = (0, 0);
    for n in sample(total, if cfg!(debug_assertions) { 8 } else { 1 }) {
        let (_, panics, in_operation) = run(replace, n);
        assert_eq!(panics, 1, "destructor {n} of {total}");
        runs += 1;
        in_operations += u64::from(in_operation);
    }
    assert!(in_operations > 0 || cfg!(miri));
    println!(
        "panics: batches, {name}: {runs} of {total} destructors panicked, one a run, {in_operations} of \
         them in an operation that replaced an entry"
    );
}

/// Replaces entries with destructor `n` panicking; gives the destructors that ran, those that panicked,
/// and whether that was in a replacement.
fn run(replace: Replace, n: u64) -> (u64, usize, bool) {
    let ledger = Ledger::new();
    let map = Map::with_hasher(Builder::new());
    for k in 0..KEYS {
        map.insert(ledger.key(k), ledger.value(k));
    }
    let mut model = Model::new();
    point::arm_entry_drops(n);
    let (mut panics, mut in_operation) = (0, false);
    for i in 0..REPLACED {
        let k = i % KEYS;
        model.insert(k, i);
        if caught(|| replace(&map, &ledger, k, i)).is_err() {
            panics += 1;
            in_operation = true;
            // As far as it came. Again:
            replace(&map, &ledger, k, i);
            assert_eq!(content(&map, KEYS, true), model);
        }
    }
    panics += usize::from(caught(|| map.flush()).is_err());
    assert_eq!(map.retired_len(), 0);
    assert_eq!(
        ledger.alive(),
        2 * map.len(),
        "nothing of the batch is left"
    );
    assert_eq!(content(&map, KEYS, true), model);
    panics += usize::from(caught(|| drop(map)).is_err());
    let counts = point::disarm();
    ledger.close();
    (counts.total(), panics, in_operation)
}

/// So many that a part is dropped on the way.
#[test]
fn any_destructor_of_a_clear_panics() {
    let (total, _) = clear(NEVER);
    let (mut runs, mut in_clear) = (0, 0);
    for n in sample(total, 8) {
        in_clear += u64::from(clear(n).1);
        runs += 1;
    }
    assert!(in_clear > 0 || cfg!(miri));
    println!(
        "panics: clear: {runs} of {total} destructors panicked, one a run, {in_clear} of them in clear, \
         the others in flush"
    );
}

/// Clears a map with destructor `n` panicking; gives the destructors that ran, and whether it was in
/// `clear` that one panicked.
fn clear(n: u64) -> (u64, bool) {
    let ledger = Ledger::new();
    let map: Map<Mixed> = Map::with_hasher(Builder::new());
    for k in 0..REPLACED {
        map.insert(ledger.key(k), ledger.value(k));
    }
    point::arm_entry_drops(n);
    let cleared = caught(|| map.clear());
    assert_eq!(
        (map.len(), map.iter().count()),
        (0, 0),
        "cleared to the end"
    );
    let collected = caught(|| map.flush());
    assert_eq!(
        point::fired(),
        cleared.is_err() != collected.is_err(),
        "panics once"
    );
    assert_eq!((map.retired_len(), ledger.alive()), (0, 0));
    drop(map);
    ledger.close();
    (point::disarm().total(), cleared.is_err())
}

/// A destructor removes another entry and panics: what it removed falls due in the next operation,
/// whichever that is, and panics there, when the operation has taken effect.
#[test]
fn what_is_left_to_drop_panics_in_the_next_operation() {
    let ledger = Ledger::new();
    let map: Arc<Map<Few>> = Arc::new(Map::with_hasher(Builder::new()));
    let (mut model, mut n, mut panics) = (Model::new(), 0, 0);
    for step in script::<Few>(SOME) {
        let mut panicked = Vec::new();
        for k in step.keys {
            n += 1;
            leave_one_to_drop(&map, &ledger);
            let at = At {
                k,
                n,
                ledger: &ledger,
            };
            point::arm_entry_drops(0);
            let result = caught(|| drop((step.op.run)(&map, &at)));
            point::disarm();
            panicked.push(result.is_err());
            let (before, now) = (model.clone(), content(&map, 2 * SOME, true));
            (step.op.model)(&mut model, &at);
            if STEPWISE.contains(&step.op.name) && now == before {
                model = before; // it panicked in an earlier step
            }
            assert_eq!(now, model, "{} {k}", step.op.name);
        }
        panics += panicked.iter().filter(|&&panicked| panicked).count();
        // The table may have the room already; nothing is dropped then.
        assert!(
            !panicked.contains(&false) || step.op.name == "reserve",
            "{}",
            step.op.name
        );
    }
    println!("panics: left to drop: {panics} of {n} operations panicked");
    drop(Arc::into_inner(map));
    ledger.close();
}

/// Leaves an entry that the next operation will drop.
fn leave_one_to_drop(map: &Arc<Map<Few>>, ledger: &Arc<Ledger>) {
    let (first, second) = (1 << 20, 1 << 21);
    for k in [first, second] {
        map.insert(ledger.key(k), ledger.value(k));
    }
    map.remove(&Lookup(first));
    point::arm_entry_drops(0);
    let other = Arc::downgrade(map);
    point::before_the_panic(move || {
        let map = other.upgrade().unwrap();
        map.remove(&Lookup(second));
        map.flush();
    });
    assert_eq!(caught(|| map.flush()), Err(Call::ValueDrop));
}

/// Panics when it is dropped, if it is armed.
#[derive(PartialEq, Eq, Hash)]
struct Bomb(u64, bool);

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.1, "bomb");
    }
}

type Bombs = HashMap<Bomb, Bomb>;

type Case = (&'static str, fn(Bombs));

/// Two bombs go off in one operation.
const CASES: [Case; 6] = [
    ("flush", |map| {
        map.clear();
        map.flush();
    }),
    ("clear", |map| {
        // Enough to be reclaimed on the way.
        (100..5_000).for_each(|n| drop(map.insert(Bomb(n, false), Bomb(n, n.is_multiple_of(300)))));
        map.clear();
    }),
    ("insert", |map| {
        (0..5_000).for_each(|n| drop(map.insert(Bomb(n % 20, false), Bomb(0, n < 100))));
    }),
    ("drop", drop),
    ("drop, one of them retired", |map| {
        map.remove(&Bomb(3, false));
        drop(map);
    }),
    ("key and value of one entry", |map| {
        let other = Bombs::new();
        std::mem::forget(map);
        other.insert(Bomb(1, true), Bomb(1, true));
        drop(other);
    }),
];

#[test]
fn two_destructors_that_panic_in_one_operation_abort() {
    if let Some(case) = child::argument() {
        let map = Bombs::new();
        for n in 0..20 {
            map.insert(Bomb(n, false), Bomb(n, n == 3 || n == 17));
        }
        let (_, case) = CASES.iter().find(|(name, _)| *name == case).unwrap();
        case(map);
        return;
    }
    if !child::possible() {
        return;
    }
    let test = "reclamation::two_destructors_that_panic_in_one_operation_abort";
    for (case, _) in CASES {
        let ended = child::run(test, case);
        let message = "panic in a destructor during cleanup";
        assert!(ended.aborted_with(message), "{case}: {ended}");
    }
    println!(
        "panics: two panics in one operation: {} cases abort",
        CASES.len()
    );
}
