//! Snapshots in files: what was saved comes back, whole; what was cut off or altered does not; and the former file stays
//! until the new one is in its place.
#![cfg(all(feature = "snapshot-file", unix, not(loom)))]

use std::collections::HashMap as Std;
use std::error::Error as _;
use std::fmt::Debug;
use std::fs;
use std::hash::Hash;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use proptest::prelude::*;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use splitmap::HashMap;
use splitmap::snapshot_file::{SnapshotFault, SnapshotFileError, save};

/// A folder of a test's own, removed with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let n = MADE.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("splitmap-test-{}-{n}", process::id()));
        fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("map")
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<_> = names
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn load<K, V>(path: &Path) -> Result<Std<K, V>, SnapshotFileError>
where
    K: for<'de> Deserialize<'de> + Hash + Eq,
    V: for<'de> Deserialize<'de>,
{
    Ok(HashMap::<K, V>::load(path)?.into_iter().collect())
}

fn comes_back<K, V>(map: &Std<K, V>) -> u64
where
    K: Serialize + for<'de> Deserialize<'de> + Hash + Eq + Debug,
    V: Serialize + for<'de> Deserialize<'de> + PartialEq + Debug,
{
    let folder = Folder::new();
    let saved = save(folder.file(), map).unwrap();
    assert_eq!(saved.entries, map.len() as u64);
    assert_eq!(saved.bytes, fs::metadata(folder.file()).unwrap().len());
    assert_eq!(folder.names(), ["map"]);
    assert_eq!(load(&folder.file()).unwrap(), *map);
    saved.bytes
}

/// A value of several kinds.
#[derive(Clone, Debug, PartialEq)]
struct User {
    name: String,
    tags: Vec<Option<i16>>,
}

impl Serialize for User {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.name, &self.tags).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (name, tags) = Deserialize::deserialize(deserializer)?;
        Ok(Self { name, tags })
    }
}

fn users(n: u64) -> Std<u64, User> {
    let user = |n| User {
        name: format!("user {n}"),
        tags: vec![None, Some(-3)],
    };
    (0..n).map(|n| (n, user(n))).collect()
}

#[test]
fn what_was_saved_comes_back() {
    assert_eq!(comes_back(&Std::<u64, u64>::new()), 56, "a head and an end");
    comes_back(&users(3));
    comes_back(&(0..100_000_u64).map(|n| (n, n * n)).collect());
    comes_back(&(0..100_000_u64).map(|n| (format!("{n}"), n)).collect());
    // Entries longer than a block, and longer than two.
    comes_back(
        &(0..5_u8)
            .map(|n| (n, vec![n; 50_000 * usize::from(n)]))
            .collect(),
    );
}

#[test]
fn entries_of_no_bytes_are_counted() {
    let folder = Folder::new();
    let saved = save(folder.file(), [(&(), &()), (&(), &())]).unwrap();
    assert_eq!(saved.entries, 2);
    assert_eq!(HashMap::<(), ()>::load(folder.file()).unwrap().len(), 1);
}

/// A file of three blocks, and where they begin.
fn three_blocks(path: &Path) -> (Vec<u8>, Vec<usize>) {
    let entries: Vec<_> = (0..3_u64).map(|n| (n, "x".repeat(66_000))).collect();
    save(path, entries.iter().map(|(n, text)| (n, text))).unwrap();
    let bytes = fs::read(path).unwrap();
    let mut starts = vec![32];
    while starts.len() < 4 {
        let start = *starts.last().unwrap();
        let length = u64::from_le_bytes(bytes[start..start + 8].try_into().unwrap());
        starts.push(start + 24 + usize::try_from(length).unwrap());
    }
    assert_eq!(starts[3] + 24, bytes.len());
    (bytes, starts)
}

/// The fault in `bytes`, as a snapshot of such values.
fn fault<V: for<'de> Deserialize<'de> + Debug>(path: &Path, bytes: &[u8]) -> SnapshotFault {
    fs::write(path, bytes).unwrap();
    load::<u64, V>(path).unwrap_err().fault
}

