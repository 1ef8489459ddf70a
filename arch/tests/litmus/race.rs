//! Two threads that race through many cells.
//!
//! ```text
//!   cells     [0][1][2][3] ... [1023]        both sides walk them in the same order, one cell each
//!   left       ─────►                        line: who is ahead waits for the other's cache lines,
//!   right     ────►                          so that they stay abreast
//! ```
//!
//! As in litmus7 (Alglave, Maranget, Sarkar, Sewell, TACAS 2011): arrays of fresh cells, a spin barrier
//! before each walk, a random delay behind the barrier. Every other walk has the barrier at every cell:
//! slower, but it keeps sides together of which one does a system call (`membarrier`).

use crate::cores;
use crate::shapes::{Cell, Shape};
use core::fmt;
use core::hint::{black_box, spin_loop};
use core::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use core::sync::atomic::{AtomicBool, AtomicUsize};
use core::time::Duration;
use splitmap_arch::StoreLoad;
use std::thread::{scope, sleep, yield_now};
use std::time::Instant;

/// Cells of a walk; and of one that has the barrier at every cell.
const CELLS: [usize; 2] = if cfg!(miri) { [8; 2] } else { [1024, 128] };

/// Cells after which a run is over, times `SPLITMAP_SOAK`.
const ENOUGH: usize = if cfg!(miri) {
    16
} else if cfg!(splitmap_emulated) {
    200_000
} else {
    1 << 20
};

/// Time after which it is over in any case (Miri's clock is its own), times `SPLITMAP_SOAK`: on a busy
/// machine the two sides rarely run at once, and a `membarrier` takes as long as a hundred cells.
const BUDGET: Duration = Duration::from_millis(400);

/// Spins of the longest delay behind a barrier: some 100 ns.
const DELAY: u64 = 128;

/// What a run saw.
pub(crate) struct Tally {
    pub(crate) weak: usize,
    cells: usize,
    time: Duration,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        #[expect(clippy::cast_precision_loss, reason = "to be read by people")]
        let rate = self.cells as f64 / self.time.as_secs_f64() / 1e6;
        write!(f, "seen {} of {}", self.weak, self.cells)?;
        // Miri's clock is its own.
        if cfg!(miri) {
            return Ok(());
        }
        write!(f, " ({rate:.2} M/s)")
    }
}

/// One of the two sides, as it goes from barrier to barrier.
struct Racer<'race> {
    /// Barriers that each side has come to.
    mine: &'race Line,
    theirs: &'race Line,
    barriers: usize,
    /// Xorshift.
    random: u64,
}

#[derive(Default)]
#[repr(align(128))]
struct Line(AtomicUsize);

impl<'race> Racer<'race> {
    fn new(mine: &'race Line, theirs: &'race Line, random: u64) -> Self {
        Self {
            mine,
            theirs,
            barriers: 0,
            random,
        }
    }

    /// Waits for the other side.
    fn meet(&mut self) {
        self.barriers += 1;
        // Release, Acquire: the cells are reset, and the results are read, by one side.
        self.mine.0.store(self.barriers, Release);
        let mut spins = 0_u32;
        while self.theirs.0.load(Acquire) < self.barriers {
            spin_loop();
            spins += 1;
            if cfg!(miri) {
                yield_now();
            } else if spins.is_multiple_of(2_000) {
                // On a busy machine the other side may not be running. Who has slept is woken at once,
                // and finds the other one here: sooner than by its turn, were it to spin or yield.
                sleep(Duration::from_micros(20));
            }
        }
    }

    /// Meets, then lets a random time pass.
    fn start(&mut self) {
        self.meet();
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        if !cfg!(miri) {
            for spin in 0..self.random % DELAY {
                black_box(spin);
            }
        }
    }

    /// Does `side` on the cells of walk number `walk`, and notes what it gives.
    fn walk(
        &mut self,
        walk: usize,
        side: fn(&Cell, StoreLoad) -> usize,
        order: StoreLoad,
        cells: &[Cell],
        results: &[AtomicUsize],
    ) {
        self.start();
        for (cell, result) in cells.iter().zip(results).take(CELLS[walk % 2]) {
            if walk % 2 == 1 {
                self.start();
            }
            // Relaxed: read behind the barrier.
            result.store(side(cell, order), Relaxed);
        }
        self.meet();
    }
}

/// Runs both sides of `shape` on cell after cell, and counts the outcomes in question.
pub(crate) fn race(shape: &Shape, order: StoreLoad) -> Tally {
    let cells: Vec<Cell> = (0..CELLS[0]).map(|_| Cell::default()).collect();
    let results = || -> Vec<AtomicUsize> { cells.iter().map(|_| AtomicUsize::new(0)).collect() };
    let (left, right) = (results(), results());
    let (at_left, at_right) = (Line::default(), Line::default());
    let over = AtomicBool::new(false);

    let begin = Instant::now();
    let (enough, budget) = (ENOUGH * soak() as usize, BUDGET * soak());
    let (mut weak, mut ran) = (0, 0);
    scope(|threads| {
        threads.spawn(|| {
            cores::take(1);
            let mut racer = Racer::new(&at_right, &at_left, 0x9E37_79B9_7F4A_7C15);
            for walk in 0.. {
                racer.meet();
                // Relaxed: written before the barrier.
                if over.load(Relaxed) {
                    break;
                }
                racer.walk(walk, shape.right, order, &cells, &right);
            }
        });

        cores::take(0);
        let mut racer = Racer::new(&at_left, &at_right, 0xD1B5_4A32_D192_ED03);
        for walk in 0.. {
            cells.iter().for_each(Cell::reset);
            racer.meet();
            racer.walk(walk, shape.left, order, &cells, &left);
            let len = CELLS[walk % 2];
            weak += left[..len]
                .iter()
                .zip(&right)
                // Relaxed: written before the barrier.
                .filter(|(left, right)| (left.load(Relaxed), right.load(Relaxed)) == shape.weak)
                .count();
            ran += len;
            if ran >= enough || begin.elapsed() >= budget {
                break;
            }
        }
        // Relaxed: read behind the barrier.
        over.store(true, Relaxed);
        racer.meet();
    });
    Tally {
        weak,
        cells: ran,
        time: begin.elapsed(),
    }
}

/// `SPLITMAP_SOAK`: how many times longer than usual.
fn soak() -> u32 {
    std::env::var("SPLITMAP_SOAK")
        .ok()
        .and_then(|factor| factor.parse().ok())
        .unwrap_or(1)
}
