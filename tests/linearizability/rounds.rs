//! Runs of many short rounds: threads act on a map, stop, and each key's history is checked, or that of the map.
//!
//! ```text
//!   gate ──► actions of all threads ──► gate ──► the first thread reads what is there ──► gate ...
//! ```
//!
//! Rounds are run in batches, between which the histories are checked, so that the checker and the
//! threads do not take the cores from each other.

use super::checker::Checker;
use super::gate::Gate;
use super::history::{State, Value, overlapping};
use super::plan::Plan;
use super::recorder::{Record, Recorder, What};
use super::refusal::Refusal;
use super::stamps::Stamps;
use super::subject::{Subject, widen_from};
use super::walks::{check_lengths, histories};
use super::whole::{self, OnMap};
use crate::common::Random;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::ScopedJoinHandle;
use std::time::{Duration, Instant};

/// Rounds in a batch.
const BATCH: u64 = if cfg!(miri) { 1 } else { 64 };

/// Between two collections of a map that lives long.
const PAUSE: Duration = Duration::from_micros(20);

/// What happened in a round: each thread's records, and behind them what was read at the end.
#[derive(Debug, Default)]
pub(crate) struct Round {
    pub(crate) threads: Vec<Vec<Record>>,
    /// What was there at the beginning.
    pub(crate) initial: HashMap<u64, Value>,
    /// How many entries that were, fillers of earlier rounds included.
    pub(crate) initial_len: usize,
}

/// What a run covered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Covered {
    pub(crate) rounds: u64,
    /// Calls of all kinds, without those on fillers and what was read at the end of rounds.
    pub(crate) operations: u64,
    pub(crate) fillers: u64,
    /// Histories of one key each, or of all.
    pub(crate) histories: u64,
    pub(crate) snapshots: u64,
    /// Calls on one key (walks and clears once for each) that overlapped another thread's.
    pub(crate) overlapped: u64,
    pub(crate) retries: u64,
    pub(crate) effort: u64,
    pub(crate) running: Duration,
    pub(crate) checking: Duration,
}

impl fmt::Display for Covered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = |time: Duration| {
            let calls = u128::from(self.operations + self.fillers);
            1000 * calls / time.as_micros().max(1) // thousands a second
        };
        write!(
            f,
            "{} operations ({} snapshots, and {} fillers) in {} rounds, {} histories; {} overlapped, {} retries; \
             {} points searched; {} Kops/s recorded, {} Kops/s checked",
            self.operations,
            self.snapshots,
            self.fillers,
            self.rounds,
            self.histories,
            self.overlapped,
            self.retries,
            self.effort,
            rate(self.running),
            rate(self.checking),
        )
    }
}

/// Of histories of single keys, and of all.
#[derive(Default)]
struct Checkers {
    of_keys: Checker,
    of_all: Checker<OnMap>,
}

/// Runs `plan` on maps from `make`.
///
/// # Errors
/// What was seen is not linearizable, or not as documented.
pub(crate) fn run<M: Subject + Send + 'static>(
    plan: &Plan,
    make: impl Fn() -> M,
) -> Result<Covered, Box<Refusal>> {
    let mut covered = Covered::default();
    let mut checkers = Checkers::default();
    let new_map = || {
        let map = make();
        for (key, value) in plan.initial() {
            map.insert(key, value);
        }
        Arc::new(map) as Arc<dyn Subject + Send>
    };
    let shared = new_map();
    let initial: HashMap<u64, Value> = plan.initial().collect();
    let mut left = (initial.clone(), initial.len());

    let mut serials = vec![0; plan.threads];
    let total = plan.rounds;
    for first in (0..total).step_by(usize::try_from(BATCH).unwrap()) {
        let maps: Vec<_> = (first..total.min(first + BATCH))
            .map(|_| {
                if plan.fresh {
                    new_map()
                } else {
                    Arc::clone(&shared)
                }
            })
            .collect();
        let start = Instant::now();
        let rounds = run_batch(plan, &maps, first, &mut serials, &mut covered);
        covered.running += start.elapsed();
        drop(maps);

        let start = Instant::now();
        for (n, mut round) in (first..).zip(rounds) {
            (round.initial, round.initial_len) = left;
            check(plan, &round, &mut checkers, &mut covered)
                .map_err(|refusal| Box::new(refusal.of(plan, n)))?;
            left = (initial.clone(), initial.len());
            if !plan.fresh {
                what_is_left(&round, &mut left);
            }
        }
        covered.checking += start.elapsed();
    }
    covered.effort = checkers.of_keys.effort + checkers.of_all.effort;
    Ok(covered)
}

