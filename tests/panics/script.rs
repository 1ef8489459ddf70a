//! The script: a table of steps, each an operation on a range of keys; and the operations, each beside
//! what it does to the model.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use splitmap::Ref;

use crate::changes::{
    compute_nothing, compute_removal, compute_sum, drain, entry_insert, entry_remove, extract_if,
    get_many, replace, retain, try_get_or_insert_with, update_or_insert_with,
};
use crate::point::{Call, point};
use crate::types::{Ledger, Lookup, Map, Spread};

/// Key to number of the value.
pub(crate) type Model = BTreeMap<u64, u64>;
pub(crate) type Entries<'m> = Vec<Ref<'m, crate::types::Key, crate::types::Value>>;
pub(crate) type Pairs = Vec<(u64, u64)>;

/// One call of an operation.
pub(crate) struct At<'a> {
    /// The key.
    pub(crate) k: u64,
    /// The number of a new value, which no other call has.
    pub(crate) n: u64,
    pub(crate) ledger: &'a Arc<Ledger>,
}

pub(crate) struct Op<S: Spread> {
    pub(crate) name: &'static str,
    /// On the map; gives the entries that the method gives.
    pub(crate) run: for<'m> fn(&'m Map<S>, &At<'_>) -> Entries<'m>,
    /// On the model; gives the same entries, in the order of their keys.
    pub(crate) model: fn(&mut Model, &At<'_>) -> Pairs,
}

pub(crate) struct Step<S: Spread> {
    pub(crate) keys: Range<u64>,
    pub(crate) op: Op<S>,
}

/// The entries that a map is created with.
pub(crate) const FIRST: u64 = 4;

/// The steps between creation and drop, with entries `0..keys` at most, and some absent keys beyond.
pub(crate) fn script<S: Spread>(keys: u64) -> Vec<Step<S>> {
    let step = |keys, op| Step { keys, op };
    let (third, half) = (keys / 3, keys / 2);
    vec![
        step(FIRST..keys, insert()), // through doublings
        step(keys - 2..keys + 2, get()),
        step(0..third, insert()),       // replaces
        step(1..third + 2, update()),   // of replaced ones, and of first ones
        step(2..third, update()),       // of lent keys
        step(keys..keys + 1, update()), // absent
        step(0..3, try_insert()),       // occupied, once by a lent key
        step(keys..keys + 2, try_insert()),
        step(1..3, get_or_insert_with()), // present
        step(keys + 2..keys + 4, get_or_insert_with()),
        step(2..4, insert()),        // replaces lent keys
        step(1..third, remove()),    // lent ones
        step(third..half, remove()), // and others
        step(0..2, remove()),        // present, absent
        step(half..half + 6, remove_if_even()),
        step(0..1, flush()),
        step(0..1, iterate()),
        step(0..1, format()),
        step(0..third, insert()),
        step(0..third, update()),
        step(0..third, remove()),
        step(0..third, insert()), // while retired entries lend their keys
        step(half - 1..half + 1, contains_key()),
        step(half - 1..half + 1, get_key_value()),
        step(0..1, flush()),
        step(0..third, update()),
        step(2 * keys..2 * keys + 1, reserve()), // the key is the room
        step(0..1, clear()),
        step(0..2, get()),
        step(0..6, insert()),
        step(4..8, compute_sum()), // present, absent
        step(1..3, update()),
        step(2..4, compute_sum()), // of a lent key
        step(3..4, compute_nothing()),
        step(5..9, compute_removal()), // present, absent
        step(6..8, update_or_insert_with()),
        step(6..7, update_or_insert_with()),
        step(7..9, try_get_or_insert_with()), // present, absent
        step(1..2, replace()),                // a lent key
        step(7..9, replace()),                // present, absent
        step(7..10, entry_insert()),          // present, absent
        step(7..8, entry_remove()),
        step(1..2, entry_insert()), // of a lent key
        step(1..2, get_many()),
        step(2..3, retain()),
        step(3..4, extract_if()),
        step(0..1, drain()),
        step(0..6, insert()),
        step(1..4, update()),
        step(0..1, flush()),
        step(1..4, update()),
        step(4..5, remove()), // what is left, and what is retired, is dropped with the map
    ]
}

pub(crate) fn pairs(k: u64, n: Option<u64>) -> Pairs {
    n.map(|n| (k, n)).into_iter().collect()
}

pub(crate) fn seen(model: &Model, at: &At<'_>) -> Pairs {
    pairs(at.k, model.get(&at.k).copied())
}

pub(crate) fn all(model: &Model) -> Pairs {
    model.iter().map(|(&k, &n)| (k, n)).collect()
}

fn insert<S: Spread>() -> Op<S> {
    Op {
        name: "insert",
        run: |map, at| {
            let replaced = map.insert(at.ledger.key(at.k), at.ledger.value(at.n));
            replaced.into_iter().collect()
        },
        model: |model, at| pairs(at.k, model.insert(at.k, at.n)),
    }
}

fn try_insert<S: Spread>() -> Op<S> {
    Op {
        name: "try_insert",
        run: |map, at| {
            let result = map.try_insert(at.ledger.key(at.k), at.ledger.value(at.n));
            vec![result.unwrap_or_else(|error| error.entry)]
        },
        model: |model, at| pairs(at.k, Some(*model.entry(at.k).or_insert(at.n))),
    }
}

fn get_or_insert_with<S: Spread>() -> Op<S> {
    Op {
        name: "get_or_insert_with",
        run: |map, at| {
            vec![map.get_or_insert_with(at.ledger.key(at.k), || {
                point(Call::Closure);
                at.ledger.value(at.n)
            })]
        },
        model: |model, at| pairs(at.k, Some(*model.entry(at.k).or_insert(at.n))),
    }
}

fn update<S: Spread>() -> Op<S> {
    Op {
        name: "update",
        run: |map, at| {
            let updated = map.update(&Lookup(at.k), |key, old| {
                assert_eq!(key.n(), at.k);
                let new = at.ledger.value(old.n() + at.n);
                point(Call::Closure);
                new
            });
            updated.into_iter().collect()
        },
        model: |model, at| {
            model.entry(at.k).and_modify(|old| *old += at.n);
            seen(model, at)
        },
    }
}

fn remove<S: Spread>() -> Op<S> {
    Op {
        name: "remove",
        run: |map, at| map.remove(&Lookup(at.k)).into_iter().collect(),
        model: |model, at| pairs(at.k, model.remove(&at.k)),
    }
}

fn remove_if_even<S: Spread>() -> Op<S> {
    Op {
        name: "remove_if",
        run: |map, at| {
            let removed = map.remove_if(&Lookup(at.k), |_, value| {
                point(Call::Closure);
                value.n().is_multiple_of(2)
            });
            removed.into_iter().collect()
        },
        model: |model, at| {
            let even = model.get(&at.k).is_some_and(|n| n.is_multiple_of(2));
            pairs(at.k, even.then(|| model.remove(&at.k)).flatten())
        },
    }
}

fn get<S: Spread>() -> Op<S> {
    Op {
        name: "get",
        run: |map, at| map.get(&Lookup(at.k)).into_iter().collect(),
        model: |model, at| seen(model, at),
    }
}

fn get_key_value<S: Spread>() -> Op<S> {
    Op {
        name: "get_key_value",
        run: |map, at| map.get_key_value(&Lookup(at.k)).into_iter().collect(),
        model: |model, at| seen(model, at),
    }
}

fn contains_key<S: Spread>() -> Op<S> {
    Op {
        name: "contains_key",
        run: |map, at| {
            let entry = map
                .contains_key(&Lookup(at.k))
                .then(|| map.get(&Lookup(at.k)));
            entry.map(Option::unwrap).into_iter().collect()
        },
        model: |model, at| seen(model, at),
    }
}

fn iterate<S: Spread>() -> Op<S> {
    Op {
        name: "iter",
        run: |map, _| map.iter().collect(),
        model: |model, _| all(model),
    }
}

fn format<S: Spread>() -> Op<S> {
    Op {
        name: "Debug::fmt",
        run: |map, _| {
            assert!(format!("{map:?}").starts_with('{'));
            Vec::new()
        },
        model: |_, _| Vec::new(),
    }
}

fn reserve<S: Spread>() -> Op<S> {
    Op {
        name: "reserve",
        run: |map, at| {
            let room = usize::try_from(at.k).unwrap();
            map.reserve(room);
            assert!(map.capacity() >= room);
            Vec::new()
        },
        model: |_, _| Vec::new(),
    }
}

fn flush<S: Spread>() -> Op<S> {
    Op {
        name: "flush",
        run: |map, _| {
            map.flush();
            Vec::new()
        },
        model: |_, _| Vec::new(),
    }
}

fn clear<S: Spread>() -> Op<S> {
    Op {
        name: "clear",
        run: |map, _| {
            map.clear();
            Vec::new()
        },
        model: |model, _| {
            model.clear();
            Vec::new()
        },
    }
}
