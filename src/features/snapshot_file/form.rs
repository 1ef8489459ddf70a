//! The bytes of a snapshot: a chain of parts, each sealed by a check.
//!
//! ```text
//!   head    "splitmap" │ version │ entries in all  │ check      numbers: 8 bytes, the lowest first
//!   block   bytes      │ entries │ the entries ... │ check      entries: key and value, by postcard
//!   block   ...
//!   end     0          │ 0       │                   check      and nothing behind it
//! ```
//!
//! A check is XXH3 over its part, seeded with the check before it: so the last one is over the whole file, and no part
//! can be left out, repeated or moved. 64 bits, as a file of many GB has too many blocks for 32; and XXH3 rather than a CRC
//! of 64 bits, as it runs as fast as memory does.
//!
//! The head keeps its form in all versions, so that a version is known to be one and not an error of the disk.

use alloc::vec::Vec;
use core::hash::{BuildHasher, Hash};
use std::io::{Read, Write};

use serde_core::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use super::fault::SnapshotFault;
use crate::map::HashMap;

const MAGIC: &[u8; 8] = b"splitmap";
pub(super) const VERSION: u64 = 1;
/// A block ends with the entry that brings it to this length.
const BLOCK: usize = 64 * 1024;
/// The length of a number, and of a check.
const NUMBER: usize = size_of::<u64>();
/// The length of the two numbers before a block's entries.
const START: usize = 2 * NUMBER;

/// What was written by [`save`](super::save). Feature `snapshot-file`.
///
/// # Examples
/// ```
/// use splitmap::snapshot_file;
///
/// # let path = std::env::temp_dir().join(format!("splitmap-doc-saved-{}", std::process::id()));
/// let saved = snapshot_file::save(&path, [(&1_u64, &10_u64)])?;
/// assert_eq!((saved.entries, saved.bytes), (1, std::fs::metadata(&path)?.len()));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Saved {
    /// The entries.
    pub entries: u64,
    /// The file's length.
    pub bytes: u64,
}

pub(super) fn write<'e, K, V>(
    output: impl Write,
    entries: impl ExactSizeIterator<Item = (&'e K, &'e V)>,
) -> Result<Saved, SnapshotFault>
where
    K: Serialize + 'e,
    V: Serialize + 'e,
{
    let announced = entries.len() as u64;
    let mut chain = Writer {
        output,
        check: 0,
        bytes: 0,
    };
    chain.seal(Vec::from(
        [*MAGIC, VERSION.to_le_bytes(), announced.to_le_bytes()].as_flattened(),
    ))?;
    let mut saved = 0;
    let mut block = Block::new();
    for entry in entries {
        block.push(&entry)?;
        if block.bytes.len() >= BLOCK {
            saved += block.entries;
            block = chain.seal_block(block)?;
        }
    }
    if block.entries > 0 {
        saved += block.entries;
        block = chain.seal_block(block)?;
    }
    chain.seal_block(block)?; // the end
    if saved != announced {
        return Err(SnapshotFault::Count { announced });
    }
    Ok(Saved {
        entries: saved,
        bytes: chain.bytes,
    })
}

/// Entries that are not written yet, behind room for the two numbers.
struct Block {
    bytes: Vec<u8>,
    entries: u64,
}

impl Block {
    fn new() -> Self {
        Self {
            bytes: Vec::from([0; START]),
            entries: 0,
        }
    }

    fn push(&mut self, entry: &impl Serialize) -> Result<(), SnapshotFault> {
        self.entries += 1;
        postcard::to_io(entry, &mut self.bytes).map_err(|error| SnapshotFault::Encode {
            source: error.into(),
        })?;
        Ok(())
    }
}

struct Writer<W> {
    output: W,
    check: u64,
    bytes: u64,
}

impl<W: Write> Writer<W> {
    /// Writes a part and its check; gives its memory back.
    fn seal(&mut self, mut part: Vec<u8>) -> Result<Vec<u8>, SnapshotFault> {
        self.check = XxHash3_64::oneshot_with_seed(self.check, &part);
        part.extend(self.check.to_le_bytes());
        self.output
            .write_all(&part)
            .map_err(SnapshotFault::io("write to it"))?;
        self.bytes += part.len() as u64;
        Ok(part)
    }

    /// Writes a block; gives an empty one.
    fn seal_block(&mut self, mut block: Block) -> Result<Block, SnapshotFault> {
        let bytes = (block.bytes.len() - START) as u64;
        let start = [bytes.to_le_bytes(), block.entries.to_le_bytes()];
        block.bytes[..START].copy_from_slice(start.as_flattened());
        let mut bytes = self.seal(block.bytes)?;
        bytes.truncate(START);
        Ok(Block { bytes, entries: 0 })
    }
}

