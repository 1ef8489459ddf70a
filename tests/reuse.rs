//! Addresses that are reused at the worst moment: user code, called in the middle of an operation, frees
//! the next node and has another made in its place. Results must be right; and under Miri (with
//! `-Zmiri-address-reuse-rate=1`) no pointer to the former node may be used, though its address is the
//! same.

mod common;

use common::BadHash;
use splitmap::{Equivalent, HashMap};
use std::cell::Cell;
use std::hash::{Hash, Hasher};

/// All keys collide, so that the order in the list is that of insertion.
type Map = HashMap<u64, [u64; 6], BadHash>;

/// A map of `1 -> 2`.
fn two() -> Map {
    let map = HashMap::with_hasher(BadHash);
    map.insert(1, [10; 6]);
    map.insert(2, [20; 6]);
    map
}

/// Frees `2` and makes `3`, likely where it was, behind `1`; once.
fn swap_successor(map: &Map, once: &Cell<bool>) {
    if once.replace(false) {
        drop(map.remove(&2));
        map.flush();
        drop(map.insert(3, [30; 6]));
    }
}

#[test]
fn the_successor_is_reused_during_an_update() {
    let (map, once) = (two(), Cell::new(true));
    map.update(&1, |_, value| {
        swap_successor(&map, &once);
        [value[0] + 1; 6]
    });
    assert_eq!(map.get(&3).unwrap()[0], 30);
    assert_eq!(map.get(&1).unwrap()[0], 11);
}

#[test]
fn the_successor_is_reused_during_a_removal() {
    let (map, once) = (two(), Cell::new(true));
    let removed = map.remove_if(&1, |_, _| {
        swap_successor(&map, &once);
        true
    });
    assert_eq!(removed.unwrap()[0], 10);
    assert_eq!(map.get(&3).unwrap()[0], 30);
    assert_eq!(map.len(), 1);
}

/// A key that swaps the successor when it is compared.
struct Swapping<'map>(&'map Map, Cell<bool>, u64);

impl Hash for Swapping<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.2);
    }
}

impl Equivalent<u64> for Swapping<'_> {
    fn equivalent(&self, key: &u64) -> bool {
        swap_successor(self.0, &self.1);
        *key == self.2
    }
}

#[test]
fn the_successor_is_reused_during_a_look_up() {
    let map = two();
    let found = map.get(&Swapping(&map, Cell::new(true), 3));
    assert_eq!(found.unwrap()[0], 30);
}

#[test]
fn the_owner_of_a_lent_key_is_freed_by_its_last_user() {
    let map = HashMap::new();
    map.insert(1, String::from("a"));
    for _ in 0..3 {
        drop(map.update(&1, |_, value| format!("{value}b")));
        map.flush();
    }
    drop(map.remove(&1));
    map.flush();
    assert_eq!(map.retired_len(), 0);
}
