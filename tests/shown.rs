//! What maps, entries and errors look like when they are printed (std's map beside, where it has the same), and how
//! maps are made.

use std::error::Error;
use std::sync::Arc;

use splitmap::{Computed, Entry, HashMap, HashSet, Operation};

/// The name of a type before its first parenthesis or brace.
fn name(shown: &impl std::fmt::Debug) -> String {
    let shown = format!("{shown:?}");
    shown
        .split(&[' ', '(', '{', '<'][..])
        .next()
        .unwrap()
        .into()
}

#[test]
fn maps_and_sets_are_shown_as_std_shows_its_own() {
    let std = std::collections::HashMap::from([("a", 1)]);
    let map = HashMap::from([("a", 1)]);
    assert_eq!(format!("{map:?}"), format!("{std:?}"));
    assert_eq!(format!("{map:#?}"), format!("{std:#?}"));
    let (std, set) = (std::collections::HashSet::from(["a"]), HashSet::from(["a"]));
    assert_eq!(format!("{set:?}"), format!("{std:?}"));
    assert_eq!(format!("{:?}", HashMap::<u8, u8>::new()), "{}");
}

#[test]
fn entries_are_shown_with_what_they_hold() {
    let map = Arc::new(HashMap::from([("a", 1)]));
    let entry = map.get("a").unwrap();
    let owned = map.get_owned("a").unwrap();
    for shown in [format!("{entry:?}"), format!("{owned:?}")] {
        assert!(shown.contains("\"a\"") && shown.contains('1'), "{shown}");
    }
    assert_eq!(
        (format!("{entry}"), format!("{owned}")),
        ("1".into(), "1".into())
    );
    let key = map.keys().next().unwrap();
    assert_eq!(
        (format!("{key:?}"), format!("{key}")),
        ("\"a\"".into(), "a".into())
    );

    let std = std::collections::HashMap::from([("a", 1)]);
    let (mut std, ours) = (std, map.entry("a"));
    assert_eq!(ours.key(), &"a");
    let shown = (format!("{ours:?}"), format!("{:?}", std.entry("a")));
    assert!(
        shown
            .0
            .starts_with("Entry(OccupiedEntry { key: \"a\", value: 1"),
        "{shown:?}"
    );
    let (ours, std) = (map.entry("b"), std.entry("b"));
    assert_eq!(
        (ours.key(), format!("{ours:?}")),
        (&"b", format!("{std:?}"))
    );
    let Entry::Vacant(vacant) = ours else {
        panic!("not there")
    };
    assert_eq!(vacant.into_key(), "b");
    assert_eq!(*map.entry("b").or_default(), 0);
}

#[test]
fn what_walks_is_shown_by_its_name() {
    let mut map = HashMap::from([("a", 1)]);
    let shared = Arc::new(map.clone());
    assert_eq!(name(&map.iter()), "Iter");
    assert_eq!(
        (name(&map.keys()), name(&map.values())),
        ("Keys".into(), "Values".into())
    );
    assert_eq!(name(&map.get_many(&["a"])), "GetMany");
    assert_eq!(
        (name(&map.raw()), name(&shared.iter_owned())),
        ("Raw".into(), "OwnedIter".into())
    );
    assert_eq!(name(&map.extract_if(|_, _| false)), "ExtractIf");
    assert_eq!(name(&map.iter_mut()), "IterMut");
    assert_eq!(name(&map.values_mut()), "ValuesMut");
    assert_eq!(name(&map.clone().into_iter()), "IntoIter");
    assert_eq!(name(&map.clone().into_keys()), "IntoKeys");
    assert_eq!(name(&map.clone().into_values()), "IntoValues");
    assert_eq!(name(&map.drain()), "Drain");
    assert!(map.is_empty());
    let raw = map.raw();
    assert_eq!(name(&{ raw }), name(&raw), "it can be copied");
}

