//! `verify` and `rebuild` through the map's face: keys that change, a `Hash` and an `Eq` that are wrong, and maps in
//! full use, of which nothing wrong may ever be said.

use std::cell::Cell;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use splitmap::{HashMap, HashSet, Place, Verification, ViolationKind};

/// The same in each run.
type Fixed = BuildHasherDefault<DefaultHasher>;

const MANY: u64 = if cfg!(miri) {
    50
} else if cfg!(splitmap_emulated) {
    1_000
} else {
    5_000
};
const FEW: u64 = if cfg!(miri) { 5 } else { 40 };

/// A key that can change; the thread's [`Conduct`] says how it hashes and compares.
#[derive(Debug)]
struct Shifty(Cell<u64>);

#[derive(Clone, Copy, PartialEq)]
enum Conduct {
    Lawful,
    /// Another hash each time.
    RandomHash,
    /// All have the same hash.
    OneHash,
    /// Equal to nothing.
    NeverEqual,
    /// `Hash` panics after so many calls.
    HashPanics(u32),
    /// `Eq` panics after so many calls.
    EqPanics(u32),
}

thread_local! {
    static CONDUCT: Cell<Conduct> = const { Cell::new(Conduct::Lawful) };
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

fn conduct(conduct: Conduct) {
    CONDUCT.set(conduct);
    CALLS.set(0);
}

/// Which call of user code this is.
fn call() -> u32 {
    CALLS.replace(CALLS.get() + 1)
}

impl Hash for Shifty {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match CONDUCT.get() {
            Conduct::RandomHash => call().hash(state),
            Conduct::OneHash => {}
            Conduct::HashPanics(after) => {
                assert!(call() < after, "Hash panics");
                self.0.get().hash(state);
            }
            _ => self.0.get().hash(state),
        }
    }
}

impl PartialEq for Shifty {
    fn eq(&self, other: &Self) -> bool {
        match CONDUCT.get() {
            Conduct::NeverEqual => false,
            Conduct::EqPanics(after) => {
                assert!(call() < after, "Eq panics");
                self.0 == other.0
            }
            _ => self.0 == other.0,
        }
    }
}
impl Eq for Shifty {}

/// A value that says when it is dropped.
struct Counted(u64, Rc<Cell<u64>>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.set(self.1.get() + 1);
    }
}

type Map = HashMap<Shifty, Counted, Fixed>;

fn key(n: u64) -> Shifty {
    Shifty(Cell::new(n))
}

/// A map of `0..MANY`, each its own value; and how many have been dropped.
fn map() -> (Map, Rc<Cell<u64>>) {
    conduct(Conduct::Lawful);
    let (map, dropped) = (Map::default(), Rc::default());
    for n in 0..MANY {
        map.insert(key(n), Counted(n, Rc::clone(&dropped)));
    }
    (map, dropped)
}

fn kinds(report: &Verification, is: impl Fn(ViolationKind) -> bool) -> usize {
    let kinds = report.violations().iter().map(|violation| violation.kind);
    kinds.filter(|&kind| is(kind)).count()
}

#[track_caller]
fn assert_sound<K: Hash + Eq, V>(map: &HashMap<K, V, Fixed>) {
    let report = map.verify();
    assert!(report.is_sound() && report.length_compared(), "{report}");
    assert_eq!((report.entries(), report.disturbed()), (map.len(), 0));
}

/// All keys of the map are found, and each has the value that it had.
#[track_caller]
fn assert_findable(map: &Map) {
    for entry in map {
        assert_eq!(map.get(entry.key()).map(|entry| entry.0), Some(entry.0));
    }
}

#[test]
fn the_report_of_a_sound_map_adds_up() {
    let empty = HashMap::<u32, u32>::new().verify();
    assert!(empty.is_sound());
    assert_eq!((empty.entries(), empty.slots()), (0, 0));
    assert_eq!(empty.chains().longest(), 0);
    let (map, _) = map();
    assert_sound(&map);
    let report = map.verify();
    assert_eq!(report.length(), map.len());
    let (mut entries, mut chains) = (0, 0);
    for (len, many) in report.chains().iter() {
        (entries, chains) = (entries + len * many, chains + many);
    }
    assert_eq!((entries, chains), (map.len(), report.slots()));
    assert_eq!(report.chains().count(), chains);
    assert!(report.slots() >= map.capacity());
    let line = report.to_string();
    assert!(
        line.starts_with(&format!("sound: {MANY} entries")),
        "{line}"
    );
    assert_eq!(line.lines().count(), 1);
}

