//! How long an insertion or a removal takes at worst, where values have slow destructors: who pays for them?
//!
//! ```text
//!   two threads      insert or remove ──spin to the next tick──► insert or remove ──►  each one timed
//!   whole batches    · · · · · · · · · · · · · · · · · · · · · ▇ · · ·   one in hundreds runs hundreds
//!   paced            · · · · · ▂ ▂ ▂ ▂ ▂ ▂ ▂ ▂ · · · · · · · · · · · ·   some run a few each
//!   in background    · · · · · · · · · · · · · · · · · · · · · · · · ·   none, in these threads
//! ```
//!
//! Each way of splitmap and papaya, in turn, in several rounds; the histograms of all rounds together.
//!
//! ```text
//! cargo run --profile bench -p splitmap-benches --bin pauses -- --clock thread
//! ```
//!
//! By the thread's clock, an operation's time is what its thread ran for it, in user code and in the kernel. As none
//! here waits for another, that is all but what other programs took on a busy machine; the wall's clock has that, too.

use core::mem::MaybeUninit;
use std::hint::spin_loop;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use lexopt::prelude::{Long, ValueExt as _};
use splitmap::{Reclaimer, Reclamation};
use splitmap_benches::{Hasher, Rng};

const USAGE: &str = "\
usage: pauses [OPTION VALUE]...
  --rounds N     slices of each way (3)
  --slice-ms N   length of one (1000)
  --rate N       operations in a second, by each of two threads (100000)
  --keys N       keys (1000)
  --clock NAME   wall, or thread: what each operation's own thread ran for it (wall)
";

struct Options {
    rounds: usize,
    slice: Duration,
    rate: u32,
    keys: u64,
    now: Now,
}

impl Options {
    /// `None` if only help is wanted.
    fn parse() -> Result<Option<Self>, lexopt::Error> {
        let mut options = Self {
            rounds: 3,
            slice: Duration::from_secs(1),
            rate: 100_000,
            keys: 1_000,
            now: wall,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("rounds") => options.rounds = arguments.value()?.parse()?,
                Long("slice-ms") => {
                    options.slice = Duration::from_millis(arguments.value()?.parse()?);
                }
                Long("rate") => options.rate = arguments.value()?.parse::<u32>()?.max(1),
                Long("keys") => options.keys = arguments.value()?.parse::<u64>()?.max(1),
                Long("clock") => {
                    options.now = arguments.value()?.parse_with(|name| match name {
                        "wall" => Ok::<Now, _>(wall),
                        "thread" => Ok(thread_time),
                        _ => Err("neither wall nor thread"),
                    })?;
                }
                Long("help") => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(options))
    }
}

/// Nanoseconds.
type Now = fn() -> u64;

fn wall() -> u64 {
    clock(libc::CLOCK_MONOTONIC)
}

fn thread_time() -> u64 {
    clock(libc::CLOCK_THREAD_CPUTIME_ID)
}

fn clock(clock: libc::clockid_t) -> u64 {
    let mut time = MaybeUninit::<libc::timespec>::uninit();
    // SAFETY: the place is for it to write to.
    let error = unsafe { libc::clock_gettime(clock, time.as_mut_ptr()) };
    assert_eq!(error, 0, "a clock that Linux has");
    // SAFETY: written, as there was no error.
    let time = unsafe { time.assume_init() };
    let time = i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec);
    u64::try_from(time).expect("less than 500 years")
}

/// A value whose destructor takes so long.
struct Slow(Duration);

impl Drop for Slow {
    fn drop(&mut self) {
        let nanos = self.0.as_nanos();
        if nanos > 0 {
            // Work, as it were: not over because others run meanwhile.
            let start = thread_time();
            while u128::from(thread_time() - start) < nanos {
                spin_loop();
            }
        }
    }
}

/// How slow the destructors are.
#[derive(Clone, Copy)]
enum Kind {
    /// Each takes this long.
    All(Duration),
    /// One in so many takes this long, the others nothing.
    OneIn(u64, Duration),
}

impl Kind {
    const ALL: [Self; 2] = [
        Self::All(Duration::from_nanos(1_500)),
        Self::OneIn(1_000, Duration::from_millis(1)),
    ];

    fn name(self) -> String {
        match self {
            Self::All(time) => format!("{time:?} each"),
            Self::OneIn(many, time) => format!("{time:?} one in {many}"),
        }
    }

