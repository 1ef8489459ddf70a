//! Linearizability: real concurrent histories of the map, each checked; and broken maps, each refused.
//!
//! | file | what |
//! | --- | --- |
//! | `history.rs` | calls, their outcomes, and the specification: one key, absent or with a value |
//! | `whole.rs` | the specification of all keys at once, for histories with snapshots |
//! | `checker.rs` | Wing, Gong and Lowe's search |
//! | `stamps.rs` | when a call was and when it returned: three kinds of stamps, and why they are sound |
//! | `subject.rs` | the map under test, and what widens the windows inside its operations |
//! | `plan.rs`, `recorder.rs`, `gate.rs`, `rounds.rs` | what threads do, its record, the rounds |
//! | `walks.rs` | `iter`, `clear` and `len` against their documentation |
//! | `refusal.rs` | counterexamples, made small |
//! | `broken.rs` | maps with a flaw each |
//!
//! What was covered is written past the test harness's capture. `SPLITMAP_SOAK=n` multiplies it.
//!
//! Why the checker is our own: of the crates that are there, `todc-utils` 0.1.1 has the algorithm over a
//! `Vec` that it searches and shifts for each step (its comment: "very expensive"), and can neither take
//! calls that are pending or come by twice (`clear`) nor more than one initial state; `lincheck` 0.2.1
//! (2023) tries all orders without a memo, inside loom; `stateright`'s is a part of a model checker with
//! a web server. With sequential threads, the search is forty lines.
#![cfg(not(loom))]

mod broken;
mod checker;
mod gate;
mod history;
mod plan;
mod recorder;
mod refusal;
mod rounds;
mod stamps;
mod subject;
mod walks;
mod whole;

#[path = "../common/mod.rs"]
mod common;

use broken::{Broken, Flaw};
use common::{BadHash, TruncHash, scaled};
use plan::{ON_KEYS, Plan, REPLACEMENTS, WITH_CLEARS, WITH_SNAPSHOTS, WITH_WALKS};
use splitmap::HashMap;
use stamps::Kind::{Clock, Counter, ProgramOrder};
use std::hash::BuildHasher;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Writes a line that the test harness does not capture.
fn report(line: &str) {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "linearizability: {line}").expect("standard output takes a line");
}

/// Held by a test with threads of its own: the test harness runs tests at once, and on few cores
/// they would only take each other's time slices.
fn all_cores() -> MutexGuard<'static, ()> {
    static CORES: Mutex<()> = Mutex::new(());
    // A test that failed says so itself; the next one may run.
    CORES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Operations of all tests.
static OPERATIONS: AtomicU64 = AtomicU64::new(0);

/// As much of `plan` as this machine and `SPLITMAP_SOAK` ask for.
fn sized(plan: &Plan) -> Plan {
    let soak = std::env::var("SPLITMAP_SOAK").map_or(1, |factor| factor.parse().unwrap());
    let rounds = scaled(plan.rounds * soak).max(2);
    if cfg!(miri) {
        return Plan {
            rounds: rounds.min(soak),
            threads: plan.threads.min(3),
            actions: 4,
            residents: plan.residents.min(2),
            fillers: plan.fillers.min(1),
            ..plan.clone()
        };
    }
    Plan {
        rounds,
        ..plan.clone()
    }
}

/// Runs each plan on maps with `hasher`, and none may be refused.
fn holds<S>(hasher: &S, plans: &[Plan])
where
    S: BuildHasher + Clone + Send + Sync + 'static,
{
    let _cores = all_cores();
    for plan in plans {
        let plan = &sized(plan);
        match rounds::run(plan, || HashMap::with_hasher(hasher.clone())) {
            Ok(covered) => {
                // Relaxed: a sum.
                let all = OPERATIONS.fetch_add(covered.operations, Ordering::Relaxed);
                let all = all + covered.operations;
                report(&format!(
                    "{} ({:?}): {covered}; {all} operations by now",
                    plan.name, plan.stamps
                ));
            }
            Err(refusal) => panic!("{refusal}"),
        }
    }
}

fn good_hash() -> foldhash::fast::RandomState {
    foldhash::fast::RandomState::default()
}

