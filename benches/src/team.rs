//! Threads that stay for many measurements (as a program's threads do: what maps and allocators keep
//! for each thread stays too) and start each one together.

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};
use core::time::Duration;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use crossbeam_utils::{Backoff, CachePadded};

use crate::keys::Rng;
use crate::workload::{Bench, Tally};

/// When a measurement ends.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// After so long, and a lead-in of a sixteenth of it that is not counted.
    Time(Duration),
    /// After so many operations (of all threads), rounded up.
    Operations(u64),
}

/// A thread's own things.
#[derive(Debug)]
pub struct Worker {
    pub(crate) index: usize,
    pub(crate) rng: Rng,
}

type Job = (Arc<dyn Bench>, Limit);

/// Threads for measurements.
#[derive(Debug)]
pub struct Team {
    jobs: Vec<Sender<Job>>,
    tallies: Receiver<Tally>,
}

impl Team {
    /// So many threads; they end when the team is dropped.
    #[must_use]
    pub fn new(threads: usize) -> Self {
        let (tell, tallies) = channel();
        let start = |index| {
            let (send, jobs) = channel();
            let tell = tell.clone();
            let rng = Rng::new(index as u64);
            thread::spawn(move || work(Worker { index, rng }, &jobs, &tell));
            send
        };
        let jobs = (0..threads).map(start).collect();
        Self { jobs, tallies }
    }

    /// Operations per second of all threads together.
    ///
    /// # Errors
    /// The map gave a wrong answer.
    ///
    /// # Panics
    /// Never: a thread that panics ends the process.
    pub fn measure(&self, bench: &Arc<dyn Bench>, limit: Limit) -> Result<f64, String> {
        for worker in &self.jobs {
            worker
                .send((Arc::clone(bench), limit))
                .expect("workers outlive the team");
        }
        let tallies: Vec<Tally> = self
            .jobs
            .iter()
            .map(|_| self.tallies.recv().expect("every worker answers"))
            .collect();
        bench.check(
            &tallies
                .iter()
                .fold(Tally::default(), |sum, tally| sum + tally),
        )?;
        Ok(tallies.iter().map(Tally::rate).sum())
    }
}

fn work(mut worker: Worker, jobs: &Receiver<Job>, tell: &Sender<Tally>) {
    let _exit = ExitOnPanic;
    for (bench, limit) in jobs {
        let tally = bench.run(&mut worker, limit);
        drop(bench); // before the answer: the last one to drop it is not a worker
        if tell.send(tally).is_err() {
            return;
        }
    }
}

/// The other threads would wait for this one for ever.
struct ExitOnPanic;

impl Drop for ExitOnPanic {
    fn drop(&mut self) {
        if thread::panicking() {
            std::process::exit(101);
        }
    }
}

/// A barrier that lets its threads go within a fraction of a microsecond, if each has its processor.
pub(crate) struct Rendezvous {
    threads: usize,
    arrivals: CachePadded<AtomicUsize>,
}

impl Rendezvous {
    pub(crate) fn new(threads: usize) -> Self {
        Self {
            threads,
            arrivals: CachePadded::new(AtomicUsize::new(0)),
        }
    }

    pub(crate) fn threads(&self) -> usize {
        self.threads
    }

    pub(crate) fn wait(&self) {
        let arrived = self.arrivals.fetch_add(1, Ordering::AcqRel);
        let all = (arrived / self.threads + 1) * self.threads;
        let backoff = Backoff::new();
        while self.arrivals.load(Ordering::Acquire) < all {
            backoff.snooze();
        }
    }
}
