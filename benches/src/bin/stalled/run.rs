//! One run: a map, its writers, and the reader that stalls.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use core::time::Duration;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use crate::Options;
use crate::memory::live_bytes;
use crate::subject::Subject;

const WRITERS: u64 = 2;
/// Replacements by a writer between two looks at the clock.
const BURST: u32 = 50;
const SAMPLE: Duration = Duration::from_millis(20);

/// The state of a run at one moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) at: Duration,
    pub(crate) phase: Phase,
    /// Bytes that the map has allocated, and the threads that use it.
    pub(crate) bytes: usize,
    /// Replacements by then.
    pub(crate) replaced: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Nobody holds anything.
    Before,
    /// A thread that does not run holds a reference.
    Stalled,
    /// It has let go.
    After,
    /// The map has been dropped.
    Dropped,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Stalled => "stalled",
            Self::After => "after",
            Self::Dropped => "dropped",
        }
    }
}

pub(crate) fn run<S: Subject>(options: &Options) -> Vec<Sample> {
    // Room for them all, so that they are not counted.
    let mut samples = Vec::with_capacity(1 << 16);
    let empty = live_bytes();
    let map = S::default();
    for key in 0..options.keys {
        map.replace(key, [key; 8]);
    }
    let (over, replaced) = (AtomicBool::new(false), AtomicU64::new(0));
    let start = Instant::now();
    let sample = |phase| Sample {
        at: start.elapsed(),
        phase,
        bytes: live_bytes().saturating_sub(empty),
        replaced: replaced.load(Ordering::Relaxed),
    };
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (map, over, replaced) = (&map, &over, &replaced);
            scope.spawn(move || write(map, writer, options, over, replaced));
        }
        let mut watch = |phase, length: Duration| {
            let end = start.elapsed() + length;
            while start.elapsed() < end {
                samples.push(sample(phase));
                thread::sleep(SAMPLE);
            }
        };
        watch(Phase::Before, options.stall / 4);
        let (holds, held) = mpsc::channel();
        let (let_go, stalled) = mpsc::channel::<()>();
        let map = &map;
        let reader = scope.spawn(move || {
            map.hold(0, || {
                holds.send(()).expect("the run waits for it");
                // Until the sender is dropped.
                let _ = stalled.recv();
            })
        });
        held.recv().expect("key 0 is always there");
        watch(Phase::Stalled, options.stall);
        drop(let_go);
        assert!(
            reader.join().expect("it only waited"),
            "what it held changed"
        );
        watch(Phase::After, options.stall / 4);
        over.store(true, Ordering::Relaxed);
    });
    drop(map);
    samples.push(sample(Phase::Dropped));
    samples
}

/// Replaces one key after the other, so many in a second.
fn write(
    map: &impl Subject,
    writer: u64,
    options: &Options,
    over: &AtomicBool,
    replaced: &AtomicU64,
) {
    let start = Instant::now();
    let interval = Duration::from_secs(u64::from(BURST) * WRITERS) / options.rate;
    let mut n = writer;
    for burst in 1_u32.. {
        for _ in 0..BURST {
            map.replace(n % options.keys, [n; 8]);
            n += WRITERS;
        }
        replaced.fetch_add(BURST.into(), Ordering::Relaxed);
        if over.load(Ordering::Relaxed) {
            break;
        }
        thread::sleep((interval * burst).saturating_sub(start.elapsed()));
    }
}
