//! Atomicity and message passing between threads.
//!
//! QEMU on x86-64 shows atomicity and results; of ordering it shows only what x86-64 itself does not
//! forbid. Miri (on `Portable`) and the argument in the sources stand for the rest.

use crate::{ROUNDS, THREADS, all_cores};
use core::cell::UnsafeCell;
use core::ptr::{null_mut, without_provenance_mut};
use core::sync::atomic::Ordering::{Acquire, Relaxed};
use core::sync::atomic::{AtomicUsize as Counter, AtomicUsize as Data};
use splitmap_arch::backends::{Backend, PairBackend as _, PtrWord};
use splitmap_arch::{AtomicPair, AtomicPtr, spin_hint};
use std::sync::Barrier;
use std::thread::scope;

/// Runs `work` on every thread at once; the argument is the thread's number.
fn on_all_threads(work: impl Fn(usize) + Sync) {
    let (work, start) = (&work, &Barrier::new(THREADS));
    let _cores = all_cores();
    scope(|threads| {
        for thread in 0..THREADS {
            threads.spawn(move || {
                start.wait();
                work(thread);
            });
        }
    });
}

pub(crate) fn fetch_add_loses_no_count<B: Backend + Sync>(backend: B) {
    let word = PtrWord::new(null_mut());
    on_all_threads(|_| {
        for _ in 0..ROUNDS {
            backend.fetch_add(&word, 1);
        }
    });
    assert_eq!(word.load(Relaxed).addr(), THREADS * ROUNDS);
}

pub(crate) fn relaxed_fetch_add_loses_no_count<B: Backend + Sync>(backend: B) {
    let word = PtrWord::new(null_mut());
    on_all_threads(|_| {
        for _ in 0..ROUNDS {
            backend.fetch_add_relaxed(&word, 3);
        }
    });
    assert_eq!(word.load(Relaxed).addr(), 3 * THREADS * ROUNDS);
}

pub(crate) fn compare_exchange_loop_loses_no_count<B: Backend + Sync>(backend: B) {
    let word = PtrWord::new(null_mut());
    on_all_threads(|_| {
        for _ in 0..ROUNDS {
            let mut seen = word.load(Relaxed);
            while let Err(found) =
                backend.compare_exchange(&word, seen, seen.map_addr(|count| count + 1))
            {
                assert_ne!(
                    found, seen,
                    "a strong compare-and-swap fails only on a difference"
                );
                seen = found;
            }
        }
    });
    assert_eq!(word.load(Relaxed).addr(), THREADS * ROUNDS);
}

pub(crate) fn pushes_onto_a_stack_all_arrive<B: Backend + Sync>(backend: B) {
    struct Node {
        next: AtomicPtr<Node>,
        pushes: UnsafeCell<usize>,
    }
    // SAFETY: `pushes` is written by the node's owner before the push, and read after it.
    unsafe impl Sync for Node {}

    let per_thread = ROUNDS / 10;
    let nodes: Vec<Node> = (0..THREADS * per_thread)
        .map(|_| Node {
            next: AtomicPtr::default(),
            pushes: UnsafeCell::new(0),
        })
        .collect();
    let head = PtrWord::new(null_mut());

    on_all_threads(|thread| {
        for node in &nodes[thread * per_thread..(thread + 1) * per_thread] {
            // SAFETY: the node is not pushed yet, and in no other thread's part of the array.
            unsafe { *node.pushes.get() += 1 };
            let pointer = (&raw const *node).cast_mut();
            let mut top = head.load(Relaxed);
            loop {
                node.next.store_relaxed(top.cast());
                match backend.compare_exchange(&head, top, pointer.cast()) {
                    Ok(_) => break,
                    Err(found) => top = found,
                }
            }
        }
    });

    let mut arrived = 0;
    let mut current = head.load(Acquire).cast::<Node>();
    // SAFETY: only nodes of `nodes` were pushed, and `nodes` lives to the end of this function.
    while let Some(node) = unsafe { current.as_ref() } {
        // SAFETY: all threads have ended; nobody writes.
        arrived += unsafe { *node.pushes.get() };
        current = node.next.load_relaxed();
    }
    assert_eq!(arrived, THREADS * per_thread);
}

