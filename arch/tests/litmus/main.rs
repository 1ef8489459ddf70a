//! Litmus tests of the memory model, on this machine, under QEMU and under Miri.
//!
//! | file | what |
//! | --- | --- |
//! | `shapes.rs` | the tests, as a table; `../loom.rs` explores the same table |
//! | `cores.rs` | a core for each of its threads |
//! | `race.rs` | runs one shape millions of times, on two threads |
//!
//! A forbidden outcome must never be seen. An allowed one is counted: a control that was "seen 0" times
//! says that, of this shape and here, nothing is proved by running. An x86-64 processor can show the SB
//! and HP controls alone, and so can QEMU on one; Miri shows those of MP as well. For what none of them
//! shows there are loom and docs/memory-model.md.
#![cfg(not(loom))]

mod cores;
mod race;
mod shapes;

use race::race;
use shapes::{SHAPES, Shape, Verdict};
use splitmap_arch::{StoreLoad, backend_name};
use std::io::Write as _;

/// The forms of this build that a shape is to be run on: one or two.
fn forms(shape: &Shape) -> Vec<StoreLoad> {
    let mut forms = vec![StoreLoad::register()];
    if shape.each_form {
        forms.push(StoreLoad::FENCED);
        forms.dedup();
    }
    forms
}

/// Writes a line that the test harness does not capture.
fn report(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "litmus: {line}").expect("standard output takes a line");
}

/// One test, so that nothing else runs at the same time: each shape needs two cores to itself.
#[test]
fn no_forbidden_outcome_is_seen() {
    report(&format!("backend {}", backend_name()));
    let mut wrong = Vec::new();
    for shape in SHAPES {
        for order in forms(shape) {
            let tally = race(shape, order);
            let form = if shape.each_form { order.name() } else { "-" };
            let kind = match shape.verdict {
                Verdict::Forbidden => "forbidden",
                Verdict::Allowed | Verdict::AllowedUnmodelled => "control",
            };
            report(&format!("{:<22} {form:<10} {kind:<9} {tally}", shape.name));
            if shape.verdict == Verdict::Forbidden && tally.weak > 0 {
                wrong.push(format!("{} on form {form}: {tally}", shape.name));
            }
        }
    }
    assert!(wrong.is_empty(), "forbidden, but seen: {wrong:#?}");
}
