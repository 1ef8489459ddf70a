//! Iterators and panics: in the loop's body, and in destructors that run in a step.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::allocator::balance;
use crate::model::content;
use crate::point::{self, Call, caught, inject};
use crate::script::Model;
use crate::types::{Builder, Colliding, Few, Ledger, Lookup, Map, Mixed, Spread};

const LEN: u64 = if cfg!(miri) { 6 } else { 40 };

fn filled<S: Spread>(ledger: &Arc<Ledger>) -> Map<S> {
    let map = Map::with_hasher(Builder::new());
    for k in 0..LEN {
        map.insert(ledger.key(k), ledger.value(k));
    }
    map
}

#[test]
fn an_iterator_dropped_half_way_holds_nothing_any_more() {
    dropped_half_way::<Mixed>();
    dropped_half_way::<Few>();
    dropped_half_way::<Colliding>();
}

fn dropped_half_way<S: Spread>() {
    let ledger = Ledger::new();
    let map = filled::<S>(&ledger);
    for place in 0..LEN {
        let mut left = place;
        let panicked = caught(|| {
            for entry in &map {
                assert_eq!(entry.key().n(), entry.n());
                if left == 0 {
                    inject(Call::Closure);
                }
                left -= 1;
            }
        });
        assert_eq!(panicked, Err(Call::Closure));
        for k in 0..LEN {
            assert!(map.insert(ledger.key(k), ledger.value(k)).is_some());
        }
        map.flush();
        assert_eq!(map.retired_len(), 0, "nothing is held after place {place}");
    }
    drop(map);
    ledger.close();
}

#[test]
fn what_the_body_did_before_it_panicked_stays_done() {
    body_panics::<Mixed>();
    body_panics::<Few>();
    body_panics::<Colliding>();
}

fn body_panics<S: Spread>() {
    for place in 0..LEN {
        let ledger = Ledger::new();
        let map = filled::<S>(&ledger);
        let mut model: Model = (0..LEN).map(|k| (k, k)).collect();
        let mut left = place;
        let panicked = caught(|| {
            for entry in &map {
                let k = entry.key().n();
                if k.is_multiple_of(2) {
                    map.remove(&Lookup(k));
                    model.remove(&k);
                } else {
                    map.update(&Lookup(k), |_, old| ledger.value(old.n() + 100));
                    model.entry(k).and_modify(|n| *n += 100);
                }
                if left == 0 {
                    inject(Call::Closure);
                }
                left -= 1;
            }
        });
        assert_eq!(panicked, Err(Call::Closure));
        assert_eq!(content(&map, LEN, true), model);
        map.flush();
        assert_eq!(map.retired_len(), 0);
        drop(map);
        ledger.close();
    }
}

/// A destructor removes another entry and panics: what it removed falls due in the next operation, a
/// step of the iteration, and panics too. The iterator goes on where it was.
#[test]
fn an_iterator_goes_on_after_a_panic_in_a_step() {
    let in_a_step = go_on::<Mixed>() + go_on::<Few>();
    println!("panics: iterators: {in_a_step} destructors panicked in a step");
    assert!(in_a_step >= LEN);
}

fn go_on<S: Spread>() -> u64 {
    let mut in_a_step = 0;
    for place in 0..LEN {
        let ledger = Ledger::new();
        let map = Arc::new(filled::<S>(&ledger));
        for k in [LEN, LEN + 1] {
            map.insert(ledger.key(k), ledger.value(k));
        }
        // Retired before an iterator can hold it.
        map.remove(&Lookup(LEN));
        let mut iter = map.iter();
        let mut seen: Vec<u64> = (0..place)
            .map_while(|_| iter.next())
            .map(|e| e.n())
            .collect();

        point::arm_entry_drops(0);
        let other = Arc::downgrade(&map);
        point::before_the_panic(move || {
            let map = other.upgrade().unwrap();
            map.remove(&Lookup(LEN + 1));
            map.flush();
        });
        assert_eq!(caught(|| map.flush()), Err(Call::ValueDrop));

        point::arm_entry_drops(0);
        loop {
            match caught(|| iter.next()) {
                Ok(Some(entry)) => seen.push(entry.n()),
                Ok(None) => break,
                Err(_) => in_a_step += 1,
            }
        }
        point::disarm();
        seen.retain(|&n| n < LEN);
        assert_eq!(
            seen.len() as u64,
            LEN,
            "each once, {place} before the panic"
        );
        assert_eq!(BTreeSet::from_iter(seen).len() as u64, LEN);
        drop(iter);
        drop(map);
        ledger.close();
    }
    in_a_step
}

/// Whichever way a map goes, all of its memory goes with it.
#[test]
fn a_map_that_is_taken_apart_leaves_no_memory() {
    type Go = fn(Map<Mixed>);
    let ways: [Go; 5] = [
        drop,
        |map| drop(map.into_iter()),
        |map| assert_eq!(map.into_iter().count() as u64, LEN),
        |map| drop(map.into_iter().nth(2)),
        |map| assert_eq!(map.into_values().count() as u64, LEN),
    ];
    for (way, go) in ways.into_iter().enumerate() {
        let make_and_go = || {
            let ledger = Ledger::new();
            let map = filled(&ledger);
            map.insert(ledger.key(0), ledger.value(1)); // garbage
            go(map);
            ledger.close();
        };
        make_and_go(); // What this thread keeps for itself is there from now on.
        let before = balance();
        make_and_go();
        assert_eq!(balance(), before, "way {way}");
    }
}
