//! Random operations by many threads, on few and on many keys, through many doublings, with good and
//! with bad hashers: every insertion is accounted for, every key and value dropped exactly once.
//!
//! The accounting: for each key, insertions of a new entry minus removals, summed over all threads'
//! own books, must be what the map holds of it in the end. Values carry a number that only one
//! insertion or update makes, and the books must agree on which was replaced or removed by whom.

mod common;

use common::{BadHash, Census, Counted, Random, TruncHash, scaled};
use splitmap::HashMap;
use std::collections::HashSet;
use std::hash::BuildHasher;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

const THREADS: u64 = if cfg!(miri) { 3 } else { 4 };

/// Operations of a thread between two calls of `flush`, which has nodes freed while others
/// read. Under Miri nothing else does: its few operations never fill a batch.
const COLLECT_EVERY: u64 = if cfg!(miri) { 7 } else { 20_000 };

/// Operations of a thread under Miri.
const MIRI: u64 = 25;

/// One thread's record of what it did.
#[derive(Default)]
struct Book {
    /// Numbers of values that this thread made and put into the map.
    put: Vec<u64>,
    /// Numbers of values that this thread took out of the map.
    taken: Vec<u64>,
    /// Keys that came to be, minus keys that ceased to be.
    balance: i64,
}

/// Random operations of one thread. Values are numbered `thread << 48 | serial`.
fn work<S: BuildHasher>(
    map: &HashMap<Key, Counted, S>,
    census: &Census,
    thread: u64,
    keys: u64,
    operations: u64,
) -> Book {
    let mut random = Random::new(thread + 1);
    let mut book = Book::default();
    let mut serial = thread << 48;
    let mut held = Vec::new();
    for n in 0..operations {
        if n % COLLECT_EVERY == COLLECT_EVERY - 1 {
            map.flush();
        }
        let key = random.below(keys);
        serial += 1;
        match random.below(100) {
            0..30 => {
                if let Some(seen) = map.get(&key) {
                    assert_eq!(seen.key().0.get(), key);
                    seen.get();
                    if random.below(16) == 0 {
                        held.push((seen.get(), seen));
                    }
                }
            }
            30..55 => {
                book.put.push(serial);
                match map.insert(Key::new(key, census), census.counted(serial)) {
                    Some(replaced) => book.taken.push(replaced.get()),
                    None => book.balance += 1,
                }
            }
            55..65 => match map.try_insert(Key::new(key, census), census.counted(serial)) {
                Ok(new) => {
                    assert_eq!(new.get(), serial);
                    book.put.push(serial);
                    book.balance += 1;
                }
                Err(error) => assert_eq!((error.key.0.get(), error.value.get()), (key, serial)),
            },
            65..75 => {
                let replaced = std::cell::Cell::new(0);
                let update = |_: &Key, old: &Counted| {
                    replaced.set(old.get());
                    census.counted(serial)
                };
                if let Some(new) = map.update(&key, update) {
                    assert_eq!((new.key().0.get(), new.get()), (key, serial));
                    book.put.push(serial);
                    book.taken.push(replaced.get());
                }
            }
            75..80 => {
                let entry =
                    map.get_or_insert_with(Key::new(key, census), || census.counted(serial));
                if entry.get() == serial {
                    book.put.push(serial);
                    book.balance += 1;
                }
            }
            80..90 => {
                if let Some(removed) = map.remove(&key) {
                    book.taken.push(removed.get());
                    book.balance -= 1;
                }
            }
            90..99 => {
                if let Some(removed) = map.remove_if(&key, |_, value| value.get() % 2 == 0) {
                    assert_eq!(removed.get() % 2, 0);
                    book.taken.push(removed.get());
                    book.balance -= 1;
                }
            }
            _ => {
                let sum: usize = map
                    .iter()
                    .take(50)
                    .map(|entry| usize::from(entry.get() > 0))
                    .sum();
                assert!(sum <= 50);
            }
        }
        if held.len() > 40 {
            held.drain(..)
                .for_each(|(n, entry)| assert_eq!(entry.get(), n));
        }
    }
    book
}