#[test]
fn keys_that_changed_are_misplaced_until_the_map_is_rebuilt() {
    let (mut map, dropped) = map();
    let mut changed = 0;
    for entry in &map {
        if entry.0 % 3 == 0 {
            entry.key().0.set(entry.0 + MANY);
            changed += 1;
        }
    }
    let report = map.verify();
    assert_eq!(report.violation_count(), changed, "{report}");
    assert_eq!(report.entries(), map.len());
    assert!(
        kinds(&report, |kind| matches!(
            kind,
            ViolationKind::Misplaced { .. }
        )) == changed.min(64)
    );
    let violation = report.violations()[0];
    assert!(matches!(violation.place, Place::Entry { .. }));
    let text = report.to_string();
    assert!(text.contains("`rebuild` files it anew"), "{text}");
    assert!(text.contains(&violation.to_string()));
    assert!(map.get(&key(MANY)).is_none());

    let rebuilt = map.rebuild();
    assert_eq!((rebuilt.moved, rebuilt.duplicates), (changed, 0));
    assert_sound(&map);
    assert_findable(&map);
    assert_eq!(map.get(&key(MANY)).map(|entry| entry.0), Some(0));
    assert_eq!((dropped.get(), map.len() as u64), (0, MANY));
    // It goes on as any other.
    for n in 0..MANY {
        map.insert(key(n), Counted(n, Rc::clone(&dropped)));
        map.remove(&key(n + MANY));
    }
    assert_sound(&map);
    drop(map);
    assert_eq!(dropped.get(), 2 * MANY);
}

#[test]
fn keys_that_became_equal_are_duplicates_of_which_one_stays() {
    let (mut map, dropped) = map();
    // Each becomes the one below it, which is in its place.
    for entry in &map {
        if entry.0 % 2 == 1 {
            entry.key().0.set(entry.0 - 1);
        }
    }
    assert!(map.get(&key(1)).is_none());
    let rebuilt = map.rebuild();
    assert_eq!(rebuilt.duplicates as u64, MANY / 2);
    assert_eq!(rebuilt.moved, 0);
    assert_eq!(dropped.get(), MANY / 2);
    assert_eq!(map.len() as u64, MANY - MANY / 2);
    assert_sound(&map);
    assert_findable(&map);
    assert!(
        map.iter().all(|entry| entry.0 % 2 == 0),
        "what look-ups found stays"
    );
    drop(map);
    assert_eq!(dropped.get(), MANY);
}

#[test]
fn an_eq_that_denies_leaves_duplicates() {
    let (mut map, dropped) = map();
    conduct(Conduct::NeverEqual);
    let report = map.verify();
    assert_eq!(report.violation_count() as u64, MANY);
    assert!(
        report
            .violations()
            .iter()
            .all(|violation| violation.kind == ViolationKind::Unequal)
    );
    for n in 0..10 {
        map.insert(key(n), Counted(MANY + n, Rc::clone(&dropped)));
    }
    conduct(Conduct::Lawful);
    let report = map.verify();
    assert_eq!(report.violation_count(), 10, "{report}");
    assert_eq!(kinds(&report, |kind| kind == ViolationKind::Duplicate), 10);
    let rebuilt = map.rebuild();
    assert_eq!((rebuilt.moved, rebuilt.duplicates), (0, 10));
    assert_eq!(dropped.get(), 10);
    assert_sound(&map);
    assert!(
        map.iter().all(|entry| entry.0 < MANY),
        "what look-ups found stays"
    );
}

#[test]
fn a_hash_at_random_is_seen_and_harms_nothing() {
    let (mut map, dropped) = map();
    conduct(Conduct::RandomHash);
    let report = map.verify();
    // All, but for those that chance files right.
    assert!(report.violation_count() as u64 > MANY / 2, "{report}");
    // What is found by such hashes is of no use, but it is a lawful list.
    map.rebuild();
    map.insert(key(MANY), Counted(MANY, Rc::clone(&dropped)));
    let report = map.verify();
    assert_eq!(
        kinds(&report, |kind| !matches!(
            kind,
            ViolationKind::Misplaced { .. }
        )),
        0
    );
    conduct(Conduct::Lawful);
    map.rebuild();
    assert_sound(&map);
    assert_findable(&map);
    assert_eq!((dropped.get(), map.len() as u64), (0, MANY + 1));
}

#[test]
fn a_flood_of_collisions_shows_in_the_chains() {
    let (mut map, dropped) = map();
    let many = MANY.min(500) as usize;
    conduct(Conduct::OneHash);
    map.retain(|_, entry| entry.0 < many as u64);
    assert!(map.rebuild().moved + 1 >= many);
    assert_sound(&map);
    let report = map.verify();
    assert_eq!(report.chains().longest(), many);
    assert!(report.chains().iter().any(|chains| chains == (many, 1)));
    conduct(Conduct::Lawful);
    map.rebuild();
    assert!(map.verify().chains().longest() < 12);
    assert_findable(&map);
    drop(map);
    assert_eq!(dropped.get(), MANY);
}

