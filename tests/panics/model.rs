//! Comparing the map with the model: what it holds, and what it may hold after a panic.

use crate::changes::STEPWISE;
use crate::point::{Call, uncounted};
use crate::script::{Entries, Model};
use crate::types::{Lookup, Map, Spread};

/// Keys of the script and of re-entrant calls are below; those of a second thread are not.
pub(crate) const KEYS: u64 = 1 << 20;

/// What the map holds of the keys below `limit`, by look-ups; iteration and, if nobody else uses the map
/// (`alone`), the length must say the same.
pub(crate) fn content<S: Spread>(map: &Map<S>, limit: u64, alone: bool) -> Model {
    uncounted(|| {
        let content: Model = (0..limit)
            .filter_map(|k| {
                let entry = map.get(&Lookup(k))?;
                assert_eq!(entry.key().n(), k);
                Some((k, entry.n()))
            })
            .collect();
        let entries = pairs(&map.iter().collect());
        let looked_up: Vec<_> = content.iter().map(|(&k, &n)| (k, n)).collect();
        assert_eq!(entries, looked_up, "iteration, and look-ups");
        if alone {
            assert_eq!(map.len(), content.len());
        }
        content
    })
}

/// Keys and numbers of `entries`, sorted; without those of a second thread.
pub(crate) fn pairs(entries: &Entries<'_>) -> Vec<(u64, u64)> {
    let mut pairs: Vec<_> = entries
        .iter()
        .map(|entry| (entry.key().n(), entry.n()))
        .filter(|&(k, _)| k < KEYS)
        .collect();
    pairs.sort_unstable();
    pairs
}

/// Whether the map may hold `now` when `call` panicked in an operation that makes `after` of `before`.
///
/// Destructors of entries run when the operation has taken effect; all else before that. An operation on
/// many keys may have been done with some.
pub(crate) fn is_before_or_after(
    name: &str,
    call: Call,
    before: &Model,
    after: &Model,
    now: &Model,
) -> bool {
    if STEPWISE.contains(&name) {
        return now == before || now == after;
    }
    if call.is_entry_drop() {
        return now == after;
    }
    let changed = before
        .iter()
        .filter(|&(k, n)| after.get(k) != Some(n))
        .count();
    let new = after.keys().filter(|k| !before.contains_key(k)).count();
    if changed + new <= 1 {
        return now == before;
    }
    let either = |k| now.get(k) == before.get(k) || now.get(k) == after.get(k);
    now.keys()
        .chain(before.keys())
        .chain(after.keys())
        .all(either)
}