#[test]
fn few_keys_of_fresh_maps() {
    let plan = Plan {
        name: "fresh",
        rounds: 1_200,
        ..Plan::default()
    };
    let of = |threads, keys, stamps| Plan {
        threads,
        keys,
        stamps,
        ..plan.clone()
    };
    let plans = [
        of(4, 2, Clock),
        of(4, 2, Counter),
        of(4, 2, ProgramOrder),
        of(2, 1, Clock),
        of(3, 4, Counter),
        of(6, 3, Clock),
    ];
    holds(&good_hash(), &plans);
}

#[test]
fn colliding_keys() {
    let plan = Plan {
        name: "all collide",
        rounds: 800,
        keys: 4,
        ..Plan::default()
    };
    holds(
        &BadHash,
        &[
            plan.stamped(Clock),
            plan.stamped(Counter),
            plan.stamped(ProgramOrder),
        ],
    );
}

#[test]
fn keys_with_few_hashes() {
    let plan = Plan {
        name: "two hashes",
        rounds: 600,
        keys: 4,
        ..Plan::default()
    };
    holds(
        &TruncHash(1),
        &[plan.stamped(Clock), plan.stamped(ProgramOrder)],
    );
}

#[test]
fn growing_maps() {
    let plan = Plan {
        name: "growing",
        rounds: 300,
        fillers: 6,
        keys: 4,
        ..Plan::default()
    };
    holds(
        &good_hash(),
        &[
            plan.stamped(Clock),
            plan.stamped(Counter),
            plan.stamped(ProgramOrder),
        ],
    );
    holds(&TruncHash(9), &[plan.stamped(Clock)]);
}

#[test]
fn map_that_lives_long_and_is_collected_meanwhile() {
    let plan = Plan {
        name: "long-lived",
        rounds: 700,
        fresh: false,
        fillers: 1,
        residents: 20,
        ..Plan::default()
    };
    holds(
        &good_hash(),
        &[
            plan.stamped(Clock),
            plan.stamped(Counter),
            plan.stamped(ProgramOrder),
        ],
    );
    holds(
        &BadHash,
        &[Plan {
            fillers: 0,
            ..plan.stamped(Clock)
        }],
    );
}

#[test]
fn walks_and_lengths() {
    let plan = Plan {
        name: "walks",
        rounds: 250,
        mix: WITH_WALKS,
        keys: 3,
        residents: 10,
        ..Plan::default()
    };
    holds(&good_hash(), &[plan.stamped(Clock), plan.stamped(Counter)]);
    holds(&BadHash, &[plan.stamped(Clock)]);
    let growing = Plan {
        name: "walks while growing",
        fillers: 2,
        rounds: 80,
        ..plan.clone()
    };
    holds(&good_hash(), std::slice::from_ref(&growing));
    holds(&TruncHash(6), &[growing]);
}

#[test]
fn walks_past_replacements() {
    let plan = Plan {
        name: "walks past replacements",
        rounds: 300,
        mix: REPLACEMENTS,
        actions: 30,
        keys: 3,
        present: true,
        residents: 20,
        ..Plan::default()
    };
    let with = |threads| Plan {
        threads,
        ..plan.clone()
    };
    holds(&BadHash, &[with(2), with(4)]);
}

#[test]
fn clears() {
    let plan = Plan {
        name: "clears",
        rounds: 250,
        mix: WITH_CLEARS,
        keys: 3,
        residents: 5,
        ..Plan::default()
    };
    holds(&good_hash(), &[plan.stamped(Clock), plan.stamped(Counter)]);
    holds(&BadHash, &[plan.stamped(Clock)]);
    let growing = Plan {
        name: "clears while growing",
        fillers: 2,
        rounds: 80,
        ..plan.clone()
    };
    holds(&good_hash(), &[growing]);
}

/// Rounds of histories of all keys: many and short.
fn snapshot_plan(name: &'static str, rounds: u64) -> Plan {
    Plan {
        name,
        rounds,
        mix: WITH_SNAPSHOTS,
        actions: 6,
        keys: 4,
        ..Plan::default()
    }
}

#[test]
fn snapshots_of_fresh_maps() {
    let plan = snapshot_plan("snapshots", 1_000);
    let of = |threads, keys, residents, stamps| Plan {
        threads,
        keys,
        residents,
        stamps,
        ..plan.clone()
    };
    holds(
        &good_hash(),
        &[
            of(4, 2, 0, Clock),
            of(3, 3, 30, Clock),
            of(4, 4, 10, Counter),
            of(4, 3, 10, ProgramOrder),
        ],
    );
    let present = Plan {
        present: true,
        ..of(4, 3, 0, Clock)
    };
    holds(&BadHash, &[of(3, 3, 3, Clock), present]);
    holds(&TruncHash(1), &[of(4, 4, 0, Counter)]);
}

