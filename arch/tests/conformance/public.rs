//! The public types: thin, so these tests look for wrong wiring.

use crate::{ROUNDS, THREADS, all_cores, report};
use core::ptr::null_mut;
use splitmap_arch::{
    AtomicPair, AtomicPtr, AtomicUsize, Backoff, StoreLoad, WideCas, backend_name, fence_seq_cst,
    prefetch_read, spin_hint, wait_while_equal,
};
use std::thread::scope;

#[test]
fn process_names_its_backend_and_form() {
    let (name, form) = (backend_name(), StoreLoad::register().name());
    report(&format!(
        "public types run on {name}; StoreLoad form: {form}; two-word compare-and-swap: {}",
        if WideCas::detect().is_some() {
            "yes"
        } else {
            "no"
        }
    ));
    assert_eq!(name.ends_with("+emulated"), cfg!(splitmap_emulated));
    if cfg!(any(miri, splitmap_portable, splitmap_emulated)) {
        assert_eq!(form, "fenced");
    } else if cfg!(target_arch = "aarch64") {
        assert_eq!(form, "ordered");
    }
}

#[test]
fn registration_is_permanent() {
    let first = StoreLoad::register();
    scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| assert_eq!(StoreLoad::register(), first));
        }
    });
}

#[test]
fn pointer_methods_do_what_they_say() {
    let (mut a, mut b) = (1_u64, 2_u64);
    let (a, b) = (&raw mut a, &raw mut b);
    let mut link = AtomicPtr::new(a);
    assert_eq!(link.load_relaxed(), a);
    assert_eq!(link.compare_exchange(b, a), Err(a));
    assert_eq!(link.compare_exchange(a, b), Ok(a));
    assert_eq!(link.swap(a), b);
    assert_eq!(link.mark_if_equal(b, 1), Err(a));
    assert_eq!(link.mark_if_equal(a, 1), Ok(a));
    assert_eq!(link.fetch_or(2).addr(), a.addr() | 1);
    assert_eq!(link.fetch_and(!3).addr(), a.addr() | 3);
    assert_eq!(link.load_mut(), a);
    *link.get_mut() = b;
    assert_eq!(link.load_acquire(), b);
    link.store_relaxed(a);
    link.store_release(link.load_relaxed());
    assert_eq!(format!("{link:?}"), format!("{a:?}"));
    assert!(AtomicPtr::<u8>::default().load_mut().is_null());
}

#[test]
fn number_methods_do_what_they_say() {
    let mut number = AtomicUsize::new(5);
    assert_eq!(number.load_relaxed(), 5);
    assert_eq!(number.compare_exchange(4, 6), Err(5));
    assert_eq!(number.compare_exchange(5, 6), Ok(5));
    assert_eq!(number.swap(usize::MAX), 6);
    assert_eq!(number.fetch_add(2), usize::MAX);
    assert_eq!(number.fetch_add_relaxed(3), 1);
    assert_eq!(number.fetch_or(0b1010), 4);
    assert_eq!(number.fetch_and(0b0110), 0b1110);
    assert_eq!(number.load_mut(), 0b0110);
    number.store_relaxed(8);
    number.store_release(9);
    assert_eq!(number.load_acquire(), 9);
    assert_eq!(format!("{number:?}"), "9");
    assert_eq!(AtomicUsize::default().load_mut(), 0);
}

#[test]
fn wide_capability_is_there_exactly_where_documented() {
    let expected = cfg!(all(
        any(target_arch = "aarch64", target_arch = "x86_64"),
        target_endian = "little",
        not(any(miri, splitmap_portable))
    ));
    assert_eq!(WideCas::detect().is_some(), expected);
    if let Some(wide) = WideCas::detect() {
        let pair = AtomicPair::new([1, 2]);
        assert_eq!(wide.load(&pair), [1, 2]);
        assert_eq!(wide.compare_exchange(&pair, [1, 2], [0, 0]), Ok([1, 2]));
        assert_eq!(wide.load(&pair), [0, 0]);
    }
}

#[test]
fn publication_stores_and_loads_the_right_words() {
    for order in [StoreLoad::FENCED, StoreLoad::register()] {
        let (mut node, mut other) = (1_u32, 2_u64);
        let link = AtomicPtr::new(&raw mut node);
        let hazard = AtomicPtr::new(null_mut::<u64>());
        assert_eq!(
            order.publish_then_load(&hazard, &raw mut other, &link),
            &raw mut node
        );
        assert_eq!(hazard.load_relaxed(), &raw mut other);
        assert_eq!(order.load_after_publish(&link), &raw mut node);
        order.heavy();
    }
}

#[test]
fn waiting_ends_when_the_word_changes() {
    let word = AtomicUsize::new(0);
    let _cores = all_cores();
    scope(|threads| {
        threads.spawn(|| {
            for round in 0..ROUNDS / 100 {
                while word.load_acquire() == 2 * round {
                    wait_while_equal(&word, 2 * round);
                }
                word.fetch_add(1);
            }
        });
        for round in 0..ROUNDS / 100 {
            word.fetch_add(1);
            while word.load_acquire() == 2 * round + 1 {
                wait_while_equal(&word, 2 * round + 1);
                std::thread::yield_now();
            }
        }
    });
    assert_eq!(word.load_relaxed(), 2 * (ROUNDS / 100));
}

/// Nobody writes the word: the call must come back all the same.
#[test]
fn waiting_is_bounded() {
    let word = AtomicUsize::new(7);
    for _ in 0..20 {
        wait_while_equal(&word, 7);
        wait_while_equal(&word, 8);
    }
}

#[test]
fn hints_change_nothing() {
    prefetch_read(null_mut::<u64>());
    prefetch_read(core::ptr::without_provenance::<u8>(usize::MAX));
    spin_hint();
    fence_seq_cst();
    let backoff = Backoff::default();
    for _ in 0..20 {
        backoff.spin();
    }
    backoff.reset();
}