#[test]
fn a_panic_in_any_call_of_user_code_loses_nothing() {
    type Panics = fn(u32) -> Conduct;
    let (mut map, dropped) = map();
    map.retain(|_, entry| entry.0 < FEW);
    let (mut round, gone) = (0, MANY - FEW);
    for panics in [Conduct::HashPanics as Panics, Conduct::EqPanics] {
        let mut after = 0;
        loop {
            // All are astray, and have other neighbours each time.
            round += 1;
            map.iter()
                .for_each(|entry| entry.key().0.set(entry.0 + 1_000 * round));
            conduct(panics(after));
            let verified = catch_unwind(AssertUnwindSafe(|| map.verify()));
            conduct(panics(after));
            let rebuilt = catch_unwind(AssertUnwindSafe(|| map.rebuild()));
            conduct(Conduct::Lawful);
            let mut values: Vec<_> = map.iter().map(|entry| entry.0).collect();
            values.sort_unstable();
            assert!(values.into_iter().eq(0..FEW), "after {after}");
            let report = map.verify();
            let keys_only = |kind| matches!(kind, ViolationKind::Misplaced { .. });
            assert_eq!(
                kinds(&report, keys_only),
                report.violations().len(),
                "{report}"
            );
            if verified.is_ok() && rebuilt.is_ok() {
                assert!(report.is_sound(), "{report}");
                break;
            }
            // What had been hashed by then is filed, and the next call does the rest.
            map.rebuild();
            assert_sound(&map);
            assert_findable(&map);
            after += 1;
        }
        assert!(after > 1);
    }
    assert!(round >= FEW);
    drop(map);
    assert_eq!(dropped.get(), FEW + gone);
}

#[test]
fn sets_too() {
    let mut set: HashSet<Shifty, Fixed> = (0..10).map(key).collect();
    assert!(set.verify().is_sound());
    set.iter().for_each(|key| key.0.set(key.0.get() + 10));
    assert!(!set.verify().is_sound());
    assert_eq!(set.rebuild().moved, 10);
    assert!(set.verify().is_sound() && set.contains(&key(19)));
}

/// Two writers of keys of their own, which make the map grow, and of keys that they share; in one map after the
/// other, small ones, where all happens in few places, and larger ones.
#[test]
fn nothing_is_wrong_beside_writers_and_growth() {
    let length = Duration::from_secs(u64::from(!cfg!(miri)));
    let sizes = if cfg!(miri) {
        [(4, 3), (20, 3)]
    } else if cfg!(splitmap_emulated) {
        [(50, 100), (500, 20)]
    } else {
        [(50, 1_000), (5_000, 50)]
    };
    let (shared, start) = (if cfg!(miri) { 6 } else { 64 }, Instant::now());
    let (mut maps, mut verified, mut moved, mut disturbed, mut marked) = (0, 0, 0, 0, 0);
    while maps < 2 || start.elapsed() < length {
        let (size, looks) = sizes[maps % 2];
        let map: HashMap<u64, u64, Fixed> = (0..shared).map(|n| (n, n)).collect();
        let (ready, end) = (Barrier::new(3), AtomicBool::new(false));
        thread::scope(|scope| {
            for id in [1, 2] {
                let (map, ready, end) = (&map, &ready, &end);
                scope.spawn(move || {
                    ready.wait();
                    for n in (0..).take_while(|_| !end.load(Ordering::Relaxed)) {
                        map.insert(id << 32 | (n % size), n);
                        map.insert(n % shared, n);
                        map.update(&(n % (shared / 2)), |_, n| n + 1);
                        map.remove(&(id << 32 | ((n + size / 2) % size)));
                        map.remove(&((n + 7) % shared));
                    }
                });
            }
            ready.wait();
            for _ in 0..looks {
                let report = map.verify();
                assert!(report.is_sound(), "{report}");
                verified += 1;
                moved += usize::from(!report.length_compared());
                disturbed += report.disturbed();
                marked += report.marked();
            }
            end.store(true, Ordering::Relaxed);
        });
        assert_sound(&map);
        maps += 1;
    }
    assert!(moved > 0, "nobody changed anything meanwhile");
    println!(
        "{verified} verifications of {maps} maps, {moved} of which changed meanwhile; {disturbed} chains disturbed, \
         {marked} entries marked"
    );
}