#[test]
fn a_file_that_was_cut_off_at_any_byte_is_refused() {
    let folder = Folder::new();
    save(folder.file(), &users(20)).unwrap();
    let bytes = fs::read(folder.file()).unwrap();
    for end in 0..bytes.len() {
        let fault = fault::<User>(&folder.file(), &bytes[..end]);
        assert!(
            matches!(fault, SnapshotFault::Torn { offset, .. } if offset == end as u64),
            "{end}: {fault:?}"
        );
    }
    let (bytes, starts) = three_blocks(&folder.file());
    for end in starts {
        let fault = fault::<String>(&folder.file(), &bytes[..end]);
        assert!(
            matches!(fault, SnapshotFault::Torn { .. }),
            "{end}: {fault:?}"
        );
    }
}

#[test]
fn a_file_with_any_bit_altered_is_refused() {
    let folder = Folder::new();
    save(folder.file(), &users(20)).unwrap();
    let mut bytes = fs::read(folder.file()).unwrap();
    for index in 0..bytes.len() {
        for bit in 0..8 {
            bytes[index] ^= 1 << bit;
            let fault = fault::<User>(&folder.file(), &bytes);
            let right = match fault {
                SnapshotFault::NotASnapshot => index < 8,
                SnapshotFault::Altered { offset, .. } => offset <= index as u64,
                // The length of a block, which then goes beyond the end.
                SnapshotFault::Torn { .. } => true,
                _ => false,
            };
            assert!(right, "{index}, bit {bit}: {fault:?}");
            bytes[index] ^= 1 << bit;
        }
    }
    fs::write(folder.file(), bytes).unwrap();
    assert_eq!(load(&folder.file()).unwrap(), users(20));
}

#[test]
fn a_file_whose_blocks_were_moved_left_out_or_repeated_is_refused() {
    let folder = Folder::new();
    let (bytes, starts) = three_blocks(&folder.file());
    let (head, end) = (&bytes[..starts[0]], &bytes[starts[3]..]);
    let block = |n: usize| &bytes[starts[n]..starts[n + 1]];
    assert_eq!([head, block(0), block(1), block(2), end].concat(), bytes);
    for parts in [
        vec![head, block(1), block(0), block(2), end],
        vec![head, block(0), block(2), end],
        vec![head, block(0), block(1), block(2), block(2), end],
        vec![head, end],
        vec![head, block(0), block(1), block(2), end, end],
        vec![head, block(0), block(1), block(2), end, b"\0"],
    ] {
        let fault = fault::<String>(&folder.file(), &parts.concat());
        assert!(matches!(fault, SnapshotFault::Altered { .. }), "{fault:?}");
    }
}

#[test]
fn what_is_no_snapshot_or_one_of_other_types_says_so() {
    let folder = Folder::new();
    for text in [
        "x",
        "something longer than a head, which is of thirty-two bytes",
        "splitmaq",
    ] {
        let fault = fault::<User>(&folder.file(), text.as_bytes());
        assert!(
            matches!(fault, SnapshotFault::NotASnapshot),
            "{text}: {fault:?}"
        );
    }
    save(folder.file(), &users(20)).unwrap();
    for error in [
        load::<u64, u64>(&folder.file()).unwrap_err(),
        load::<u64, (User, u8)>(&folder.file()).unwrap_err(),
        load::<u64, (String, u8)>(&folder.file()).unwrap_err(),
    ] {
        assert!(
            matches!(error.fault, SnapshotFault::Decode { offset: 48.., .. }),
            "{error:?}"
        );
        assert!(error.source().is_some() && error.to_string().contains("other types"));
    }
    save(folder.file(), [(&1_u8, &2_u8)]).unwrap();
    assert!(load::<(), u8>(&folder.file()).is_err(), "bytes are left");
}

