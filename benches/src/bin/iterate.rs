//! Walking over a whole map, and many look-ups at once: splitmap beside papaya and dashmap, interleaved, in one
//! run; medians. `iterate [ENTRIES] [ROUNDS]`

use std::hint::black_box;
use std::time::Instant;

use splitmap_benches::{Hasher, key, median, shuffled, sorted};

/// The maps, with the same entries, and the keys to look up.
struct Maps {
    splitmap: splitmap::HashMap<u64, u64, Hasher>,
    grown: splitmap::HashMap<u64, u64, Hasher>,
    papaya: papaya::HashMap<u64, u64, Hasher>,
    dashmap: dashmap::DashMap<u64, u64, Hasher>,
    asked: Vec<u64>,
}

impl Maps {
    fn new(entries: u64) -> Self {
        let capacity = usize::try_from(entries).expect("a map of that size");
        let maps = Self {
            splitmap: splitmap::HashMap::with_capacity_and_hasher(capacity, Hasher::default()),
            grown: splitmap::HashMap::with_hasher(Hasher::default()),
            papaya: papaya::HashMap::with_capacity_and_hasher(capacity, Hasher::default()),
            dashmap: dashmap::DashMap::with_capacity_and_hasher(capacity, Hasher::default()),
            // In an order that is not that of the insertions.
            asked: shuffled(0..entries, 1),
        };
        for index in 0..entries {
            maps.splitmap.insert(key(index), index);
            maps.grown.insert(key(index), index);
            maps.papaya.pin().insert(key(index), index);
            maps.dashmap.insert(key(index), index);
        }
        maps
    }

    fn rows(&self) -> Vec<Row<'_>> {
        let add = |sum: u64, key: &u64, value: &u64| sum.wrapping_add(*key ^ *value);
        let (splitmap, grown, asked) = (&self.splitmap, &self.grown, &self.asked);
        let (papaya, dashmap) = (&self.papaya, &self.dashmap);
        vec![
            row("iterate splitmap", move || {
                let entries = splitmap.iter();
                entries.fold(0, |sum, entry| add(sum, entry.key(), entry.value()))
            }),
            row("iterate splitmap, grown from empty", move || {
                let entries = grown.iter();
                entries.fold(0, |sum, entry| add(sum, entry.key(), entry.value()))
            }),
            row("iterate papaya", move || {
                let entries = papaya.pin();
                entries
                    .iter()
                    .fold(0, |sum, (key, value)| add(sum, key, value))
            }),
            row("iterate dashmap", move || {
                let entries = dashmap.iter();
                entries.fold(0, |sum, entry| add(sum, entry.key(), entry.value()))
            }),
            row("get splitmap", move || {
                let values = asked.iter().map(|key| splitmap.get(key).map_or(0, |v| *v));
                values.fold(0, |sum, value| sum ^ value)
            }),
            row("get_many splitmap", move || {
                let values = splitmap.get_many(asked);
                values.fold(0, |sum, value| sum ^ value.map_or(0, |v| *v))
            }),
            row("get papaya", move || {
                let papaya = papaya.pin();
                let values = asked.iter().map(|key| papaya.get(key).map_or(0, |v| *v));
                values.fold(0, |sum, value| sum ^ value)
            }),
            row("get dashmap", move || {
                let values = asked.iter().map(|key| dashmap.get(key).map_or(0, |v| *v));
                values.fold(0, |sum, value| sum ^ value)
            }),
        ]
    }
}

/// What is timed, and the times of its rounds.
struct Row<'a> {
    name: &'static str,
    run: Box<dyn Fn() -> u64 + 'a>,
    nanos: Vec<f64>,
}

fn row<'a>(name: &'static str, run: impl Fn() -> u64 + 'a) -> Row<'a> {
    Row {
        name,
        run: Box::new(run),
        nanos: Vec::new(),
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mut number = |default: u64| {
        let arg = args.next().map(|arg| arg.parse());
        arg.unwrap_or(Ok(default)).unwrap_or_else(|error| {
            eprintln!("usage: iterate [ENTRIES] [ROUNDS]: {error}");
            std::process::exit(2)
        })
    };
    let (entries, rounds) = (number(1_000_000).max(1), number(9).max(1));
    let maps = Maps::new(entries);
    let mut rows = maps.rows();
    #[expect(clippy::cast_precision_loss, reason = "a time per entry")]
    for _ in 0..rounds {
        for row in &mut rows {
            let start = Instant::now();
            black_box((row.run)());
            let nanos = start.elapsed().as_nanos() as f64;
            row.nanos.push(nanos / entries as f64);
        }
    }
    println!("{entries} entries, {rounds} rounds: median (least to most) ns an entry");
    for row in &rows {
        let nanos = sorted(&row.nanos);
        let (least, most) = (nanos[0], nanos[nanos.len() - 1]);
        let median = median(&nanos);
        println!("{:36} {median:7.1} ({least:.1} to {most:.1})", row.name);
    }
}
