//! Operations from thread-local destructors, in threads that end in good order and by a panic.
//!
//! ```text
//!   EARLY registered ─ the map's seat taken ─ LATE registered ─ ... ─ the thread ends, or panics
//!                                             LATE destroyed:  the thread has its seat
//!                      seat given back
//!   EARLY destroyed:   each operation takes a seat for itself
//! ```

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use crate::allocator::balance;
use crate::exhaustive::SOME;
use crate::model::content;
use crate::point::{Call, caught, inject};
use crate::script::Model;
use crate::sweep::{Beside, sweep};
use crate::types::{Builder, Few, Ledger, Lookup, Map};
use crate::unwinding::OnDrop;

type AtExit = RefCell<Option<OnDrop<Box<dyn FnMut() + Send>>>>;

thread_local! {
    static EARLY: AtExit = const { RefCell::new(None) };
    static LATE: AtExit = const { RefCell::new(None) };
}

/// A thread that runs `early` and `late` when it ends, and `body` before, which uses a map; and how the
/// former two end.
fn spawn(
    early: impl FnMut() + Send + 'static,
    body: impl FnOnce() + Send + 'static,
    late: impl FnMut() + Send + 'static,
) -> (JoinHandle<()>, mpsc::Receiver<std::thread::Result<()>>) {
    let (ended, results) = mpsc::channel();
    let early = reporting(early, ended.clone());
    let late = reporting(late, ended);
    let thread = std::thread::spawn(move || {
        EARLY.set(Some(OnDrop(early)));
        let map = splitmap::HashMap::new();
        map.insert(1, 1); // takes the seat
        LATE.set(Some(OnDrop(late)));
        body();
    });
    (thread, results)
}

/// `f`, with its panics sent away: one that leaves a thread-local destructor would abort.
fn reporting(
    mut f: impl FnMut() + Send + 'static,
    ended: mpsc::Sender<std::thread::Result<()>>,
) -> Box<dyn FnMut() + Send> {
    Box::new(move || {
        let _ = ended.send(catch_unwind(AssertUnwindSafe(&mut f)));
    })
}

/// Both destructors ran, and did not panic.
fn assert_well(results: &mpsc::Receiver<std::thread::Result<()>>) {
    let results: Vec<_> = results.iter().collect();
    assert_eq!(results.len(), 2);
    assert!(results.iter().all(Result::is_ok));
}

#[test]
fn any_call_panics_in_a_thread_local_destructor() {
    let sweep = |name| move || sweep::<Few>(name, SOME, Beside::Solitude, 8);
    let (thread, results) = spawn(
        sweep("in a thread-local destructor, without a seat"),
        || (),
        sweep("in a thread-local destructor"),
    );
    thread.join().unwrap();
    assert_well(&results);
}

#[test]
fn threads_that_end_by_a_panic_use_the_map_in_their_last_destructors() {
    let ledger = Ledger::new();
    let map: Arc<Map<Few>> = Arc::new(Map::with_hasher(Builder::new()));
    let threads = 6;
    for t in 0..threads {
        map.insert(ledger.key(t), ledger.value(t));
    }
    let use_map = |k: u64| {
        let (map, ledger) = (Arc::clone(&map), Arc::clone(&ledger));
        move || {
            map.insert(ledger.key(k), ledger.value(k));
            map.update(&Lookup(k), |_, old| ledger.value(old.n() + 1));
            map.insert(ledger.key(k + 1), ledger.value(k));
            map.remove(&Lookup(k + 1));
            map.flush();
        }
    };
    let threads: Vec<_> = (0..threads)
        .map(|t| {
            let (map, ledger) = (Arc::clone(&map), Arc::clone(&ledger));
            let dies = move || {
                let _held = (map.get(&Lookup(t)), ledger.value(7));
                map.update(&Lookup(t), |_, _| std::panic::resume_unwind(Box::new(t)));
            };
            spawn(use_map(100 * (t + 1)), dies, use_map(100 * (t + 1) + 50))
        })
        .collect();
    let mut expected = Model::new();
    for ((thread, results), t) in threads.into_iter().zip(0..) {
        assert_eq!(thread.join().unwrap_err().downcast_ref(), Some(&t));
        assert_well(&results);
        let (early, late) = (100 * (t + 1), 100 * (t + 1) + 50);
        expected.extend([(t, t), (early, early + 1), (late, late + 1)]);
    }
    assert_eq!(content(&map, 1000, true), expected);
    map.flush();
    drop(Arc::into_inner(map).expect("the threads' shares are gone"));
    ledger.close();
}

/// Seats are numbered, the lowest free one is taken, and a map's first use from a high one allocates more:
/// that shows whether seats are lost.
#[test]
#[cfg_attr(miri, ignore = "many threads")]
fn threads_that_panic_in_their_last_operation_give_their_seat_back() {
    let cost = || {
        let thread = std::thread::spawn(|| {
            let use_map = || {
                let map = splitmap::HashMap::new();
                map.insert(1, 1);
                map
            };
            drop(use_map()); // what the thread allocates once and for all
            let (before, _map) = (balance(), use_map());
            balance().since(before)
        });
        thread.join().unwrap()
    };
    let before = cost();
    for _ in 0..100 {
        let map = splitmap::HashMap::from([(1, 1)]);
        let panic = move || {
            let update = || drop(map.update(&1, |_, _| inject(Call::Closure)));
            assert_eq!(caught(update), Err(Call::Closure));
        };
        let (thread, results) = spawn(panic, || (), || ());
        thread.join().unwrap();
        assert_well(&results);
    }
    assert_eq!(cost(), before);
}