#[test]
fn errors_say_what_is_the_matter() {
    let map = HashMap::from([("a", 1)]);
    let mut std = std::collections::HashMap::from([("a", 1)]);
    let error = map.try_reserve(usize::MAX).unwrap_err();
    let others = std.try_reserve(usize::MAX).unwrap_err();
    assert!(
        error.to_string().contains("capacity"),
        "{error}; std: {others}"
    );
    assert_eq!(error.clone(), error);

    let occupied = map.try_insert("a", 2).unwrap_err();
    let shown = occupied.to_string();
    assert!(
        shown.contains("\"a\" already exists with value 1"),
        "{shown}"
    );
    assert_eq!(
        format!("{occupied:?}"),
        "OccupiedError { key: \"a\", old_value: 1, new_value: 2 }"
    );

    let other = map.compare_exchange("a", &7, 8).unwrap_err();
    assert_eq!(other.to_string(), "the value is 1, not the expected one");
    let absent = HashMap::<&str, i32>::new();
    let absent = absent.compare_exchange("a", &7, 8).unwrap_err();
    assert_eq!(
        (absent.to_string(), absent.value),
        ("the key is absent".into(), 8)
    );
    assert_eq!(name(&absent), "CompareExchangeError");
    let all: [&dyn Error; 4] = [&error, &occupied, &other, &absent];
    assert!(all.iter().all(|error| error.source().is_none()));
}

#[test]
fn computations_are_shown_by_what_they_did() {
    let map = HashMap::new();
    let compute = |operation: Operation<u32, &'static str>| map.compute("a", |_, _| operation);
    let shown = [
        name(&compute(Operation::Abort("why"))),
        name(&compute(Operation::Insert(1))),
        name(&compute(Operation::Insert(2))),
        name(&compute(Operation::Remove)),
    ];
    assert_eq!(shown, ["Aborted", "Inserted", "Updated", "Removed"]);
    let again: Computed<'_, _, _, &str> = compute(Operation::Remove);
    assert!(again.into_entry().is_none());
    assert_eq!(
        compute(Operation::Insert(3)).into_entry().as_deref(),
        Some(&3)
    );
    assert_eq!(compute(Operation::Abort("why")).aborted(), Some("why"));
    assert_eq!(compute(Operation::Remove).aborted(), None);
}

#[test]
fn a_builder_sets_capacity_and_hasher() {
    let map: HashMap<u32, u32, _> = HashMap::builder()
        .capacity(1_000)
        .hasher(foldhash::fast::FixedState::with_seed(7))
        .build();
    assert!(map.capacity() >= 1_000 && map.is_empty());
    let default: HashMap<u32, u32> = HashMap::builder().build();
    assert_eq!(default.capacity(), 0);
    let builder = HashMap::<u32, u32>::builder().capacity(usize::MAX);
    assert_eq!(name(&builder), "Builder");
    assert!(builder.try_build().is_err());
    let made = HashMap::<u32, u32>::builder().capacity(10).try_build();
    assert!(made.is_ok_and(|map| map.capacity() >= 10));
}

#[test]
fn a_set_has_the_settings_of_its_map() {
    let mut set: HashSet<u32> = HashSet::with_capacity(100);
    assert!(set.is_empty() && set.capacity() >= 100);
    set.reserve(1_000);
    assert!(set.capacity() >= 1_000 && set.try_reserve(usize::MAX).is_err());
    set.try_reserve(2_000).unwrap();
    set.extend(&[1, 2, 3]);
    set.shrink_to(500);
    assert!((500..2_000).contains(&set.capacity()));
    set.shrink_to_fit();
    assert!(set.capacity() < 500 && set.len() == 3);
    let odd: Vec<u32> = set.extract_if(|n| n % 2 == 1).map(|n| *n).collect();
    assert_eq!((odd.len(), set.contains(&2)), (2, true));
    let hasher = set.hasher().clone();
    let map: HashMap<u32, (), _> = HashMap::with_hasher(hasher);
    assert!(HashSet::from(map).is_empty());
}

/// A map that has never held anything has no list yet: every operation must know that.
#[test]
fn an_empty_map_has_nothing_to_give() {
    let mut map = HashMap::<u32, u32>::new();
    assert_eq!(map.replace(&1, 2).unwrap_err(), 2);
    assert!(map.get(&1).is_none() && map.remove(&1).is_none() && map.get_mut(&1).is_none());
    assert!(map.remove_if(&1, |_, _| true).is_none() && map.pop_any().is_none());
    assert!(map.update(&1, |_, n| *n).is_none() && map.compare_remove(&1, &2).is_err());
    assert!(map.iter().next().is_none() && map.iter_mut().next().is_none());
    assert!(map.get_many(&[1, 2]).all(|found| found.is_none()));
    assert_eq!((map.len(), map.capacity(), map.retired_len()), (0, 0, 0));
    map.retain(|_, _| false);
    map.clear();
    map.flush();
    map.shrink_to_fit();
    assert!(map.clone().into_iter().next().is_none());
    (&map).extend([(1, 2)]);
    assert_eq!(map.len(), 1);
}
