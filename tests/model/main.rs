//! Random sequences of operations, with `std::collections::HashMap` as the model of what they answer;
//! proptest makes them, and shrinks one that fails.
//!
//! A failing sequence is printed, and its seed written to `tests/model/regressions.txt`, which belongs
//! in git: it is played first from then on. `SPLITMAP_SOAK=100 cargo test --release --test model` plays
//! a hundred times as many.

#![cfg(not(loom))]

#[path = "../common/mod.rs"]
mod common;
mod sequence;

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::test_runner::{Config, FileFailurePersistence, TestError, TestRunner};

use splitmap::HashMap;

use sequence::{Coverage, Edges, Hashing, Op, Setup, Start};

/// Operations in one sequence, at most.
const LENGTH_MAX: usize = if cfg!(miri) {
    20
} else if cfg!(splitmap_emulated) {
    100
} else {
    300
};

fn ops() -> impl Strategy<Value = Vec<Op>> {
    vec(any::<[u8; 3]>().prop_map(Op::from), 0..LENGTH_MAX)
}

fn setup(hashings: &'static [Hashing]) -> impl Strategy<Value = Setup> {
    let setup = any::<[u8; 3]>().prop_map(Setup::from);
    (setup, 0..hashings.len()).prop_map(|(setup, index)| Setup {
        hashing: hashings[index],
        ..setup
    })
}

/// How many sequences a test plays.
fn cases(cases: u32) -> u32 {
    let soak = std::env::var("SPLITMAP_SOAK").map_or(1, |factor| factor.parse().unwrap_or(1));
    let scaled = u32::try_from(common::scaled(cases.into())).unwrap_or(cases);
    scaled.max(3).saturating_mul(soak)
}

/// Plays `cases` sequences, shrinks one that fails, and says what was covered.
fn check<T>(
    name: &str,
    cases: u32,
    strategy: impl Strategy<Value = T>,
    play: impl Fn(T) -> Coverage,
) where
    T: std::fmt::Debug,
{
    // Miri isolates the program from files.
    let persistence = (!cfg!(miri)).then_some(FileFailurePersistence::Direct(
        "tests/model/regressions.txt",
    ));
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: persistence.map(|persistence| Box::new(persistence) as _),
        ..Config::default()
    });
    let (played, coverage) = (Cell::new(0), Cell::new(Coverage::default()));
    let failed = Cell::new(false);
    let result = runner.run(&strategy, |case| {
        // After the first failure proptest shrinks: that is not counted.
        let shrinking = failed.replace(true);
        let mut sum = coverage.get();
        sum.add(play(case));
        if !shrinking {
            failed.set(false);
            coverage.set(sum);
            played.set(played.get() + 1);
        }
        Ok(())
    });
    println!("{name}: {} sequences, {}", played.get(), coverage.get());
    match result {
        Ok(()) => {}
        Err(TestError::Fail(why, case)) => {
            panic!("{why}\nafter {} good sequences, by {case:?}", played.get())
        }
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

fn agree_with_std(name: &str, hashings: &'static [Hashing], n: u32) {
    check(name, cases(n), (setup(hashings), ops()), |(setup, ops)| {
        sequence::play(setup, &ops)
    });
}

#[test]
fn sequences_agree_with_std() {
    agree_with_std("well hashed", &[Hashing::Spread], 1_500);
}

#[test]
fn sequences_agree_with_std_when_all_keys_collide() {
    agree_with_std("all collide", &[Hashing::Bad], 400);
}

#[test]
fn sequences_agree_with_std_when_few_hashes_differ() {
    const FEW: &[Hashing] = &[
        Hashing::Trunc2,
        Hashing::Trunc3,
        Hashing::Trunc4,
        Hashing::Trunc5,
    ];
    agree_with_std("few hashes", FEW, 800);
}

#[test]
fn sequences_agree_with_std_when_keys_stand_at_the_edges_of_buckets() {
    agree_with_std("at the edges", &[Hashing::Edges], 500);
}

/// Growth, unlinking and reclamation are shared; the keys are not, so each thread knows its answers.
#[test]
fn parallel_sequences_on_keys_of_their_own_agree_with_std() {
    const ALL: &[Hashing] = &[
        Hashing::Spread,
        Hashing::Bad,
        Hashing::Trunc2,
        Hashing::Trunc5,
        Hashing::Edges,
    ];
    let sequences = vec(ops(), 2..=3);
    check(
        "in threads",
        cases(500),
        (setup(ALL), sequences),
        |(setup, sequences)| {
            let sequences: Vec<&[Op]> = sequences.iter().map(Vec::as_slice).collect();
            sequence::play_together(setup, &sequences)
        },
    );
}

/// Iteration goes by slots, in the order of memory, some at a time; so the places are where [`Edges`] wants them,
/// and it knows how the map spreads hashes.
#[test]
#[cfg_attr(miri, ignore = "tries the hasher, not the map")]
fn edges_are_edges() {
    const LEVEL: u32 = 12;
    let map = HashMap::with_capacity_and_hasher(1 << (LEVEL - 1), Edges);
    for number in 0..1_500_u64 {
        map.insert(number, ());
    }
    // Bucket 0 has slot 0, the new buckets of level l those from 2^(l - 1) on.
    let slots = map.iter().map(|entry| {
        let bucket = Edges::place(*entry.key()) >> (32 - LEVEL);
        let level = LEVEL - (bucket | 1 << LEVEL).trailing_zeros();
        let new = 1_u32.checked_shl(level.wrapping_sub(1)).unwrap_or(0);
        (new + (bucket >> (LEVEL - level)) / 2, bucket)
    });
    let mut most = 0;
    for (slot, bucket) in slots {
        assert!(
            slot + 64 > most,
            "slot {slot} of bucket {bucket} behind {most}"
        );
        most = most.max(slot);
    }
    assert!(most > 1 << (LEVEL - 2));
}

/// What the fuzzers' bytes come to, and an array as the beginning.
#[test]
fn bytes_become_sequences() {
    assert!(sequence::decode(&[0, 0]).is_none());
    let (setup, ops) = sequence::decode(&[1, 8, 3, 14, 5, 1, 0, 5, 0, 9]).unwrap();
    assert!(matches!(setup.start, Start::Collected(8)));
    assert!(matches!(
        ops[..],
        [
            Op::Insert { key: 5, keep: true },
            Op::Get {
                key: 5,
                keep: false
            }
        ]
    ));
    assert_eq!(sequence::play(setup, &ops).operations, 2);
    let map = HashMap::from([("a", 1), ("b", 2)]);
    assert_eq!((map.len(), map.get("b").as_deref()), (2, Some(&2)));
}
