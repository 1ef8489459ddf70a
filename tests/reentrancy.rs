//! Any operation may be called from user code that the map calls: `Hash`, `Eq`, closures, destructors,
//! and from thread-local destructors. (What a panic there leaves behind: `tests/panics`.)

mod common;

use common::scaled;
use splitmap::HashMap;
use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
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
    map.flush();
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
            self.1.flush();
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
            map.flush();
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
