//! [`Reclamation`]: how a map's removed entries are freed.

#[cfg(feature = "std")]
use crate::tunables::BACKLOG;
use crate::tunables::{BATCH, DESTRUCTORS};

/// How a map frees removed entries: in batches of what size, and how many destructors an operation runs; for
/// [`Builder::reclamation`](crate::Builder::reclamation).
///
/// ```text
///   remove ► batch ──when full: no hazard?──► due ──the next removals run some destructors each──► freed
///                                              └──a background thread, if there is one─────────► freed
/// ```
///
/// | wanted | setting |
/// | --- | --- |
/// | no request that pays for many | the default, or fewer [`destructors`](Self::destructors) |
/// | values with slow destructors | [`HashMap::reclaim_in_background`](crate::HashMap::reclaim_in_background) (feature `std`) |
/// | less garbage | a smaller [`batch`](Self::batch): each costs a look at all hazards, and a barrier |
/// | memory given back at once | `destructors(usize::MAX)`: a batch's last removal frees it |
///
/// # Examples
/// ```
/// use splitmap::{HashMap, Reclamation};
///
/// let gentle = Reclamation::new().batch(64).destructors(2);
/// let map: HashMap<u32, String> = HashMap::builder().reclamation(gentle).build();
/// assert_eq!(map.reclamation(), gentle);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "settings are for a builder"]
pub struct Reclamation {
    pub(super) batch: usize,
    pub(super) destructors: usize,
    #[cfg(feature = "std")]
    pub(super) backlog: usize,
}

impl Reclamation {
    /// The default: batches of 512, 16 destructors for each entry that is removed, and a backlog of 64 batches.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<u32, u32>::new();
    /// assert_eq!(map.reclamation(), splitmap::Reclamation::new());
    /// ```
    pub const fn new() -> Self {
        Self {
            batch: BATCH,
            destructors: DESTRUCTORS,
            #[cfg(feature = "std")]
            backlog: BACKLOG,
        }
    }

    /// How many removed entries a thread collects before it looks which of them may be freed. (0 counts as 1.)
    ///
    /// # Examples
    /// ```
    /// use splitmap::{HashMap, Reclamation};
    ///
    /// let map: HashMap<u32, u32> = HashMap::builder().reclamation(Reclamation::new().batch(1)).build();
    /// map.insert(1, 10);
    /// drop(map.remove(&1)); // in use until then, by what `remove` gives
    /// map.insert(2, 20);
    /// drop(map.remove(&2)); // looks at both
    /// assert!(map.retired_len() < 2);
    /// ```
    pub const fn batch(mut self, entries: usize) -> Self {
        self.batch = at_least_one(entries);
        self
    }

    /// How many destructors an operation runs, at most, for each entry that it removes or replaces. (0 counts as
    /// 1.) `usize::MAX`: all that are due.
    ///
    /// An entry's key and value are one here. An operation that finds entries which another thread has marked as
    /// removed may have to unlink them, and then counts them as its own. Those that remove nothing run no
    /// destructors. With 2 or more, what is due is gone before the next batch is full; with 1, it is a batch
    /// that is always on its way. The bound on memory is the same.
    ///
    /// # Examples
    /// ```
    /// use splitmap::{HashMap, Reclamation};
    ///
    /// let all_at_once = Reclamation::new().destructors(usize::MAX);
    /// let map: HashMap<u32, u32> = HashMap::builder().reclamation(all_at_once).build();
    /// (0..10_000).for_each(|n| drop(map.insert(n % 100, n)));
    /// assert!(map.retired_len() <= 512);
    /// ```
    pub const fn destructors(mut self, most: usize) -> Self {
        self.destructors = at_least_one(most);
        self
    }

    /// How many batches may wait for the [background thread](crate::HashMap::reclaim_in_background), if there is
    /// one; 64 at most. What is removed beyond that is freed by the operations, as if there were none. (0: all is.)
    ///
    /// # Examples
    /// ```
    /// let settings = splitmap::Reclamation::new().backlog(8);
    /// assert_ne!(settings, splitmap::Reclamation::new());
    /// ```
    #[cfg(feature = "std")]
    pub const fn backlog(mut self, batches: usize) -> Self {
        self.backlog = if batches < BACKLOG { batches } else { BACKLOG };
        self
    }
}

impl Default for Reclamation {
    fn default() -> Self {
        Self::new()
    }
}

const fn at_least_one(n: usize) -> usize {
    if n == 0 { 1 } else { n }
}
