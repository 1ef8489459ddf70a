//! What can be wrong with a map, and where.

use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

/// Violations that a report keeps; the others are counted.
const KEPT: usize = 64;

/// Something that is wrong with a map, and where.
///
/// # Examples
/// A key that was changed by way of its `Cell`:
/// ```
/// # #[derive(PartialEq, Eq)]
/// # struct Account(std::cell::Cell<u32>);
/// # impl std::hash::Hash for Account {
/// #     fn hash<H: std::hash::Hasher>(&self, state: &mut H) { self.0.get().hash(state) }
/// # }
/// use splitmap::ViolationKind;
///
/// let map = splitmap::HashMap::new();
/// map.insert(Account(1.into()), "ada");
/// map.iter().next().unwrap().key().0.set(2);
///
/// let report = map.verify();
/// let violation = &report.violations()[0];
/// assert!(matches!(violation.kind, ViolationKind::Misplaced { .. }), "{violation}");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// What is wrong.
    pub kind: ViolationKind,
    /// Where.
    pub place: Place,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.kind)
    }
}

impl Error for Violation {}

/// What is wrong with a map. Of the first three, keys are the cause (user code); all others are errors of the map, or of
/// `unsafe` code anywhere in the program that wrote to its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ViolationKind {
    /// The entry's key hashes elsewhere now: it changed, or its `Hash` gives not always the same.
    Misplaced {
        /// The upper 32 bits of its hash, spread, by which it would be filed now.
        now: u32,
    },
    /// The entry's key equals that of another one close before it.
    Duplicate,
    /// The entry's key does not equal itself.
    Unequal,
    /// The entry, or slot, sorts before what it stands behind.
    Order {
        /// The hash of what stands before it.
        before: u32,
    },
    /// A filled slot that the list passes by.
    Unreachable,
    /// A link leads to a slot that is none of the table.
    StraySentinel,
    /// A slot is empty that was filled from birth on, or is linked.
    EmptySlot,
    /// A slot is pending that was filled from birth on.
    PendingSlot,
    /// A slot is marked as removed.
    MarkedSlot,
    /// The entry's link leads nowhere, not even to the end.
    EmptyLink,
    /// The entry's link is tagged as a slot's may be.
    PendingLink,
    /// The entry was met before on the same chain.
    Cycle,
    /// The map's counters disagree with the entries that are there.
    Length {
        /// What they say.
        counted: usize,
        /// What was met.
        entries: usize,
    },
}

impl fmt::Display for ViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misplaced { now } => write!(
                f,
                "its key hashes to {now:#010x} now, so that look-ups miss it: keys must not change while they \
                 are in the map, and Hash must always give the same; `rebuild` files it anew"
            ),
            Self::Duplicate => f.write_str(
                "its key equals that of an entry before it, so that look-ups miss it: Eq did not say so \
                 when it was inserted, or one of them changed since; `rebuild` removes one",
            ),
            Self::Unequal => {
                f.write_str("its key does not equal itself, so that look-ups miss it: Eq must be reflexive")
            }
            Self::Order { before } => write!(f, "it stands behind {before:#010x}, which sorts after it"),
            Self::Unreachable => f.write_str("the list passes it by"),
            Self::StraySentinel => f.write_str("its link leads to a slot that is none of the table"),
            Self::EmptySlot => f.write_str("it is empty, and was filled from birth on or is linked"),
            Self::PendingSlot => f.write_str("it is pending, and was filled from birth on"),
            Self::MarkedSlot => f.write_str("it is marked, as only entries may be"),
            Self::EmptyLink => f.write_str("its link leads nowhere"),
            Self::PendingLink => f.write_str("its link is pending, as only slots may be"),
            Self::Cycle => f.write_str("it was met before on the same chain"),
            Self::Length { counted, entries } => {
                write!(f, "its counters say {counted} entries, and {entries} are there")
            }
        }
    }
}

/// Where something is wrong. Hashes are the upper 32 bits, spread, by which entries are sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// The map as a whole.
    Map,
    /// A slot of the table: the beginning of a bucket.
    Slot {
        /// The level of the table that it came with: 0 for the first slot.
        level: u32,
        /// Its number among the slots of that level.
        index: usize,
        /// The least hash of its bucket.
        first: u32,
    },
    /// An entry.
    Entry {
        /// The least hash of the bucket in which it stands.
        first: u32,
        /// How many entries stand before it, behind the bucket's slot.
        position: usize,
        /// The hash by which it was filed.
        hash: u32,
    },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Map => f.write_str("the map"),
            Self::Slot {
                level,
                index,
                first,
            } => write!(
                f,
                "slot {index} of level {level} (hashes from {first:#010x} on)"
            ),
            Self::Entry {
                first,
                position,
                hash,
            } => write!(
                f,
                "entry {position} from {first:#010x} on (hash {hash:#010x})"
            ),
        }
    }
}

/// Violations: some kept, all counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Violations {
    pub(super) kept: Vec<Violation>,
    pub(super) total: usize,
}

impl Violations {
    /// Adds one; met twice, by way of two chains, it is one.
    pub(crate) fn add(&mut self, kind: ViolationKind, place: Place) {
        let violation = Violation { kind, place };
        if self.kept.contains(&violation) {
            return;
        }
        self.total += 1;
        if self.kept.len() < KEPT {
            self.kept.push(violation);
        }
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.total += other.total - other.kept.len();
        for violation in other.kept {
            self.add(violation.kind, violation.place);
        }
    }
}