#[test]
fn a_file_that_cannot_be_opened_says_why() {
    let folder = Folder::new();
    let kind = |error: SnapshotFileError| match error.fault {
        SnapshotFault::Io { source, .. } => source.kind(),
        fault => panic!("{fault}"),
    };
    let missing = folder.0.join("missing");
    assert_eq!(
        kind(load::<u8, u8>(&missing).unwrap_err()),
        ErrorKind::NotFound
    );
    assert_eq!(
        kind(save(missing.join("map"), &users(1)).unwrap_err()),
        ErrorKind::NotFound
    );
    assert_eq!(
        kind(load::<u8, u8>(&folder.0).unwrap_err()),
        ErrorKind::IsADirectory
    );
    for path in [
        &*folder.0,
        Path::new("/"),
        Path::new(""),
        Path::new("/dev/null"),
    ] {
        assert_eq!(
            kind(save(path, &users(1)).unwrap_err()),
            ErrorKind::InvalidInput,
            "{path:?}"
        );
    }
    fs::write(folder.file(), "not to be written over").unwrap();
    symlink(folder.file(), folder.0.join("other.saving")).unwrap();
    assert_eq!(
        kind(save(folder.0.join("other"), &users(1)).unwrap_err()),
        ErrorKind::Other
    );
    assert_eq!(fs::read(folder.file()).unwrap(), b"not to be written over");
}

/// Serialized as a number, unless it is 7: then it fails, or panics.
struct Unlucky(u64, fn());

impl Serialize for Unlucky {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 == 7 {
            (self.1)();
            return Err(serde::ser::Error::custom("7"));
        }
        serializer.serialize_u64(self.0)
    }
}

/// Announces three entries more.
struct Boaster<I>(I);

impl<I: Iterator> Iterator for Boaster<I> {
    type Item = I::Item;
    fn next(&mut self) -> Option<I::Item> {
        self.0.next()
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.0.size_hint();
        (least + 3, most.map(|most| most + 3))
    }
}

impl<I: ExactSizeIterator> ExactSizeIterator for Boaster<I> {}

#[test]
fn a_save_that_fails_leaves_the_former_file_and_nothing_else() {
    let folder = Folder::new();
    save(folder.file(), &users(3)).unwrap();
    let as_before = || {
        assert_eq!(load(&folder.file()).unwrap(), users(3));
        assert_eq!(folder.names(), ["map"]);
    };
    let unlucky = |then: fn()| -> Vec<_> {
        (0..20_000)
            .map(|n| (n, Unlucky(n % 10_007, then)))
            .collect()
    };
    for (fails, then) in [(false, (|| panic!("7")) as fn()), (true, || ())] {
        let entries = unlucky(then);
        let save = || save(folder.file(), entries.iter().map(|(n, value)| (n, value)));
        let result = std::panic::catch_unwind(save);
        assert_eq!(result.is_ok(), fails);
        if let Ok(result) = result {
            let fault = result.unwrap_err().fault;
            assert!(matches!(fault, SnapshotFault::Encode { .. }), "{fault:?}");
        }
        as_before();
    }
    let error = save(folder.file(), Boaster(users(5).iter())).unwrap_err();
    assert!(
        matches!(error.fault, SnapshotFault::Count { announced: 8, .. }),
        "{error:?}"
    );
    as_before();
}

