//! What [`HashMap::verify`](crate::HashMap::verify) found: a report, with what is wrong as data.

use alloc::collections::BTreeMap;
use core::fmt;

mod violation;

pub(crate) use violation::Violations;
pub use violation::{Place, Violation, ViolationKind};

/// The report of [`HashMap::verify`](crate::HashMap::verify).
///
/// Its [`Display`](fmt::Display) is one line for a sound map, and one more for each violation.
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::from([(1, 10), (2, 20)]);
/// let report = map.verify();
/// assert!(report.is_sound(), "{report}");
/// assert_eq!(report.entries(), 2);
/// println!("{report}");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Verification {
    pub(crate) entries: usize,
    pub(crate) length: usize,
    pub(crate) length_compared: bool,
    pub(crate) marked: usize,
    pub(crate) unfilled: usize,
    pub(crate) disturbed: usize,
    pub(crate) chains: Chains,
    pub(crate) violations: Violations,
}

impl Verification {
    /// That of a map that has never held anything.
    pub(crate) fn of_nothing() -> Self {
        Self {
            length_compared: true,
            ..Self::default()
        }
    }

    /// Nothing was found to be wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.violations.total == 0
    }

    /// What was found to be wrong: the first 64 of it.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations.kept
    }

    /// How much was found to be wrong.
    #[must_use]
    pub fn violation_count(&self) -> usize {
        self.violations.total
    }

    /// Entries that were met, in no single moment if others changed the map.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.entries
    }

    /// The map's [`len`](crate::HashMap::len) behind the walk.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// Whether [`entries`](Self::entries) and [`length`](Self::length) had to agree, and were compared: everything could be looked
    /// at, nobody inserted, removed or replaced anything meanwhile, and what they differ by cannot be explained by operations that
    /// are on their way. (Each of those holds a hazard; a held [`Ref`](crate::Ref) holds one too, and so counts for one.)
    #[must_use]
    pub fn length_compared(&self) -> bool {
        self.length_compared
    }

    /// Entries that were removed or replaced, and still stood in the list: lawful, and unlinked by whoever
    /// passes.
    #[must_use]
    pub fn marked(&self) -> usize {
        self.marked
    }

    /// Slots of the table from which look-ups begin: filled ones.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.chains.count() + self.disturbed
    }

    /// Slots that no look-up begins at, the one before serves instead: lawful while the table grows, and where
    /// a thread was stopped in the midst of that.
    #[must_use]
    pub fn unfilled(&self) -> usize {
        self.unfilled
    }

    /// Chains that others changed each time that they were looked at: nothing of them is in this report.
    #[must_use]
    pub fn disturbed(&self) -> usize {
        self.disturbed
    }

    /// How long the chains are.
    #[must_use]
    pub fn chains(&self) -> &Chains {
        &self.chains
    }
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.violation_count() {
            0 => f.write_str("sound: ")?,
            1 => f.write_str("1 violation: ")?,
            many => write!(f, "{many} violations: ")?,
        }
        let compared = if self.length_compared {
            ""
        } else {
            ", not compared"
        };
        write!(
            f,
            "{} entries (length {}{compared}) and {} marked ones behind {} slots, {} more unfilled, {} disturbed; {}",
            self.entries,
            self.length,
            self.marked,
            self.slots(),
            self.unfilled,
            self.disturbed,
            self.chains
        )?;
        for violation in self.violations() {
            write!(f, "\n  {violation}")?;
        }
        match self.violation_count() - self.violations().len() {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more"),
        }
    }
}

/// How many chains there are of each length: the entries between a slot and the next one, which a look-up may have to
/// pass. Made by [`Verification::chains`].
///
/// With a good hasher, few are longer than 6; long ones tell of hashes that collide.
///
/// # Examples
/// ```
/// let map: splitmap::HashMap<_, _> = (0..1000).map(|n| (n, n)).collect();
/// let report = map.verify();
/// let entries: usize = report.chains().iter().map(|(len, chains)| len * chains).sum();
/// assert_eq!(entries, 1000);
/// assert!(report.chains().longest() < 20);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chains(BTreeMap<usize, usize>);

impl Chains {
    /// Lengths, ascending, and how many chains have each.
    pub fn iter(&self) -> impl Iterator<Item = (usize, usize)> {
        self.0.iter().map(|(&len, &chains)| (len, chains))
    }

    /// The greatest length.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.0.last_key_value().map_or(0, |(&len, _)| len)
    }

    /// How many chains there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.values().sum()
    }

    pub(crate) fn add(&mut self, len: usize) {
        *self.0.entry(len).or_default() += 1;
    }
}

impl fmt::Display for Chains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "chains by length: ";
        for (len, chains) in self.iter() {
            write!(f, "{separator}{len}: {chains}")?;
            separator = ", ";
        }
        if self.0.is_empty() {
            f.write_str("no chains")
        } else {
            Ok(())
        }
    }
}

/// What [`HashMap::rebuild`](crate::HashMap::rebuild) did.
///
/// # Examples
/// ```
/// let mut map = splitmap::HashMap::from([(1, 10), (2, 20)]);
/// assert_eq!(map.rebuild(), splitmap::Rebuilt::default()); // nothing was to be done
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rebuilt {
    /// Entries that were filed anew.
    pub moved: usize,
    /// Entries that were removed and dropped: their keys equal that of one that stayed.
    pub duplicates: usize,
}