/// A key that is counted too, so that keys are seen to be dropped.
#[derive(Debug)]
struct Key(Counted);

impl Key {
    fn new(n: u64, census: &Census) -> Self {
        Self(census.counted(n))
    }
}
impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}
impl Eq for Key {}
impl std::hash::Hash for Key {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.get());
    }
}
impl splitmap::Equivalent<Key> for u64 {
    fn equivalent(&self, key: &Key) -> bool {
        *self == key.0.get()
    }
}

fn stress<S: BuildHasher + Sync>(hasher: S, keys: u64, operations: u64) {
    let operations = if cfg!(miri) { MIRI } else { scaled(operations) };
    let census = Census::default();
    let map = HashMap::with_hasher(hasher);
    let start = Barrier::new(usize::try_from(THREADS).unwrap());
    let books: Vec<Book> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (map, census, start) = (&map, &census, &start);
                scope.spawn(move || {
                    start.wait();
                    work(map, census, thread, keys, operations)
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });

    let balance: i64 = books.iter().map(|book| book.balance).sum();
    assert_eq!(i64::try_from(map.len()).unwrap(), balance);

    let mut expected = HashSet::new();
    for n in books.iter().flat_map(|book| &book.put) {
        assert!(expected.insert(*n));
    }
    for n in books.iter().flat_map(|book| &book.taken) {
        assert!(
            expected.remove(n),
            "{n:#x} was taken out twice, or never put in"
        );
    }
    let found: HashSet<u64> = map.iter().map(|entry| entry.get()).collect();
    assert_eq!(found, expected);
    assert_eq!(map.iter().count(), found.len());
    for entry in &map {
        let again = map.get(&entry.key().0.get()).unwrap();
        assert_eq!(again.get(), entry.get());
    }
    assert!(census.alive() >= 2 * isize::try_from(map.len()).unwrap());
    map.flush();
    drop(map);
    assert_eq!(census.alive(), 0, "keys or values were leaked");
}

#[test]
fn few_keys() {
    stress(foldhash::fast::RandomState::default(), 8, 400_000);
}

#[test]
fn many_keys_through_many_doublings() {
    stress(foldhash::fast::RandomState::default(), 100_000, 1_000_000);
}

#[test]
fn default_hasher() {
    stress(std::hash::RandomState::new(), 1_000, 200_000);
}

#[test]
fn all_keys_collide() {
    stress(BadHash, 64, 100_000);
}

#[test]
fn few_distinct_hashes() {
    stress(TruncHash(4), 500, 100_000);
}

#[test]
fn many_truncated_hashes() {
    stress(TruncHash(12), 20_000, 400_000);
}

/// Readers beside a writer that has each node freed as soon as it is replaced or removed, unless a hazard
/// guards it: the shortest way from a link that was read to a node that is gone.
#[test]
fn what_is_being_read_is_not_freed() {
    const KEYS: u64 = 2;
    let rounds = if cfg!(miri) { 30 } else { scaled(30_000) };
    let census = Census::default();
    let map = HashMap::<u64, Counted, _>::with_hasher(BadHash);
    let over = AtomicBool::new(false);
    let reads: u64 = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let mut reads = 0;
                    // Relaxed: only to end some time.
                    while !over.load(Ordering::Relaxed) {
                        for key in 0..KEYS {
                            if let Some(entry) = map.get(&key) {
                                assert_eq!(entry.get() % KEYS, key);
                                reads += 1;
                            }
                        }
                    }
                    reads
                })
            })
            .collect();
        for round in 0..rounds {
            let key = round % KEYS;
            match round / KEYS % 3 {
                0 => drop(map.insert(key, census.counted(KEYS * round + key))),
                1 => drop(map.update(&key, |_, old| census.counted(old.get() + KEYS))),
                _ => drop(map.remove(&key)),
            }
            map.flush();
        }
        over.store(true, Ordering::Relaxed);
        readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .sum()
    });
    println!("{reads} reads beside {rounds} changes, each collected");
    drop(map);
    assert_eq!(census.alive(), 0);
}
