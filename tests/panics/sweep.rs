//! One run of the script for each call of user code, with that call panicking.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::allocator::balance;
use crate::model::{KEYS, content, is_before_or_after, pairs};
use crate::point::{self, Call, Counts, NEVER, caught};
use crate::script::{At, FIRST, Model, script};
use crate::types::{Ledger, Lookup, Map, Spread, builders_alive};

/// What goes on beside the script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Nothing; after the panic, another thread uses the map.
    Nothing,
    /// Nothing at all, so that the allocations of this thread can be counted.
    Solitude,
    /// Some of the entries that the script sees are held to the end.
    Refs,
    /// Another thread inserts, updates and removes all the time.
    SecondThread,
    /// The call that panics uses the map first: its key too.
    Reentry,
}

/// Runs the script on `keys` keys with one call after the other panicking: each call, where the machine
/// is not slow, and one in `share` of those that remain.
pub(crate) fn sweep<S: Spread>(name: &str, keys: u64, beside: Beside, share: u64) {
    let start = Instant::now();
    let (counts, _) = run::<S>(keys, beside, NEVER);
    let total = counts.total();
    let mut fired = 0;
    for n in sample(total, share) {
        let before = balance();
        let (_, panicked) = run::<S>(keys, beside, n);
        if beside == Beside::Solitude {
            assert_eq!(balance(), before, "call {n}: memory, and before");
        }
        // What a second thread retires, this one may drop: the number of calls varies.
        assert!(
            panicked || beside == Beside::SecondThread,
            "call {n} of {total}"
        );
        fired += u64::from(panicked);
    }
    println!(
        "panics: {name}: {fired} of {total} calls panicked, one a run, in {:.1} s ({counts})",
        start.elapsed().as_secs_f32()
    );
}

/// Numbers below `total`: all of them optimized, fewer where each costs more; and one in `share`.
pub(crate) fn sample(total: u64, share: u64) -> impl Iterator<Item = u64> {
    let most: u64 = if cfg!(miri) {
        2
    } else if cfg!(splitmap_emulated) {
        60
    } else if cfg!(debug_assertions) {
        1_500
    } else {
        100_000
    };
    let soak = std::env::var("SPLITMAP_SOAK").map_or(1, |factor| factor.parse().unwrap_or(1));
    let most = (most * soak).div_ceil(share);
    let stride = total.div_ceil(most).max(1);
    (stride / 2..total).step_by(usize::try_from(stride).unwrap())
}

/// Runs the script with call `n` panicking; gives the calls, and whether it came to that.
fn run<S: Spread>(keys: u64, beside: Beside, n: u64) -> (Counts, bool) {
    let ledger = Ledger::new();
    point::arm(n);
    let map = caught(|| create(&ledger)).unwrap_or_else(|_| {
        // Nothing was made; everything given away was dropped.
        assert_eq!((ledger.alive(), builders_alive()), (0, 0));
        create(&ledger)
    });
    let mut play = Play::<S> {
        map: Arc::new(map),
        model: (0..FIRST).map(|k| (k, k)).collect(),
        ledger: Arc::clone(&ledger),
        keys,
        beside,
        thorough: n == NEVER && !cfg!(miri),
    };
    let (stop, steps) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        // Also if an assertion fails: the scope waits for the thread.
        let _stop = Stop(&stop);
        if beside == Beside::SecondThread {
            let (map, ledger, stop, steps) = (Arc::clone(&play.map), &ledger, &stop, &steps);
            scope.spawn(move || second_thread(&map, ledger, stop, steps));
        }
        play.steps(&steps);
    });
    let map = Arc::into_inner(play.map).expect("nobody else has it");
    let dropped = caught(|| drop(map));
    assert!(dropped.is_ok() || point::fired());
    let panicked = point::fired();
    let counts = point::disarm();
    ledger.close();
    assert_eq!(builders_alive(), 0);
    (counts, panicked)
}

/// A map made of an iterator, with keys `0..FIRST`.
fn create<S: Spread>(ledger: &Arc<Ledger>) -> Map<S> {
    (0..FIRST)
        .map(|k| {
            point::point(Call::Iterator);
            (ledger.key(k), ledger.value(k))
        })
        .collect()
}

/// A run between creation and drop.
struct Play<S: Spread> {
    map: Arc<Map<S>>,
    model: Model,
    ledger: Arc<Ledger>,
    keys: u64,
    beside: Beside,
    /// Compare everything after every step, not at the panic and the end alone.
    thorough: bool,
}

