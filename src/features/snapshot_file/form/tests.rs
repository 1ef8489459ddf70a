//! The form against a full disk, and against those who forge checks.

use alloc::string::String;
use alloc::vec::Vec;
use core::error::Error as _;
use std::io::{self, Write};

use proptest::prelude::*;

use super::{BLOCK, MAGIC, NUMBER, SnapshotFault, VERSION, Writer};

type Map = crate::HashMap<u64, String>;

/// A snapshot that says what it likes, with checks that are right.
fn forge(head: [u64; 3], blocks: &[(u64, u64, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut chain = Writer {
        output: &mut bytes,
        check: 0,
        bytes: 0,
    };
    chain
        .seal(head.iter().flat_map(|n| n.to_le_bytes()).collect())
        .unwrap();
    for (length, entries, content) in blocks {
        let mut part = [length.to_le_bytes(), entries.to_le_bytes()].concat();
        part.extend(*content);
        chain.seal(part).unwrap();
    }
    bytes
}

fn read(bytes: &[u8]) -> Result<Map, SnapshotFault> {
    super::read(bytes, bytes.len() as u64)
}

const HEAD: [u64; 3] = [u64::from_le_bytes(*MAGIC), VERSION, 1];
const ENTRY: (u64, u64, &[u8]) = (3, 1, &[7, 1, b'x']);
const END: (u64, u64, &[u8]) = (0, 0, &[]);

#[test]
fn another_version_is_said_to_be_one() {
    assert_eq!(
        *read(&forge(HEAD, &[ENTRY, END])).unwrap().get(&7).unwrap(),
        "x"
    );
    let newer = forge(
        [HEAD[0], VERSION + 1, 1],
        &[(99, 99, b"what nobody knows yet")],
    );
    assert!(matches!(
        read(&newer),
        Err(SnapshotFault::Version { found: 2 })
    ));
}

#[test]
fn numbers_that_are_not_true_are_not_believed() {
    const MAX: u64 = u64::MAX;
    for (what, bytes) in [
        (
            "entries in all",
            forge([HEAD[0], VERSION, MAX], &[ENTRY, END]),
        ),
        ("entries of a block", forge(HEAD, &[(3, MAX, ENTRY.2), END])),
        (
            "too few of a block",
            forge([HEAD[0], VERSION, 0], &[(3, 0, ENTRY.2), END]),
        ),
        ("bytes of a block", forge(HEAD, &[(MAX, 1, ENTRY.2), END])),
        (
            "bytes of a string",
            forge(
                HEAD,
                &[
                    (11, 1, b"\x07\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
                    END,
                ],
            ),
        ),
    ] {
        assert!(read(&bytes).is_err(), "{what}");
    }
}

/// Takes some bytes, and no more.
struct FullDisk(usize);

impl Write for FullDisk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        if taken == 0 {
            Err(io::ErrorKind::StorageFull.into())
        } else {
            Ok(taken)
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_is_an_error_wherever_it_is_met() {
    let value = "x".repeat(2 * BLOCK / 3);
    let entries: Vec<_> = (0..5_u64).map(|n| (n, value.clone())).collect();
    let write = |room| super::write(FullDisk(room), entries.iter().map(|(n, value)| (n, value)));
    let whole = usize::try_from(write(usize::MAX).unwrap().bytes).unwrap();
    assert_eq!(
        whole,
        4 * NUMBER + 4 * 3 * NUMBER + 5 * (1 + 3 + value.len())
    );
    for room in (0..whole).step_by(997).chain([whole - 1]) {
        let fault = write(room).unwrap_err();
        assert!(matches!(fault, SnapshotFault::Io { .. }) && fault.source().is_some());
    }
    assert!(write(whole).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No bytes make the reader panic, with checks that are right as a forger would make them.
    #[test]
    fn what_is_forged_is_read_or_refused(
        content in prop::collection::vec(any::<u8>(), 0..60),
        (length, entries, all) in (0..80_u64, 0..9_u64, 0..9_u64),
        honest: bool,
    ) {
        let length = if honest { content.len() as u64 } else { length };
        let bytes = forge([HEAD[0], VERSION, all], &[(length, entries, &content), END]);
        if let Ok(map) = read(&bytes) {
            prop_assert!(map.len() as u64 <= entries && entries == all);
        }
    }
}

/// Of entries that take no bytes there can be any number in a block: none is counted up to that was not announced.
#[test]
fn entries_that_take_no_bytes_are_no_more_than_were_announced() {
    let endless = forge(HEAD, &[(0, u64::MAX, &[]), END]);
    let read = super::read::<(), (), std::hash::RandomState>(&*endless, endless.len() as u64);
    assert!(matches!(read, Err(SnapshotFault::Altered { .. })));
}