/// Runs one round on each map.
fn run_batch(
    plan: &Plan,
    maps: &[Arc<dyn Subject + Send>],
    first: u64,
    serials: &mut [u64],
    covered: &mut Covered,
) -> Vec<Round> {
    let gate = Gate::new(plan.threads);
    let stamps = Stamps::new(plan.stamps, plan.threads);
    let stop = AtomicBool::new(false);
    let work = |thread: usize, serial: u64| {
        let seed = first << 8 | thread as u64;
        widen_from(seed);
        let mut recorder = Recorder {
            map: &*maps[0],
            plan,
            stamps: &stamps,
            thread,
            random: Random::new(!seed),
            serial,
            seen: vec![None; usize::try_from(plan.keys).unwrap()],
            records: Vec::new(),
            retries: 0,
        };
        let _ticket = gate.ticket();
        let mut rounds = Vec::new();
        for map in maps {
            recorder.map = &**map;
            if !gate.pass() {
                break;
            }
            recorder.act();
            rounds.push(std::mem::take(&mut recorder.records));
            if !gate.pass() {
                break;
            }
            if thread == 0 {
                recorder.read_all();
                rounds.push(std::mem::take(&mut recorder.records));
            }
        }
        (rounds, recorder.serial, recorder.retries)
    };
    std::thread::scope(|scope| {
        let work = &work;
        let threads = serials.iter().copied().enumerate();
        let threads: Vec<_> = threads
            .map(|(thread, serial)| scope.spawn(move || work(thread, serial)))
            .collect();
        if !plan.fresh {
            scope.spawn(|| {
                // Relaxed: a flag.
                while !stop.load(Ordering::Relaxed) {
                    maps[0].flush();
                    std::thread::sleep(PAUSE);
                }
            });
        }
        let joined: Vec<_> = threads.into_iter().map(ScopedJoinHandle::join).collect();
        // Relaxed: a flag.
        stop.store(true, Ordering::Relaxed);
        let mut rounds: Vec<Round> = maps.iter().map(|_| Round::default()).collect();
        let mut ends = Vec::new();
        for (thread, result) in joined.into_iter().enumerate() {
            let (records, serial, retries) =
                result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            serials[thread] = serial;
            covered.retries += retries;
            let mut records = records.into_iter();
            for round in &mut rounds {
                round.threads.extend(records.next());
                if thread == 0 {
                    ends.extend(records.next());
                }
            }
        }
        for (round, end) in rounds.iter_mut().zip(ends) {
            round.threads.push(end);
        }
        rounds
    })
}

/// Checks all that was seen in a round.
fn check(
    plan: &Plan,
    round: &Round,
    checkers: &mut Checkers,
    covered: &mut Covered,
) -> Result<(), Refusal> {
    let real_time = plan.stamps != super::stamps::Kind::ProgramOrder;
    if whole::is_asked_for(plan) {
        let (history, initial) = whole::history(plan, round);
        if !checkers.of_all.accepts(&history, &[initial]) {
            return Err(Refusal::of_history("the map", &history, initial));
        }
        covered.histories += 1;
        if real_time {
            covered.overlapped += overlapping(&history);
        }
    } else {
        for (key, history) in histories(plan, round) {
            let initial: State = round.initial.get(&key).copied();
            if !checkers.of_keys.accepts(&history, &[initial]) {
                return Err(Refusal::of_history(
                    &format!("key {key}"),
                    &history,
                    initial,
                ));
            }
            covered.histories += 1;
            if real_time && key < plan.keys {
                covered.overlapped += overlapping(&history);
            }
        }
    }
    if real_time {
        check_lengths(round).map_err(Refusal::of_length)?;
    }
    covered.rounds += 1;
    let actions = &round.threads[..plan.threads];
    for record in actions.iter().flatten() {
        match record.what {
            What::OnKey(key, _) if key >= plan.keys => covered.fillers += 1,
            What::Snapshot(_) => {
                covered.operations += 1;
                covered.snapshots += 1;
            }
            _ => covered.operations += 1,
        }
    }
    Ok(())
}

/// What the end of `round` found, for the next one.
fn what_is_left(round: &Round, (entries, len): &mut (HashMap<u64, Value>, usize)) {
    use super::history::Operation::Get;
    for record in round.threads.iter().next_back().into_iter().flatten() {
        match record.what {
            What::OnKey(key, Get(Some(value))) => {
                entries.insert(key, value);
            }
            What::OnKey(key, _) => {
                entries.remove(&key);
            }
            What::Len(n) => *len = n,
            _ => {}
        }
    }
}
