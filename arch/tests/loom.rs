//! loom models: `RUSTFLAGS="--cfg loom" cargo test -p splitmap-arch --test loom --release`.
//!
//! loom runs every interleaving, and every value that each load may return under the C11 model (except
//! that none returns a store that comes later). It treats `SeqCst` fences exactly, so the fenced form of
//! `StoreLoad` is what is proved here.
#![cfg(loom)]

#[path = "litmus/shapes.rs"]
mod shapes;

use core::ptr::without_provenance_mut;
use loom::sync::Arc;
use loom::thread;
use shapes::{Cell, SHAPES, Shape, Verdict};
use splitmap_arch::{AtomicPtr, AtomicUsize, StoreLoad};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Mutex;

/// Writes a line that the test harness does not capture.
fn report(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "loom: {line}").expect("standard output takes a line");
}

/// How many executions of `shape` end in each outcome; complete.
fn outcomes(shape: &'static Shape) -> BTreeMap<(usize, usize), usize> {
    // Of std: it outlives the executions, and loom is not to see it.
    let outcomes = std::sync::Arc::new(Mutex::new(BTreeMap::new()));
    let notes = std::sync::Arc::clone(&outcomes);
    loom::model(move || {
        let order = StoreLoad::register();
        let cell = Arc::new(Cell::default());
        let left = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || (shape.left)(&cell, order))
        };
        let right = (shape.right)(&cell, order);
        let left = left.join().expect("the left side does not panic");
        *notes
            .lock()
            .expect("nothing panics with the notes in hand")
            .entry((left, right))
            .or_insert(0) += 1;
    });
    outcomes
        .lock()
        .expect("nothing panics with the notes in hand")
        .clone()
}

/// What is forbidden is in no execution; and each control, which lacks one ordering, shows that the
/// exploration finds what the ordering is there for.
#[test]
fn exactly_the_allowed_litmus_outcomes_are_found() {
    for shape in SHAPES {
        let outcomes = outcomes(shape);
        let (executions, weak) = (
            outcomes.values().sum::<usize>(),
            outcomes.get(&shape.weak).copied().unwrap_or(0),
        );
        report(&format!(
            "{:<22} {:<19} in {weak} of {executions} executions, {} outcomes",
            shape.name,
            format!("{:?}", shape.verdict),
            outcomes.len()
        ));
        match shape.verdict {
            Verdict::Forbidden => assert_eq!(weak, 0, "{}", shape.name),
            Verdict::Allowed => assert_ne!(weak, 0, "{}: loom is blind to it", shape.name),
            Verdict::AllowedUnmodelled => {}
        }
        assert!(outcomes.len() > 1, "{}: the sides do not race", shape.name);
    }
}

/// loom's twins of the tag operations are atomic.
#[test]
fn tag_operations_lose_no_bit() {
    loom::model(|| {
        let node = without_provenance_mut::<u64>(8);
        let link = Arc::new(AtomicPtr::new(node));
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
        assert_eq!(link.load_acquire().addr(), node.addr() | 3);
        assert_eq!(count.load_acquire(), 2);
    });
}
