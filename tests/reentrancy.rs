//! Any operation may be called from user code that the map calls: `Hash`, `Eq`, closures, destructors,
//! and from thread-local destructors; and a panic in any of them leaves a map that works.

mod common;

use common::{Census, Counted, scaled};
use splitmap::HashMap;
use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

type Map = HashMap<Key, Value>;

static MAP: OnceLock<Map> = OnceLock::new();

thread_local! {
    /// How deep the re-entrant calls are.
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// How many re-entrant calls are left: each makes garbage, whose destructors re-enter and make more.
static BUDGET: AtomicI64 = AtomicI64::new(0);

/// Uses the map from within the map's own calls, some levels deep.
fn reenter(n: u64) {
    DEPTH.with(|depth| {
        if depth.get() >= 2 || BUDGET.fetch_sub(1, Ordering::Relaxed) <= 0 {
            return;
        }
        depth.set(depth.get() + 1);
        let map = MAP.get().unwrap();
        map.get(&Key(n + 1));
        map.insert(Key(n + 2), Value(n + 2));
        map.update(&Key(n + 2), |_, v| Value(v.0 + 1));
        map.remove(&Key(n + 3));
        map.iter().take(2).count();
        depth.set(depth.get() - 1);
    });
}

struct Key(u64);
struct Value(u64);

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        reenter(self.0 % 16);
        state.write_u64(self.0 % 8);
    }
}
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        reenter(self.0 % 16);
        self.0 == other.0
    }
}
impl Eq for Key {}
impl Drop for Key {
    fn drop(&mut self) {
        reenter(self.0 % 16);
    }
}
impl Drop for Value {
    fn drop(&mut self) {
        reenter(self.0 % 16);
    }
}

#[test]
fn every_operation_works_inside_every_callback() {
    let (budget, rounds) = if cfg!(miri) {
        (40, 3)
    } else {
        (scaled(40_000), scaled(1_000))
    };
    BUDGET.store(i64::try_from(budget).unwrap(), Ordering::Relaxed);
    let map = MAP.get_or_init(HashMap::new);
    std::thread::scope(|scope| {
        for t in 0..2 {
            scope.spawn(move || {
                for n in 0..rounds {
                    let key = (n * 7 + t) % 20;
                    map.insert(Key(key), Value(n));
                    map.get_or_insert_with(Key(key), || {
                        reenter(key);
                        Value(n)
                    });
                    map.update(&Key(key), |_, v| {
                        reenter(key);
                        Value(v.0)
                    });
                    map.remove_if(&Key(key + 1), |_, _| {
                        reenter(key);
                        true
                    });
                }
            });
        }
    });
    map.clear();
    map.collect_retired();
}

/// Uses a map when its thread ends, after the map's own thread-local state may be gone.
struct AtExit(RefCell<Option<Arc<HashMap<u64, Counted>>>>, Census);

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some(map) = self.0.take() {
            for n in 0..if cfg!(miri) { 5 } else { 20 } {
                map.insert(n, self.1.counted(n));
                let seen = map.get(&n);
                map.remove(&n);
                assert!(seen.is_none_or(|seen| seen.get() == n));
            }
        }
    }
}

#[test]
fn thread_local_destructors_may_use_the_map() {
    thread_local! {
        static EARLY: AtExit = AtExit(RefCell::default(), Census::default());
        static LATE: RefCell<Option<AtExit>> = const { RefCell::new(None) };
    }
    let census = Census::default();
    let map = Arc::new(HashMap::new());
    for _ in 0..if cfg!(miri) { 3 } else { 8 } {
        let (map, census) = (Arc::clone(&map), census.clone());
        std::thread::spawn(move || {
            // One is registered before the map's first use on this thread, one after it: destructors
            // run in one order or the other, so that one of them finds the seat given back.
            EARLY.with(|early| *early.0.borrow_mut() = Some(Arc::clone(&map)));
            map.insert(100, census.counted(100));
            LATE.with(|late| {
                *late.borrow_mut() = Some(AtExit(RefCell::new(Some(map)), census));
            });
        })
        .join()
        .unwrap();
    }
    assert_eq!(map.len(), 1);
    drop(map);
    assert_eq!(census.alive(), 0);
}

