//! The script's operations that look first, then change the very entry that they saw; and those on many.

use splitmap::{Entry, Operation};

use crate::point::{Call, point};
use crate::script::{Op, all, pairs, seen};
use crate::types::{Lookup, Spread};

/// Operations of several steps, a look-up and a change, or an iteration: what panics may be called in another step
/// than the one that has the effect, before it or after.
pub(crate) const STEPWISE: [&str; 4] = ["retain", "extract_if", "entry, insert", "entry, remove"];

pub(crate) fn compute_sum<S: Spread>() -> Op<S> {
    Op {
        name: "compute an insertion",
        run: |map, at| {
            let computed = map.compute(at.ledger.key(at.k), |entry, _| {
                let old = entry.map_or(0, |(_, value)| value.n());
                let new = at.ledger.value(old + at.n);
                point(Call::Closure);
                Operation::<_, ()>::Insert(new)
            });
            computed.into_entry().into_iter().collect()
        },
        model: |model, at| {
            *model.entry(at.k).or_insert(0) += at.n;
            seen(model, at)
        },
    }
}

pub(crate) fn compute_removal<S: Spread>() -> Op<S> {
    Op {
        name: "compute a removal",
        run: |map, at| {
            let computed = map.compute(at.ledger.key(at.k), |_, _| {
                point(Call::Closure);
                Operation::<_, ()>::Remove
            });
            match computed {
                splitmap::Computed::Removed(old) => old.into_iter().collect(),
                other => panic!("{other:?}"),
            }
        },
        model: |model, at| pairs(at.k, model.remove(&at.k)),
    }
}

pub(crate) fn compute_nothing<S: Spread>() -> Op<S> {
    Op {
        name: "compute nothing",
        run: |map, at| {
            let computed = map.compute(at.ledger.key(at.k), |_, _| {
                point(Call::Closure);
                Operation::Abort(at.n)
            });
            assert_eq!(computed.aborted(), Some(at.n));
            Vec::new()
        },
        model: |_, _| Vec::new(),
    }
}

pub(crate) fn update_or_insert_with<S: Spread>() -> Op<S> {
    Op {
        name: "update_or_insert_with",
        run: |map, at| {
            let updated = map.update_or_insert_with(
                at.ledger.key(at.k),
                |_, old| {
                    point(Call::Closure);
                    at.ledger.value(old.n() + at.n)
                },
                || {
                    point(Call::Closure);
                    at.ledger.value(at.n)
                },
            );
            vec![updated]
        },
        model: |model, at| {
            *model.entry(at.k).or_insert(0) += at.n;
            seen(model, at)
        },
    }
}

pub(crate) fn try_get_or_insert_with<S: Spread>() -> Op<S> {
    Op {
        name: "try_get_or_insert_with",
        run: |map, at| {
            let result = map.try_get_or_insert_with(at.ledger.key(at.k), || {
                point(Call::Closure);
                Err(at.n)
            });
            result.into_iter().collect()
        },
        model: |model, at| seen(model, at),
    }
}

pub(crate) fn replace<S: Spread>() -> Op<S> {
    Op {
        name: "replace",
        run: |map, at| {
            let replaced = map.replace(&Lookup(at.k), at.ledger.value(at.n));
            replaced.into_iter().collect()
        },
        model: |model, at| {
            pairs(
                at.k,
                model.get_mut(&at.k).map(|n| core::mem::replace(n, at.n)),
            )
        },
    }
}

pub(crate) fn entry_insert<S: Spread>() -> Op<S> {
    Op {
        name: "entry, insert",
        run: |map, at| {
            let inserted = match map.entry(at.ledger.key(at.k)) {
                Entry::Occupied(entry) => entry.insert(at.ledger.value(at.n)).ok(),
                Entry::Vacant(entry) => entry.insert(at.ledger.value(at.n)).ok(),
            };
            inserted.into_iter().collect()
        },
        model: |model, at| {
            model.insert(at.k, at.n);
            seen(model, at)
        },
    }
}

pub(crate) fn entry_remove<S: Spread>() -> Op<S> {
    Op {
        name: "entry, remove",
        run: |map, at| match map.entry(at.ledger.key(at.k)) {
            Entry::Occupied(entry) => entry.remove().into_iter().collect(),
            Entry::Vacant(_) => Vec::new(),
        },
        model: |model, at| pairs(at.k, model.remove(&at.k)),
    }
}

pub(crate) fn get_many<S: Spread>() -> Op<S> {
    Op {
        name: "get_many",
        run: |map, at| map.get_many([&Lookup(at.k)]).flatten().collect(),
        model: |model, at| seen(model, at),
    }
}

pub(crate) fn retain<S: Spread>() -> Op<S> {
    Op {
        name: "retain",
        run: |map, at| {
            map.retain(|key, _| {
                point(Call::Closure);
                key.n() != at.k
            });
            Vec::new()
        },
        model: |model, at| {
            model.remove(&at.k);
            Vec::new()
        },
    }
}

pub(crate) fn extract_if<S: Spread>() -> Op<S> {
    Op {
        name: "extract_if",
        run: |map, at| {
            map.extract_if(|key, _| {
                point(Call::Closure);
                key.n() == at.k
            })
            .collect()
        },
        model: |model, at| pairs(at.k, model.remove(&at.k)),
    }
}

pub(crate) fn drain<S: Spread>() -> Op<S> {
    Op {
        name: "drain",
        run: |map, _| map.drain().collect(),
        model: |model, _| {
            let all = all(model);
            model.clear();
            all
        },
    }
}