/// Reads a whole snapshot; `length` is the file's. What was decoded is dropped if anything behind it is wrong.
pub(super) fn read<K, V, S>(
    input: impl Read,
    length: u64,
) -> Result<HashMap<K, V, S>, SnapshotFault>
where
    K: for<'de> Deserialize<'de> + Hash + Eq,
    V: for<'de> Deserialize<'de>,
    S: BuildHasher + Default,
{
    let mut chain = Reader {
        input,
        check: 0,
        offset: 0,
        part: Vec::new(),
    };
    let announced = chain.head()?;
    let map = HashMap::with_hasher(S::default());
    // A hint: most entries take some bytes. An entry's slots take up to 32: so this is no more than twice the file, whatever
    // it says. Without that room the map grows.
    let room = announced.min(length / 16);
    let _ = map.try_reserve(usize::try_from(room).unwrap_or(usize::MAX));
    let mut found = 0_u64;
    loop {
        let start = chain.offset + START as u64;
        let (entries, bytes) = chain.block()?;
        if entries == 0 && bytes.is_empty() {
            break;
        }
        // Before it is counted up to: entries may take no bytes.
        if entries > announced - found {
            return Err(SnapshotFault::Altered { offset: start });
        }
        let mut rest = bytes;
        let fault = |rest: &[u8], source| SnapshotFault::Decode {
            offset: start + (bytes.len() - rest.len()) as u64,
            source,
        };
        for _ in 0..entries {
            let ((key, value), behind) =
                postcard::take_from_bytes(rest).map_err(|error| fault(rest, error.into()))?;
            map.insert(key, value);
            rest = behind;
        }
        if !rest.is_empty() {
            return Err(fault(rest, "bytes that belong to no entry".into()));
        }
        found += entries;
    }
    if found != announced || !chain.is_at_its_end()? {
        return Err(SnapshotFault::Altered {
            offset: chain.offset,
        });
    }
    Ok(map)
}

struct Reader<R> {
    input: R,
    /// The check of the part before.
    check: u64,
    /// Where this part begins.
    offset: u64,
    /// What was read of it.
    part: Vec<u8>,
}

impl<R: Read> Reader<R> {
    /// Reads the head; gives the number of entries.
    fn head(&mut self) -> Result<u64, SnapshotFault> {
        let begun = self.more(MAGIC.len() as u64);
        if !MAGIC.starts_with(&self.part) {
            return Err(SnapshotFault::NotASnapshot);
        }
        begun?;
        self.more(2 * NUMBER as u64)?;
        self.check()?;
        match self.number(1) {
            VERSION => Ok(self.number(2)),
            found => Err(SnapshotFault::Version { found }),
        }
    }

    /// Reads a block; gives how many entries it has, and their bytes.
    fn block(&mut self) -> Result<(u64, &[u8]), SnapshotFault> {
        self.part.clear();
        self.more(START as u64)?;
        self.more(self.number(0))?;
        self.check()?;
        Ok((self.number(1), &self.part[START..]))
    }

    fn is_at_its_end(&mut self) -> Result<bool, SnapshotFault> {
        self.part.clear();
        match self.more(1) {
            Ok(()) => Ok(false),
            Err(SnapshotFault::Torn { .. }) => Ok(true),
            Err(fault) => Err(fault),
        }
    }

    /// Reads `bytes` more of this part. Takes memory as they come: a number that was altered asks for none.
    fn more(&mut self, bytes: u64) -> Result<(), SnapshotFault> {
        let mut input = self.input.by_ref().take(bytes);
        let read = input
            .read_to_end(&mut self.part)
            .map_err(SnapshotFault::io("read it"))?;
        if (read as u64) < bytes {
            return Err(SnapshotFault::Torn {
                offset: self.offset + self.part.len() as u64,
            });
        }
        Ok(())
    }

    /// Reads the check of this part, which ends here.
    fn check(&mut self) -> Result<(), SnapshotFault> {
        let end = self.part.len();
        self.more(NUMBER as u64)?;
        let check = XxHash3_64::oneshot_with_seed(self.check, &self.part[..end]);
        if self.part[end..] != check.to_le_bytes() {
            return Err(SnapshotFault::Altered {
                offset: self.offset,
            });
        }
        self.check = check;
        self.offset += self.part.len() as u64;
        self.part.truncate(end);
        Ok(())
    }

    /// The number at `index` of this part.
    fn number(&self, index: usize) -> u64 {
        let (numbers, _) = self.part.as_chunks();
        u64::from_le_bytes(numbers[index])
    }
}

#[cfg(test)]
mod tests;