#[test]
fn a_panic_in_a_closure_changes_nothing() {
    let map = HashMap::new();
    map.insert(1, 10);
    let panics = |f: &dyn Fn()| catch_unwind(AssertUnwindSafe(f)).is_err();
    assert!(panics(&|| drop(map.update(&1, |_, _| panic!("update")))));
    assert!(panics(&|| drop(
        map.remove_if(&1, |_, _| panic!("remove_if"))
    )));
    assert!(panics(&|| drop(
        map.get_or_insert_with(2, || panic!("get_or_insert_with"))
    )));
    assert_eq!((map.len(), map.get(&1).as_deref()), (1, Some(&10)));
    assert!(map.get(&2).is_none());
}

/// Panics when it is dropped, if it was told to.
struct Bomb(u64, Rc<Cell<u32>>);

impl Drop for Bomb {
    fn drop(&mut self) {
        self.1.set(self.1.get() + 1);
        assert!(self.0 != 13, "bomb");
    }
}

#[test]
fn a_panic_in_a_destructor_surfaces_and_loses_no_other() {
    const BOMBS: u32 = if cfg!(miri) { 20 } else { 100 };
    let drops = Rc::new(Cell::new(0));
    let map = HashMap::new();
    for n in 0..u64::from(BOMBS) {
        map.insert(n, Bomb(n, Rc::clone(&drops)));
    }
    map.clear();
    assert!(catch_unwind(AssertUnwindSafe(|| map.collect_retired())).is_err());
    assert_eq!((drops.get(), map.len(), map.retired_len()), (BOMBS, 0, 0));
    map.insert(13, Bomb(13, Rc::clone(&drops)));
    map.insert(14, Bomb(14, Rc::clone(&drops)));
    map.remove(&14);
    assert!(catch_unwind(AssertUnwindSafe(move || drop(map))).is_err());
    assert_eq!(drops.get(), BOMBS + 2);
}

/// A chain of entries, each of which removes the next one when it is dropped, and says how deep the
/// destructors are nested.
struct Chained(u64, Arc<HashMap<u64, Chained>>, Arc<AtomicI64>);

impl Drop for Chained {
    fn drop(&mut self) {
        DEPTH.with(|depth| {
            depth.set(depth.get() + 1);
            self.2.fetch_max(i64::from(depth.get()), Ordering::Relaxed);
            self.1.remove(&(self.0 + 1));
            self.1.collect_retired();
            depth.set(depth.get() - 1);
        });
    }
}

#[test]
fn a_chain_of_removing_destructors_does_not_nest_even_in_thread_local_destructors() {
    struct Start(RefCell<Option<Arc<HashMap<u64, Chained>>>>);
    impl Drop for Start {
        fn drop(&mut self) {
            let map = self.0.take().unwrap();
            map.remove(&0);
            map.collect_retired();
        }
    }
    thread_local! {
        static START: Start = const { Start(RefCell::new(None)) };
    }
    let map = Arc::new(HashMap::new());
    let deepest = Arc::new(AtomicI64::new(0));
    for n in 0..if cfg!(miri) { 20 } else { 100 } {
        map.insert(n, Chained(n, Arc::clone(&map), Arc::clone(&deepest)));
    }
    let chain = Arc::clone(&map);
    std::thread::spawn(move || {
        // Registered before the map's own: destroyed after it, or before it, as the platform has it.
        START.with(|start| *start.0.borrow_mut() = Some(Arc::clone(&chain)));
        chain.get(&0);
    })
    .join()
    .unwrap();
    assert!(map.is_empty());
    assert_eq!(deepest.load(Ordering::Relaxed), 1);
}

#[test]
fn a_panic_in_a_destructor_during_clear_leaves_an_empty_map() {
    let drops = Rc::new(Cell::new(0));
    let map = HashMap::new();
    let bombs = if cfg!(miri) { 40 } else { 5_000 };
    for n in 0..u64::from(bombs) {
        map.insert(n, Bomb(n, Rc::clone(&drops)));
    }
    // So many are freed on the way; the bomb may be among them, or among those that are left.
    let cleared = catch_unwind(AssertUnwindSafe(|| map.clear()));
    assert_eq!((map.len(), map.iter().count()), (0, 0));
    let collected = catch_unwind(AssertUnwindSafe(|| map.collect_retired()));
    assert!(cleared.is_err() != collected.is_err(), "it panics once");
    assert_eq!(drops.get(), bombs);
}
