//! The maps side by side. In every round each map runs for a short slice, one after the other and
//! beginning with another one each time; what the machine does meanwhile then hits all of them, and a
//! ratio of two slices of one round says more than one of two runs.
//!
//! ```text
//! cargo run --profile bench -p splitmap-benches --bin compare -- --help
//! ```

use core::error::Error;
use core::fmt::Write as _;
use core::time::Duration;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::{Long, ValueExt as _};
use splitmap_benches::{Limit, MAP_NAMES, Prepared, Row, Team, median, prepare, sorted};

const USAGE: &str = "\
usage: compare [OPTION VALUE]...
  --rows TEXT,...    only rows whose name has one of these, such as get_hit or 1M/2t
  --maps NAME,...    only these maps, besides splitmap
  --threads N,...    numbers of threads (1,2)
  --rounds N         measurements of each map in each row (7)
  --slice-ms N       the length of each (150)
  --out FILE         write every measurement as CSV
";

struct Options {
    rows: Vec<String>,
    maps: Vec<&'static str>,
    threads: Vec<usize>,
    rounds: usize,
    slice: Duration,
    out: Option<PathBuf>,
}

impl Options {
    /// `None` if only help is wanted.
    fn parse() -> Result<Option<Self>, lexopt::Error> {
        let mut options = Self {
            rows: vec![String::new()],
            maps: MAP_NAMES.to_vec(),
            threads: vec![1, 2],
            rounds: 7,
            slice: Duration::from_millis(150),
            out: None,
        };
        let mut arguments = lexopt::Parser::from_env();
        while let Some(argument) = arguments.next()? {
            match argument {
                Long("rows") => {
                    options.rows = list(&arguments.value()?.string()?, |row| Ok(row.into()))?;
                }
                Long("maps") => {
                    let wanted = list(&arguments.value()?.string()?, map_name)?;
                    options
                        .maps
                        .retain(|name| *name == MAP_NAMES[0] || wanted.contains(name));
                }
                Long("threads") => {
                    options.threads = list(&arguments.value()?.string()?, positive)?;
                }
                Long("rounds") => options.rounds = arguments.value()?.parse_with(positive)?,
                Long("slice-ms") => {
                    options.slice = Duration::from_millis(arguments.value()?.parse()?);
                }
                Long("out") => options.out = Some(arguments.value()?.into()),
                Long("help") => return Ok(None),
                other => return Err(other.unexpected()),
            }
        }
        Ok(Some(options))
    }

    fn rows(&self) -> Vec<Row> {
        let wanted = |row: &Row| self.rows.iter().any(|text| row.to_string().contains(text));
        Row::all(&self.threads).filter(wanted).collect()
    }
}

fn list<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    text.split(',').map(parse).collect()
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or(format!("{text:?} is no positive number"))
}

fn map_name(text: &str) -> Result<&'static str, String> {
    let name = MAP_NAMES.iter().find(|name| **name == text).copied();
    name.ok_or(format!(
        "no map is called {text:?}, but {}",
        MAP_NAMES.join(", ")
    ))
}

/// A row's measurements: operations per second, by map and by round.
struct Measured {
    row: Row,
    rates: Vec<Vec<f64>>,
}

fn measure(row: Row, options: &Options, team: &Team) -> Result<Measured, String> {
    let maps: Vec<Prepared> = options.maps.iter().map(|name| prepare(row, name)).collect();
    let run = |map: &Prepared, slice| {
        let rate = team.measure(&map.bench, Limit::Time(slice));
        rate.map_err(|error| format!("{row}: {}: {error}", map.name))
    };
    for map in &maps {
        run(map, options.slice / 2)?; // caches, allocator and growth settle
    }
    let mut rates = vec![Vec::new(); maps.len()];
    for round in 0..options.rounds {
        for turn in 0..maps.len() {
            let map = (round + turn) % maps.len();
            rates[map].push(run(&maps[map], options.slice)?);
        }
    }
    for map in &maps {
        map.bench
            .check_end()
            .map_err(|error| format!("{row}: {}: {error}", map.name))?;
    }
    Ok(Measured { row, rates })
}

impl Measured {
    /// The first map's rate by each other one's, round by round.
    fn ratios(&self) -> impl Iterator<Item = f64> {
        self.rates[1..].iter().map(|peer| {
            let rounds = self.rates[0]
                .iter()
                .zip(peer)
                .map(|(ours, theirs)| ours / theirs);
            median(&rounds.collect::<Vec<_>>())
        })
    }

    fn rate_cells(&self) -> String {
        let mut cells = String::new();
        for rates in &self.rates {
            let rates = sorted(rates)
                .iter()
                .map(|rate| rate / 1e6)
                .collect::<Vec<_>>();
            let (low, high) = (rates[0], rates[rates.len() - 1]);
            let _ = write!(cells, " {:.1} ({low:.1}..{high:.1}) |", median(&rates));
        }
        cells
    }

    fn ratio_cells(&self) -> String {
        let cell = |ratio| {
            if ratio < 1.0 {
                format!(" **{ratio:.2}** |")
            } else {
                format!(" {ratio:.2} |")
            }
        };
        self.ratios().map(cell).collect()
    }
}

fn heading(maps: &[&str]) -> String {
    format!(
        "| row | {} |\n| --- |{}\n",
        maps.join(" | "),
        " ---: |".repeat(maps.len())
    )
}

fn tables(maps: &[&str], measured: &[Measured]) -> String {
    let mut text = String::from("Million operations per second: median (lowest..highest)\n\n");
    text += &heading(maps);
    for row in measured {
        let _ = writeln!(text, "| {} |{}", row.row, row.rate_cells());
    }
    if let [ours, peers @ ..] = maps
        && !peers.is_empty()
    {
        let _ = writeln!(
            text,
            "\n{ours}'s rate by each peer's (bold: {ours} is slower)\n"
        );
        text += &heading(peers);
        for row in measured {
            let _ = writeln!(text, "| {} |{}", row.row, row.ratio_cells());
        }
    }
    text
}

fn csv(maps: &[&str], measured: &[Measured]) -> String {
    let mut text = String::from("row,map,round,operations_per_second\n");
    for row in measured {
        for (map, rates) in maps.iter().zip(&row.rates) {
            for (round, rate) in rates.iter().enumerate() {
                let _ = writeln!(text, "{},{map},{round},{rate:.0}", row.row);
            }
        }
    }
    text
}

fn run() -> Result<(), Box<dyn Error>> {
    let Some(options) = Options::parse()? else {
        print!("{USAGE}");
        return Ok(());
    };
    let rows = options.rows();
    if rows.is_empty() {
        return Err("no row has such a name".into());
    }
    let mut measured = Vec::new();
    for row in rows {
        measured.push(measure(row, &options, &Team::new(row.threads))?);
        let last = &measured[measured.len() - 1];
        eprintln!("{row}:{}", last.rate_cells());
    }
    print!("{}", tables(&options.maps, &measured));
    if let Some(path) = &options.out {
        fs::write(path, csv(&options.maps, &measured))?;
    }
    Ok(())
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}
