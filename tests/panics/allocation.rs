//! The allocator refuses: `try_reserve` says so, growth goes without, and all else ends in
//! `handle_alloc_error`, as in std.

use std::sync::Arc;

use crate::allocator::{Refuse, asked, refusing};
use crate::child;
use crate::model::{content, pairs};
use crate::script::{At, Model, script};
use crate::types::{Builder, Ledger, Map, Mixed};

const KEYS: u64 = if cfg!(miri) { 4 } else { 40 };
/// More entries than the tests insert.
const ROOM: usize = if cfg!(miri) { 400 } else { 10_000 };
/// The last segment for them is larger, the others are smaller.
const LARGE: usize = 8 * ROOM;

/// A map that is not growing.
fn filled(ledger: &Arc<Ledger>) -> (Map<Mixed>, Model) {
    let map = Map::with_hasher(Builder::new());
    for k in 0..KEYS {
        map.insert(ledger.key(k), ledger.value(k));
    }
    map.reserve(usize::try_from(KEYS).unwrap());
    (map, (0..KEYS).map(|k| (k, k)).collect())
}

#[test]
fn try_reserve_without_memory_is_an_error_and_changes_nothing() {
    let ledger = Ledger::new();
    let (map, model) = filled(&ledger);
    let capacity = map.capacity();
    let refused = refusing(&mut Refuse::Zeroed, || map.try_reserve(ROOM));
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("refused"), "{message}");
    assert_eq!(map.capacity(), capacity);
    assert_eq!(content(&map, KEYS, true), model);

    // Some levels can be had, the last ones cannot.
    let refused = refusing(&mut Refuse::AtLeast(LARGE), || map.try_reserve(ROOM));
    assert!(refused.is_err());
    assert!(capacity < map.capacity() && map.capacity() < ROOM);
    assert_eq!(content(&map, KEYS, true), model);

    map.try_reserve(ROOM).unwrap();
    assert!(map.capacity() >= ROOM);
    assert_eq!(content(&map, KEYS, true), model);
    drop(map);
    ledger.close();
}

#[test]
fn try_reserve_of_a_new_map_without_memory_is_an_error() {
    let ledger = Ledger::new();
    let map: Map<Mixed> = Map::with_hasher(Builder::new());
    let refused = refusing(&mut Refuse::AtLeast(LARGE), || map.try_reserve(ROOM));
    assert!(refused.is_err());
    assert_eq!((map.capacity(), map.len()), (0, 0));
    map.insert(ledger.key(1), ledger.value(1));
    map.try_reserve(ROOM).unwrap();
    assert_eq!(content(&map, 10, true), Model::from([(1, 1)]));
    drop(map);
    ledger.close();
}

#[test]
fn growth_without_memory_goes_on_with_longer_chains() {
    let ledger = Ledger::new();
    let (map, mut model) = filled(&ledger);
    let capacity = map.capacity();
    let starved = KEYS..20 * KEYS;
    refusing(&mut Refuse::Zeroed, || {
        for k in starved.clone() {
            map.insert(ledger.key(k), ledger.value(k));
            assert_eq!(map.capacity(), capacity);
        }
    });
    model.extend((KEYS..starved.end).map(|k| (k, k)));
    assert!(model.len() > 4 * capacity, "{} in {capacity}", model.len());
    assert_eq!(content(&map, starved.end, true), model);
    let last = starved.end..30 * KEYS;
    for k in last.clone() {
        map.insert(ledger.key(k), ledger.value(k));
    }
    model.extend(last.clone().map(|k| (k, k)));
    assert!(map.capacity() > capacity, "it grows again");
    assert_eq!(content(&map, last.end, true), model);
    drop(map);
    ledger.close();
}

/// Runs the script under `rule`; gives how often the map asked for memory.
fn play(mut rule: Refuse) -> u64 {
    let ledger = Ledger::new();
    let mut all = 0;
    let mut counted = |f: &mut dyn FnMut()| {
        let before = asked();
        refusing(&mut rule, f);
        all += asked() - before;
    };
    let mut map = None;
    counted(&mut || map = Some(Map::with_capacity_and_hasher(1, Builder::new())));
    let mut map: Option<Map<Mixed>> = map;
    let there = map.as_ref().unwrap();
    let (mut model, mut n) = (Model::new(), 0);
    for step in script::<Mixed>(KEYS) {
        for k in step.keys {
            n += 1;
            let (at, mut entries) = (
                At {
                    k,
                    n,
                    ledger: &ledger,
                },
                Vec::new(),
            );
            counted(&mut || entries = (step.op.run)(there, &at));
            let expected = (step.op.model)(&mut model, &at);
            assert_eq!(pairs(&entries), expected, "{} {k}", step.op.name);
        }
        assert_eq!(content(there, 2 * KEYS, true), model, "{}", step.op.name);
    }
    counted(&mut || drop(map.take()));
    ledger.close();
    all
}

#[test]
fn each_refused_allocation_is_survived_or_ends_in_handle_alloc_error() {
    if let Some(n) = child::argument() {
        play(Refuse::Nth(n.parse().unwrap()));
        return;
    }
    if !child::possible() {
        return;
    }
    let total = play(Refuse::None);
    let test = "allocation::each_refused_allocation_is_survived_or_ends_in_handle_alloc_error";
    let (mut survived, mut aborted) = (0, 0);
    for n in 0..total {
        let ended = child::run(test, &n.to_string());
        if ended.success() {
            survived += 1;
        } else {
            assert!(ended.aborted_with("memory allocation of "), "{n}: {ended}");
            aborted += 1;
        }
    }
    println!(
        "panics: of {total} allocations refused, one a process, {survived} were survived, {aborted} aborted"
    );
    assert!(survived > 0 && aborted > 0);
}