impl<S: Spread> Play<S> {
    fn steps(&mut self, others: &AtomicU64) {
        let (map, ledger) = (Arc::clone(&self.map), Arc::clone(&self.ledger));
        let (mut held, mut n) = (Vec::new(), 1000);
        for step in script::<S>(self.keys) {
            for k in step.keys {
                n += 1;
                let at = At {
                    k,
                    n,
                    ledger: &ledger,
                };
                self.prepare_reentry(k);
                match caught(|| (step.op.run)(&map, &at)) {
                    Ok(entries) => {
                        let expected = (step.op.model)(&mut self.model, &at);
                        assert_eq!(pairs(&entries), expected, "{} {k}", step.op.name);
                        if self.beside == Beside::Refs && n.is_multiple_of(3) {
                            let entries = entries.into_iter().take(3);
                            held.extend(entries.map(|entry| (entry.key().n(), entry.n(), entry)));
                        }
                    }
                    Err(call) => {
                        let mut after = self.model.clone();
                        (step.op.model)(&mut after, &at);
                        self.panicked(step.op.name, call, k, after);
                        self.others_go_on(others);
                    }
                }
            }
            if self.thorough {
                assert_eq!(self.content(), self.model, "{}", step.op.name);
            }
        }
        assert_eq!(self.content(), self.model);
        for (k, n, entry) in held {
            assert_eq!((entry.key().n(), entry.n()), (k, n), "what is held stays");
        }
    }

    fn content(&self) -> Model {
        let alone = self.beside != Beside::SecondThread;
        content(&self.map, self.extra() + 1, alone)
    }

    /// A key that only re-entrant calls use.
    fn extra(&self) -> u64 {
        self.keys + 10
    }

    /// `call` panicked in an operation on `k` that makes `after` of the model.
    fn panicked(&mut self, name: &str, call: Call, k: u64, mut after: Model) {
        if self.beside == Beside::Reentry {
            let extra = self.extra();
            reenter_model(&mut self.model, k, extra);
            reenter_model(&mut after, k, extra);
        }
        let now = self.content();
        assert!(
            is_before_or_after(name, call, &self.model, &after, &now),
            "{name} {k} with a panic in {call:?} made\n{now:?}\nof\n{:?}\ninstead of\n{after:?}",
            self.model
        );
        self.model = now;
    }

    fn prepare_reentry(&self, k: u64) {
        if self.beside == Beside::Reentry && !point::fired() {
            let (map, ledger) = (Arc::downgrade(&self.map), Arc::clone(&self.ledger));
            let extra = self.extra();
            point::before_the_panic(move || {
                // Gone when it is the map's drop that panics.
                if let Some(map) = map.upgrade() {
                    reenter(&map, &ledger, k, extra);
                }
            });
        }
    }

    /// Another thread can use the map.
    fn others_go_on(&self, steps: &AtomicU64) {
        let (map, ledger) = (&self.map, &self.ledger);
        match self.beside {
            Beside::Solitude => {}
            Beside::SecondThread => {
                // The step that runs now, and one that begins after the panic.
                let before = steps.load(Ordering::Relaxed);
                let start = Instant::now();
                while steps.load(Ordering::Relaxed) < before + 2 {
                    std::thread::yield_now();
                    if start.elapsed() > PATIENCE {
                        blocked();
                    }
                }
            }
            Beside::Nothing | Beside::Refs | Beside::Reentry => std::thread::scope(|scope| {
                let (done, wait) = mpsc::channel();
                scope.spawn(move || {
                    use_map(map, ledger, KEYS);
                    done.send(())
                });
                if wait.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
                    blocked();
                }
            }),
        }
    }
}

const PATIENCE: Duration = Duration::from_mins(2);

/// A blocked thread cannot be joined, so the test could not end otherwise.
fn blocked() -> ! {
    eprintln!("a thread is blocked after a panic in another one");
    std::process::abort()
}

/// What a call that panics does before: to its key `k`, and to one of its own.
fn reenter<S: Spread>(map: &Map<S>, ledger: &Arc<Ledger>, k: u64, extra: u64) {
    map.insert(ledger.key(extra), ledger.value(k));
    if k.is_multiple_of(2) {
        map.remove(&Lookup(k));
    } else {
        map.insert(ledger.key(k), ledger.value(5));
        map.update(&Lookup(k), |_, old| ledger.value(old.n() + 1));
    }
    assert!(map.iter().count() > 0);
    map.flush();
}

fn reenter_model(model: &mut Model, k: u64, extra: u64) {
    model.insert(extra, k);
    if k.is_multiple_of(2) {
        model.remove(&k);
    } else {
        model.insert(k, 6);
    }
}

/// Sets a flag when it is dropped.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        // Relaxed: nothing is handed over by it.
        self.0.store(true, Ordering::Relaxed);
    }
}

fn second_thread<S: Spread>(
    map: &Map<S>,
    ledger: &Arc<Ledger>,
    stop: &AtomicBool,
    steps: &AtomicU64,
) {
    // Relaxed: nothing is handed over by them.
    while !stop.load(Ordering::Relaxed) {
        let turn = steps.fetch_add(1, Ordering::Relaxed);
        use_map(map, ledger, KEYS + turn % 8);
    }
}

/// Uses the map from another thread, under a key that only this thread has. (The script may clear it.)
fn use_map<S: Spread>(map: &Map<S>, ledger: &Arc<Ledger>, k: u64) {
    map.insert(ledger.key(k), ledger.value(1));
    let updated = map.update(&Lookup(k), |_, old| ledger.value(old.n() + 1));
    assert!(updated.is_none_or(|entry| entry.n() == 2));
    assert!(map.get(&Lookup(k)).is_none_or(|entry| entry.n() == 2));
    map.remove(&Lookup(k));
    assert!(map.get(&Lookup(k)).is_none());
}
