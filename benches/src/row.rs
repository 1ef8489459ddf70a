//! A row of the table: an operation or a mix, a number of entries, a number of threads.

use core::fmt;

/// What the threads of a row do. All of them work on one map and draw from the same keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Gets of keys that are present.
    GetHit,
    /// Gets of keys that are absent.
    GetMiss,
    /// Insertions of absent keys into a map that has grown already: it goes from one half of its
    /// entries to all of them, again and again. The removals in between are not measured.
    Insert,
    /// Insertions into a new map without capacity, from empty to all entries, growth included.
    InsertGrowing,
    /// Removals of keys that are present: the other half of `Insert`.
    Remove,
    /// Percentages, in the order of the name.
    Mix(Mix),
}

/// Shares of the operations, in percent. Reads and updates draw from all keys, insertions and removals
/// from one half of them, of which half is present at any time: so the map stays 3/4 full, and half of
/// the insertions replace an entry and half of the removals find none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix {
    pub(crate) read: u64,
    pub(crate) insert: u64,
    pub(crate) remove: u64,
    pub(crate) update: u64,
}

/// `ReadHeavy` of conc-map-bench.
const READ_HEAVY: Mix = Mix {
    read: 98,
    insert: 1,
    remove: 1,
    update: 0,
};
/// `Exchange` of conc-map-bench.
const EXCHANGE: Mix = Mix {
    read: 10,
    insert: 40,
    remove: 40,
    update: 10,
};

const OPERATIONS: [Operation; 7] = [
    Operation::GetHit,
    Operation::GetMiss,
    Operation::Insert,
    Operation::InsertGrowing,
    Operation::Remove,
    Operation::Mix(READ_HEAVY),
    Operation::Mix(EXCHANGE),
];

const SIZES: [(u64, &str); 2] = [(1_000, "1K"), (1_000_000, "1M")];

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GetHit => "get_hit",
            Self::GetMiss => "get_miss",
            Self::Insert => "insert",
            Self::InsertGrowing => "insert_growing",
            Self::Remove => "remove",
            Self::Mix(mix) => return mix.fmt(f),
        })
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            read,
            insert,
            remove,
            update,
        } = self;
        write!(f, "read_{read}_insert_{insert}_remove_{remove}")?;
        if *update > 0 {
            write!(f, "_update_{update}")
        } else {
            Ok(())
        }
    }
}

/// What is measured in one place, for every map; `Display` gives its name (`get_hit/1K/1t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the threads do.
    pub operation: Operation,
    /// Entries; in a [`Mix`] the keys that are in play, of which 3/4 are present.
    pub entries: u64,
    /// How many threads.
    pub threads: usize,
}

impl Row {
    /// All rows, for these numbers of threads.
    pub fn all(threads: &[usize]) -> impl Iterator<Item = Self> {
        OPERATIONS.into_iter().flat_map(move |operation| {
            SIZES.into_iter().flat_map(move |(entries, _)| {
                threads.iter().map(move |&threads| Self {
                    operation,
                    entries,
                    threads,
                })
            })
        })
    }

    pub(crate) fn capacity(&self) -> usize {
        usize::try_from(self.entries).expect("a million at most")
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = SIZES.iter().find(|(entries, _)| *entries == self.entries);
        let size = size.map_or("?", |(_, name)| name);
        write!(f, "{}/{size}/{}t", self.operation, self.threads)
    }
}
