//! loom models: `RUSTFLAGS="--cfg loom" cargo test -p splitmap-arch --test loom --release`.
//!
//! loom runs every interleaving, and every value that each load may return under the C11 model. It
//! treats `SeqCst` fences exactly, so the fenced form of `StoreLoad` is what is proved here.
#![cfg(loom)]

use core::ptr::{null_mut, without_provenance_mut};
use loom::sync::Arc;
use loom::thread;
use splitmap_arch::{AtomicPtr, AtomicUsize, StoreLoad};

fn node() -> *mut u64 {
    without_provenance_mut(8)
}

/// Either the remover sees the hazard, or the reader sees the unlinking.
#[test]
fn reader_and_remover_do_not_both_miss_each_other() {
    loom::model(|| {
        let order = StoreLoad::register();
        let link = Arc::new(AtomicPtr::new(node()));
        let hazard = Arc::new(AtomicPtr::<u64>::default());

        let reader = {
            let (link, hazard) = (Arc::clone(&link), Arc::clone(&hazard));
            thread::spawn(move || order.publish_then_load(&hazard, node(), &link) == node())
        };
        link.swap(null_mut());
        order.heavy();
        let remover_saw_hazard = hazard.load_acquire() == node();

        let reader_saw_link = reader.join().expect("the reader does not panic");
        assert!(
            !reader_saw_link || remover_saw_hazard,
            "a node in use would be freed"
        );
    });
}

/// The same in two halves: somebody else's code stores the hazard.
#[test]
fn load_after_publish_is_ordered_after_a_release_store() {
    loom::model(|| {
        let order = StoreLoad::register();
        let link = Arc::new(AtomicPtr::new(node()));
        let hazard = Arc::new(AtomicPtr::<u64>::default());

        let reader = {
            let (link, hazard) = (Arc::clone(&link), Arc::clone(&hazard));
            thread::spawn(move || {
                hazard.store_release(node());
                order.load_after_publish(&link) == node()
            })
        };
        link.swap(null_mut());
        order.heavy();
        let remover_saw_hazard = hazard.load_acquire() == node();

        let reader_saw_link = reader.join().expect("the reader does not panic");
        assert!(
            !reader_saw_link || remover_saw_hazard,
            "a node in use would be freed"
        );
    });
}

/// The control: without the order, loom finds the outcome. So the models above can fail.
#[test]
#[should_panic(expected = "a node in use would be freed")]
fn control_without_order_is_found() {
    loom::model(|| {
        let link = Arc::new(AtomicPtr::new(node()));
        let hazard = Arc::new(AtomicPtr::<u64>::default());

        let reader = {
            let (link, hazard) = (Arc::clone(&link), Arc::clone(&hazard));
            thread::spawn(move || {
                hazard.store_release(node());
                link.load_acquire() == node()
            })
        };
        link.swap(null_mut());
        let remover_saw_hazard = hazard.load_acquire() == node();

        let reader_saw_link = reader.join().expect("the reader does not panic");
        assert!(
            !reader_saw_link || remover_saw_hazard,
            "a node in use would be freed"
        );
    });
}

/// loom's twins of the tag operations are atomic.
#[test]
fn tag_operations_lose_no_bit() {
    loom::model(|| {
        let link = Arc::new(AtomicPtr::new(node()));
        let count = Arc::new(AtomicUsize::new(0));

        let other = {
            let (link, count) = (Arc::clone(&link), Arc::clone(&count));
            thread::spawn(move || {
                link.fetch_or(1);
                count.fetch_add(1)
            })
        };
        link.fetch_or(2);
        count.fetch_add(1);

        other.join().expect("the other thread does not panic");
        assert_eq!(link.load_acquire().addr(), node().addr() | 3);
        assert_eq!(count.load_acquire(), 2);
    });
}