#[test]
fn snapshots_of_growing_maps() {
    let plan = Plan {
        fillers: 6,
        actions: 5,
        ..snapshot_plan("snapshots while growing", 400)
    };
    holds(&good_hash(), &[plan.stamped(Clock), plan.stamped(Counter)]);
    // With more, there are too many orders.
    let few = Plan {
        fillers: 2,
        actions: 4,
        threads: 3,
        ..plan.stamped(ProgramOrder)
    };
    holds(&TruncHash(9), &[few]);
}

#[test]
fn snapshots_of_a_map_that_lives_long_and_is_collected_meanwhile() {
    let plan = Plan {
        fresh: false,
        residents: 20,
        ..snapshot_plan("snapshots of a long-lived map", 1_000)
    };
    holds(
        &good_hash(),
        &[
            plan.stamped(Clock),
            plan.stamped(Counter),
            plan.stamped(ProgramOrder),
        ],
    );
    holds(&BadHash, &[plan.stamped(Clock)]);
}

/// Rounds within which a broken map is refused; most take a few, the slowest took 207 in twenty runs.
const ROUNDS: u64 = 10_000;

#[test]
#[cfg_attr(miri, ignore = "tries the checker, not the map")]
fn broken_maps_are_refused() {
    let all = &[Clock, Counter, ProgramOrder];
    let real = &[Clock, Counter]; // lengths are not checked by program order
    let flaws: &[(_, _, &[stamps::Kind])] = &[
        (Flaw::InsertInTwoSteps, ON_KEYS, all),
        (Flaw::LostUpdate, ON_KEYS, all),
        (Flaw::StaleGet, ON_KEYS, all),
        (Flaw::CheckThenInsert, ON_KEYS, all),
        (Flaw::CheckThenGive, ON_KEYS, all),
        (Flaw::UpdateRevives, ON_KEYS, all),
        (Flaw::ReplaceInserts, ON_KEYS, all),
        (Flaw::ComparesThenInserts, ON_KEYS, all),
        (Flaw::ComparesThenRemoves, ON_KEYS, all),
        (Flaw::ComputesInTwoSteps, ON_KEYS, all),
        (Flaw::RemovesAnother, ON_KEYS, all),
        (Flaw::RemoveGivesOld, ON_KEYS, all),
        (Flaw::WalkTwice, WITH_WALKS, all),
        (Flaw::WalkMisses, WITH_WALKS, all),
        (Flaw::SnapshotWalks, WITH_SNAPSHOTS, all),
        (Flaw::SnapshotInHalves, WITH_SNAPSHOTS, all),
        (Flaw::SnapshotMisses, WITH_SNAPSHOTS, all),
        (Flaw::SnapshotOfLastCall, WITH_SNAPSHOTS, all),
        (Flaw::ClearLeaves, WITH_CLEARS, all),
        (Flaw::ClearCountsAhead, WITH_CLEARS, real),
        (Flaw::LenCountsTwice, WITH_WALKS, real),
        (Flaw::LenOfLastCall, WITH_WALKS, real),
    ];
    let _cores = all_cores();
    for &(flaw, mix, kinds) in flaws {
        for &stamps in kinds {
            let plan = Plan {
                name: "broken",
                rounds: ROUNDS,
                mix,
                stamps,
                ..Plan::default()
            };
            match rounds::run(&plan, || Broken::new(flaw)) {
                Ok(covered) => panic!("{flaw:?} was not refused: {covered}"),
                Err(refusal) => {
                    println!("{flaw:?}: {refusal}");
                    report(&format!(
                        "{flaw:?} ({stamps:?}) refused in round {}",
                        refusal.round()
                    ));
                }
            }
        }
    }
}

#[test]
fn broken_map_without_a_flaw_is_not_refused() {
    let _cores = all_cores();
    for mix in [ON_KEYS, WITH_WALKS, WITH_CLEARS, WITH_SNAPSHOTS] {
        let plan = Plan {
            name: "sound",
            rounds: 500,
            mix,
            ..Plan::default()
        };
        if let Err(refusal) = rounds::run(&sized(&plan), || Broken::new(Flaw::Sound)) {
            panic!("{refusal}");
        }
    }
}