pub(crate) fn racing_marks_have_one_winner<B: Backend + Sync>(backend: B) {
    const MARK: usize = 1;
    let words: Vec<PtrWord> = (0..ROUNDS / 4)
        .map(|i| PtrWord::new(without_provenance_mut(i * 8)))
        .collect();
    let winners = Counter::new(0);
    on_all_threads(|_| {
        for (i, word) in words.iter().enumerate() {
            let unmarked = without_provenance_mut(i * 8);
            match backend.mark_if_equal(word, unmarked, MARK) {
                Ok(previous) => {
                    assert_eq!(previous, unmarked);
                    winners.fetch_add(1, Relaxed);
                }
                Err(found) => assert_eq!(found.addr(), (i * 8) | MARK),
            }
        }
    });
    assert_eq!(winners.into_inner(), words.len());
}

pub(crate) fn swapped_token_is_held_by_one<B: Backend + Sync>(backend: B) {
    struct Token(UnsafeCell<usize>);
    // SAFETY: only the thread that swapped the token out touches its content.
    unsafe impl Sync for Token {}

    let token = Token(UnsafeCell::new(0));
    let word = PtrWord::new((&raw const token).cast_mut().cast());
    let rounds = ROUNDS / 4;
    on_all_threads(|_| {
        let mut held = 0;
        while held < rounds {
            let found = backend.swap(&word, null_mut());
            // SAFETY: the word holds null or a pointer to `token`, which outlives the threads.
            let Some(token) = (unsafe { found.cast::<Token>().as_ref() }) else {
                // The holder may need this core to go on.
                std::thread::yield_now();
                continue;
            };
            // SAFETY: whoever swapped the token out is alone with its content until it is put back;
            // the acquire-release swaps order the holders.
            unsafe { *token.0.get() += 1 };
            held += 1;
            assert!(backend.swap(&word, found).is_null());
        }
    });
    assert_eq!(token.0.into_inner(), THREADS * rounds);
}

pub(crate) fn every_thread_owns_its_bit<B: Backend + Sync>(backend: B) {
    let word = PtrWord::new(null_mut());
    on_all_threads(|thread| {
        let bit = 1 << (thread * 7);
        for _ in 0..ROUNDS / 4 {
            assert_eq!(backend.fetch_or(&word, bit).addr() & bit, 0);
            assert_eq!(backend.fetch_and(&word, !bit).addr() & bit, bit);
        }
    });
    assert_eq!(word.load(Relaxed), null_mut());
}

pub(crate) fn message_arrives_before_its_flag<B: Backend + Sync>(backend: B) {
    let rounds = ROUNDS / 8;
    let (data, flag) = (Data::new(0), PtrWord::new(null_mut()));
    let _cores = all_cores();
    scope(|threads| {
        threads.spawn(|| {
            for round in 1..=rounds {
                data.store(round, Relaxed);
                // The release half of the swap carries `data`.
                backend.swap(&flag, without_provenance_mut(round));
            }
        });
        threads.spawn(|| {
            let mut seen = 0;
            while seen < rounds {
                // The acquire half of the read-modify-writes receives it; so does a failed one.
                seen = backend.fetch_add(&flag, 0).addr();
                assert!(data.load(Relaxed) >= seen, "flag before data");
                if let Err(found) = backend.compare_exchange(&flag, null_mut(), null_mut()) {
                    seen = found.addr();
                    assert!(data.load(Relaxed) >= seen, "flag before data");
                }
                spin_hint();
            }
        });
    });
}

pub(crate) fn pair_is_never_torn<B: Backend + Sync>(backend: B)
where
    B::Wide: Sync,
{
    let Some(wide) = backend.wide() else { return };
    let pair = AtomicPair::new([0, usize::MAX]);
    on_all_threads(|_| {
        for _ in 0..ROUNDS / 4 {
            let mut seen = [0, usize::MAX];
            while let Err(found) =
                wide.compare_exchange_pair(&pair, seen, [seen[0] + 1, seen[1] - 1])
            {
                assert_eq!(found[0], !found[1], "half of one value and half of another");
                assert_ne!(
                    found, seen,
                    "a strong compare-and-swap fails only on a difference"
                );
                seen = found;
            }
        }
    });
    let mut pair = pair;
    let count = THREADS * (ROUNDS / 4);
    assert_eq!(*pair.get_mut(), [count, !count]);
}
