//! What a reader that stalls costs: memory over time, while others replace values.
//!
//! ```text
//!   writers   replace replace replace ...  at the same rate for every map
//!   reader          get ──holds the reference, does not run────── lets go
//!   memory    before │                stalled                    │ after
//! ```
//!
//! splitmap, papaya and flurry, in turn, in each of several rounds; each map alone in the process while it
//! runs, and what is counted are the bytes that it has allocated and not freed. The reader is a thread that
//! waits in user code with the reference in its hand, which to a map is the same as one that was stopped.
//!
//! ```text
//! cargo run --profile bench -p splitmap-benches --bin stalled -- --out docs/verification
//! ```
//!
//! writes `stalled-reader.csv` and `stalled-reader.svg` there, and prints a table. Figures of memory, unlike
//! rates, hardly depend on what else the machine does.

mod memory;
mod plot;
mod run;
mod subject;

use core::error::Error;
use core::fmt::Write as _;
use core::time::Duration;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::{Long, ValueExt as _};
use run::{Phase, Sample, run};
use subject::{Flurry, Papaya, Splitmap, Subject};

const COMMAND: &str =
    "cargo run --profile bench -p splitmap-benches --bin stalled -- --out docs/verification";

const USAGE: &str = "\
usage: stalled [OPTION VALUE]...
  --stall N      seconds for which the reader stalls (8)
  --rounds N     runs of each map (3)
  --rate N       replacements in a second (200000)
  --keys N       keys, of which one is held (1000)
  --out FOLDER   write stalled-reader.csv and stalled-reader.svg there
";

struct Options {
    stall: Duration,
    rounds: usize,
    rate: u32,
    keys: u64,
    out: Option<PathBuf>,
}

impl Options {
    /// `None` if only help is wanted.
    fn parse() -> Result<Option<Self>, lexopt::Error> {
        let mut options = Self {
            stall: Duration::from_secs(8),
            rounds: 3,
            rate: 200_000,
            keys: 1_000,
            out: None,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("stall") => options.stall = Duration::from_secs(arguments.value()?.parse()?),
                Long("rounds") => options.rounds = arguments.value()?.parse()?,
                Long("rate") => options.rate = arguments.value()?.parse::<u32>()?.max(1),
                Long("keys") => options.keys = arguments.value()?.parse::<u64>()?.max(1),
                Long("out") => options.out = Some(arguments.value()?.into()),
                Long("help") => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(options))
    }
}

/// One map's samples in one round.
struct Run {
    map: &'static str,
    round: usize,
    samples: Vec<Sample>,
}

impl Run {
    /// The most bytes in a phase.
    fn peak(&self, phase: Phase) -> usize {
        let samples = self.samples.iter().filter(|sample| sample.phase == phase);
        samples.map(|sample| sample.bytes).max().unwrap_or(0)
    }

    /// The bytes at the end of a phase.
    fn end(&self, phase: Phase) -> usize {
        let mut samples = self.samples.iter().rev();
        let last = samples.find(|sample| sample.phase == phase);
        last.map_or(0, |sample| sample.bytes)
    }

    fn replaced(&self) -> u64 {
        self.samples.last().map_or(0, |sample| sample.replaced)
    }
}

/// KiB, from the least to the most of a map's runs.
fn cell(runs: &[&Run], bytes: impl Fn(&Run) -> usize) -> String {
    let kib = |bytes: Option<usize>| bytes.unwrap_or(0).div_ceil(1 << 10);
    let bytes = || runs.iter().map(|run| bytes(run));
    format!("{} to {}", kib(bytes().min()), kib(bytes().max()))
}

fn table(runs: &[Run]) -> String {
    let mut text = String::from(
        "KiB allocated (least to most of the rounds)\n\n\
         | map | before, peak | stalled, peak | after, end | dropped | replacements | documented |\n\
         | --- | ---: | ---: | ---: | ---: | ---: | --- |\n",
    );
    let documented = [
        (Splitmap::NAME, Splitmap::DOCUMENTED),
        (Papaya::NAME, Papaya::DOCUMENTED),
        (Flurry::NAME, Flurry::DOCUMENTED),
    ];
    for (map, documented) in documented {
        let runs: Vec<&Run> = runs.iter().filter(|run| run.map == map).collect();
        let replaced = runs.iter().map(|run| run.replaced()).min().unwrap_or(0);
        let _ = writeln!(
            text,
            "| {map} | {} | {} | {} | {} | {replaced} | {documented} |",
            cell(&runs, |run| run.peak(Phase::Before)),
            cell(&runs, |run| run.peak(Phase::Stalled)),
            cell(&runs, |run| run.end(Phase::After)),
            cell(&runs, |run| run.end(Phase::Dropped)),
        );
    }
    text
}

fn csv(runs: &[Run]) -> String {
    let mut text = String::from("map,round,seconds,phase,live_bytes,replacements\n");
    for run in runs {
        for sample in &run.samples {
            let _ = writeln!(
                text,
                "{},{},{:.3},{},{},{}",
                run.map,
                run.round,
                sample.at.as_secs_f64(),
                sample.phase.name(),
                sample.bytes,
                sample.replaced,
            );
        }
    }
    text
}

fn stalled(options: &Options) -> Result<(), Box<dyn Error>> {
    type Measure = (&'static str, fn(&Options) -> Vec<Sample>);
    let maps: [Measure; 3] = [
        (Splitmap::NAME, run::<Splitmap>),
        (Papaya::NAME, run::<Papaya>),
        (Flurry::NAME, run::<Flurry>),
    ];
    let mut runs = Vec::new();
    for round in 0..options.rounds {
        for turn in 0..maps.len() {
            let (map, measure) = maps[(round + turn) % maps.len()];
            let samples = measure(options);
            runs.push(Run {
                map,
                round,
                samples,
            });
        }
    }
    println!("{COMMAND}\n");
    print!("{}", table(&runs));
    if let Some(folder) = &options.out {
        fs::create_dir_all(folder)?;
        fs::write(folder.join("stalled-reader.csv"), csv(&runs))?;
        let title = format!(
            "A reader that stalls beside {} replacements a second of 64-byte values (rounds: {})",
            options.rate, options.rounds
        );
        plot::plot(&folder.join("stalled-reader.svg"), &title, &runs)?;
    }
    Ok(())
}

fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(Some(options)) => options,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("stalled: {error}");
            return ExitCode::FAILURE;
        }
    };
    match stalled(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stalled: {error}");
            ExitCode::FAILURE
        }
    }
}
