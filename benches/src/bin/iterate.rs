//! Walking over a whole map, and many look-ups at once: splitmap beside papaya and dashmap, interleaved, in one
//! run; medians. `iterate [ENTRIES] [ROUNDS]`

use std::hint::black_box;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Hasher = foldhash::fast::RandomState;

/// The key of an index: a bijection without the order of the indices.
fn key(index: u64) -> u64 {
    let key = (index + 1).wrapping_mul(0xd6e8_feb8_6659_fd93);
    key ^ (key >> 32)
}

/// What is timed, its entries, and what it took in each round.
struct Row<'a> {
    name: &'static str,
    run: Box<dyn Fn() -> u64 + 'a>,
    nanos: Vec<f64>,
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
    let (entries, rounds) = (number(1_000_000), number(9));
    let capacity = usize::try_from(entries).expect("a map of that size");

    let splitmap = splitmap::HashMap::with_capacity_and_hasher(capacity, Hasher::default());
    let grown = splitmap::HashMap::with_hasher(Hasher::default());
    let papaya = papaya::HashMap::with_capacity_and_hasher(capacity, Hasher::default());
    let dashmap = dashmap::DashMap::with_capacity_and_hasher(capacity, Hasher::default());
    for index in 0..entries {
        splitmap.insert(key(index), index);
        grown.insert(key(index), index);
        papaya.pin().insert(key(index), index);
        dashmap.insert(key(index), index);
    }
    let asked: Vec<u64> = (0..entries).map(|n| key(n * 7919 % entries)).collect();

    let sum = |sum: u64, key: &u64, value: &u64| sum.wrapping_add(*key ^ *value);
    let mut rows: Vec<Row<'_>> = Vec::new();
    let mut row = |name, run: Box<dyn Fn() -> u64>| {
        rows.push(Row {
            name,
            run,
            nanos: Vec::new(),
        });
    };
    row("iterate splitmap", {
        let map = &splitmap;
        Box::new(move || {
            map.iter()
                .fold(0, |s, entry| sum(s, entry.key(), entry.value()))
        })
    });
    row("iterate splitmap, grown from empty", {
        let map = &grown;
        Box::new(move || {
            map.iter()
                .fold(0, |s, entry| sum(s, entry.key(), entry.value()))
        })
    });
    row("iterate papaya", {
        let map = &papaya;
        Box::new(move || {
            map.pin()
                .iter()
                .fold(0, |s, (key, value)| sum(s, key, value))
        })
    });
    row("iterate dashmap", {
        let map = &dashmap;
        Box::new(move || {
            map.iter()
                .fold(0, |s, entry| sum(s, entry.key(), entry.value()))
        })
    });
    row("get splitmap", {
        let (map, asked) = (&splitmap, &asked);
        Box::new(move || {
            asked
                .iter()
                .fold(0, |s, key| s ^ map.get(key).map_or(0, |value| *value))
        })
    });
    row("get_many splitmap", {
        let (map, asked) = (&splitmap, &asked);
        Box::new(move || {
            map.get_many(asked)
                .fold(0, |s, entry| s ^ entry.map_or(0, |value| *value))
        })
    });
    row("get papaya", {
        let (map, asked) = (&papaya, &asked);
        Box::new(move || {
            let map = map.pin();
            asked
                .iter()
                .fold(0, |s, key| s ^ map.get(key).map_or(0, |value| *value))
        })
    });
    row("get dashmap", {
        let (map, asked) = (&dashmap, &asked);
        Box::new(move || {
            asked
                .iter()
                .fold(0, |s, key| s ^ map.get(key).map_or(0, |value| *value))
        })
    });

    #[expect(clippy::cast_precision_loss, reason = "a time per entry")]
    for _ in 0..rounds {
        for row in &mut rows {
            let start = Instant::now();
            black_box((row.run)());
            row.nanos
                .push(start.elapsed().as_nanos() as f64 / entries as f64);
        }
    }
    println!("{entries} entries, {rounds} rounds: median (least to most) ns an entry");
    for row in &mut rows {
        row.nanos.sort_by(f64::total_cmp);
        let (least, most) = (row.nanos[0], row.nanos[row.nanos.len() - 1]);
        let median = row.nanos[row.nanos.len() / 2];
        println!("{:36} {median:7.1} ({least:.1} to {most:.1})", row.name);
    }
}