#[test]
fn what_a_killed_save_left_is_written_over_and_permissions_stay() {
    let folder = Folder::new();
    save(folder.file(), &users(3)).unwrap();
    fs::set_permissions(folder.file(), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(folder.0.join("map.saving"), vec![b'x'; 100_000]).unwrap();
    let saved = save(folder.file(), &users(4)).unwrap();
    assert_eq!(folder.names(), ["map"]);
    let metadata = fs::metadata(folder.file()).unwrap();
    assert_eq!(
        (metadata.len(), metadata.permissions().mode() & 0o777),
        (saved.bytes, 0o600)
    );
    assert_eq!(load(&folder.file()).unwrap(), users(4));
}

#[test]
fn a_save_beside_another_is_refused_and_a_load_is_not() {
    let folder = Folder::new();
    save(folder.file(), &users(3)).unwrap();
    let mut others = 0;
    let (first, second) = (users(5), users(6));
    let beside = first.iter().inspect(|_| {
        others += 1;
        let fault = save(folder.file(), &second).unwrap_err().fault;
        assert!(matches!(fault, SnapshotFault::Busy), "{fault:?}");
        assert_eq!(load(&folder.file()).unwrap(), users(3));
    });
    save(folder.file(), beside).unwrap();
    assert_eq!(others, 5);
    assert_eq!(load(&folder.file()).unwrap(), users(5));
    save(folder.file(), &second).unwrap();
}

#[test]
fn many_at_once_leave_one_of_them_whole() {
    let folder = Folder::new();
    let entries = |n: u64| -> Std<u64, u64> { (0..1000).map(|key| (key, n)).collect() };
    save(folder.file(), &entries(1)).unwrap();
    let saved = AtomicUsize::new(0);
    thread::scope(|scope| {
        for n in 1..=4 {
            let (folder, saved) = (&folder, &saved);
            scope.spawn(move || {
                let entries = entries(n);
                for _ in 0..50 {
                    match save(folder.file(), &entries).map_err(|error| error.fault) {
                        Ok(_) => saved.fetch_add(1, Ordering::Relaxed),
                        Err(SnapshotFault::Busy) => 0,
                        Err(fault) => panic!("{fault}"),
                    };
                    let there = load::<u64, u64>(&folder.file()).unwrap();
                    assert_eq!(there.len(), 1000);
                    let first = there[&0];
                    assert!((1..=4).contains(&first) && there.values().all(|n| *n == first));
                }
            });
        }
    });
    assert!(saved.into_inner() >= 1);
    assert_eq!(folder.names(), ["map"]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_map_comes_back(map in prop::collection::hash_map(any::<String>(), any::<Option<(i64, char)>>(), 0..20)) {
        comes_back(&map);
    }

    /// Pieces of a snapshot, cut out, moved, put in, altered: it is refused, or it is the same again.
    #[test]
    fn a_mutilated_file_is_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..40_usize, any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let folder = Folder::new();
        save(folder.file(), &users(20)).unwrap();
        let original = fs::read(folder.file()).unwrap();
        let mut bytes = original.clone();
        for (from, length, to, byte) in changes {
            if bytes.is_empty() {
                break;
            }
            let from = from.index(bytes.len());
            let mut piece: Vec<u8> = bytes.drain(from..(from + length).min(bytes.len())).collect();
            if byte > 128 {
                piece.push(byte);
            }
            let to = to.index(bytes.len() + 1);
            bytes.splice(to..to, piece);
        }
        fs::write(folder.file(), &bytes).unwrap();
        let loaded = load::<u64, User>(&folder.file());
        prop_assert_eq!(loaded.is_ok(), bytes == original);
    }
}

/// A save to a file that is only to be read gives the new one that permission, and may be killed then. (Nothing to see
/// for root, who may write to all.)
#[test]
fn what_was_left_behind_and_is_only_to_be_read_is_taken_over() {
    let folder = Folder::new();
    let left = folder.0.join("map.saving");
    for path in [&folder.file(), &left] {
        fs::write(path, "something").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o444)).unwrap();
    }
    let other = fs::File::open(&left).unwrap();
    other.lock().unwrap();
    let refused = save(folder.file(), [(&1, &10)]).unwrap_err();
    assert!(matches!(refused.fault, SnapshotFault::Busy), "{refused}");
    drop(other);
    save(folder.file(), [(&1, &10)]).unwrap();
    assert_eq!(folder.names(), ["map"]);
    let mode = fs::metadata(folder.file()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o444);
}