    fn value(self, random: &mut Rng) -> Slow {
        match self {
            Self::All(time) => Slow(time),
            Self::OneIn(many, time) if random.below(many) == 0 => Slow(time),
            Self::OneIn(..) => Slow(Duration::ZERO),
        }
    }
}

/// What is measured.
trait Subject: Sync {
    fn insert(&self, key: u64, value: Slow);
    fn remove(&self, key: u64);
}

struct Splitmap {
    map: Arc<splitmap::HashMap<u64, Slow, Hasher>>,
    _reclaimer: Option<Reclaimer>,
}

impl Splitmap {
    fn new(destructors: usize, background: bool) -> Self {
        let settings = Reclamation::new().destructors(destructors);
        let builder = splitmap::HashMap::builder_with_hasher(Hasher::default());
        let map = Arc::new(builder.reclamation(settings).build());
        let reclaimer = background.then(|| map.reclaim_in_background().expect("a thread"));
        Self {
            map,
            _reclaimer: reclaimer,
        }
    }
}

impl Subject for Splitmap {
    fn insert(&self, key: u64, value: Slow) {
        self.map.insert(key, value);
    }

    fn remove(&self, key: u64) {
        self.map.remove(&key);
    }
}

impl Subject for papaya::HashMap<u64, Slow, Hasher> {
    fn insert(&self, key: u64, value: Slow) {
        self.pin().insert(key, value);
    }

    fn remove(&self, key: u64) {
        self.pin().remove(&key);
    }
}

type Make = fn() -> Box<dyn Subject>;

const WAYS: [(&str, Make); 5] = [
    ("whole batches", || {
        Box::new(Splitmap::new(usize::MAX, false))
    }),
    ("paced, 16", || Box::new(Splitmap::new(16, false))),
    ("paced, 2", || Box::new(Splitmap::new(2, false))),
    ("in background", || Box::new(Splitmap::new(16, true))),
    ("papaya", || {
        Box::new(papaya::HashMap::<_, Slow, _>::with_hasher(Hasher::default()))
    }),
];

fn histogram() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 10_000_000_000, 3).expect("bounds that make sense")
}

/// A slice of both threads; gives the nanoseconds that their operations took.
fn run(subject: &dyn Subject, kind: Kind, options: &Options) -> Histogram<u64> {
    thread::scope(|scope| {
        let threads: [_; 2] =
            [1, 2].map(|seed| scope.spawn(move || churn(subject, kind, options, seed)));
        let mut all = histogram();
        for thread in threads {
            all += thread.join().expect("no panic");
        }
        all
    })
}

fn churn(subject: &dyn Subject, kind: Kind, options: &Options, seed: u64) -> Histogram<u64> {
    let (mut random, mut times) = (Rng::new(seed), histogram());
    let (tick, begin) = (Duration::from_secs(1) / options.rate, Instant::now());
    let mut next = begin;
    while begin.elapsed() < options.slice {
        while Instant::now() < next {
            spin_loop();
        }
        let (key, insert) = (random.below(options.keys), random.below(2) == 0);
        let value = insert.then(|| kind.value(&mut random));
        let start = (options.now)();
        match value {
            Some(value) => subject.insert(key, value),
            None => subject.remove(key),
        }
        let nanos = (options.now)() - start;
        times.record(nanos.max(1)).expect("less than 10 s");
        // After a pause, no rush to make up for it.
        next = Instant::now().max(next + tick);
    }
    times
}

fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprint!("pauses: {error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    println!("| destructors | way | operations | p50 | p99 | p99.9 | p99.99 | most, µs |");
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |");
    for kind in Kind::ALL {
        let mut times = WAYS.map(|_| histogram());
        for _ in 0..options.rounds {
            for ((_, make), times) in WAYS.iter().zip(&mut times) {
                *times += run(&*make(), kind, &options);
            }
        }
        for ((way, _), times) in WAYS.iter().zip(&times) {
            print!("| {} | {way} | {} ", kind.name(), times.len());
            for nanos in [50.0, 99.0, 99.9, 99.99].map(|p| times.value_at_percentile(p)) {
                print!("| {:.1} ", Duration::from_nanos(nanos).as_secs_f64() * 1e6);
            }
            let most = Duration::from_nanos(times.max()).as_secs_f64() * 1e6;
            println!("| {most:.0} |");
        }
    }
    ExitCode::SUCCESS
}
