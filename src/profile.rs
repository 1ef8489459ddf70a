//! [`Profile`]: what contention costs a map, as its sampled operations met it; and [`ProfileRateError`].
//!
//! ```text
//!   probes of all seats ──sum──► Profile ──► Display: a table     table.rs
//!   (`probe`)                      │    ──► since: a difference
//!                                  └──────► the `metrics` facade  metrics.rs
//! ```

use alloc::vec::Vec;
use core::array;
use core::cmp::Reverse;
use core::error::Error;
use core::fmt;
use core::ops::RangeInclusive;

use crate::probe::{Counts, HotSpot, Kind, LENGTHS, Mean};

#[cfg(feature = "metrics")]
mod metrics;
mod table;

/// What a map's sampled operations met; from [`HashMap::profile`](crate::HashMap::profile). (Feature `profile`.)
///
/// Counts are those of sampled operations, since the map was made, or in between two profiles ([`since`](Self::since)).
/// [`estimate`](Self::estimate) scales them up to all operations. They are sums over threads, read one after the other
/// while they change, and exact when nobody uses the map.
///
/// Sampled are operations on one key; and not what walks over the whole map, nor [`pop_any`](crate::HashMap::pop_any). One that
/// is nested in a sampled one, in a callback, is sampled in its place.
///
/// [`Display`](fmt::Display) is a table, of which this is the beginning:
///
/// ```text
/// one operation in 200 sampled: 10240 for 2048140
///
/// operation           sampled     estimate   of all
/// get                    9216      1843200   90.0 %
/// insert                 1024       204800   10.0 %
/// ```
///
/// # Examples
/// ```
/// # fn main() -> Result<(), splitmap::ProfileRateError> {
/// use splitmap::{HashMap, OperationKind};
///
/// let map = HashMap::builder().profile_rate(1.0)?.build();
/// map.insert("a", 1);
/// let before = map.profile();
/// map.get("a");
/// let profile = map.profile().since(&before);
/// assert_eq!(profile.samples(), 1);
/// assert_eq!(profile.samples_of(OperationKind::Get), 1);
/// println!("{profile}");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Profile {
    mean: Mean,
    counts: Counts,
    retired: usize,
    reclaimed: usize,
}

/// A kind of operation on one key, as a [`Profile`] tells them apart.
///
/// # Examples
/// ```
/// use splitmap::OperationKind;
/// assert_eq!(OperationKind::Get.to_string(), "get");
/// assert!(OperationKind::ALL.contains(&OperationKind::Get));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OperationKind {
    /// `get` and its like, and the look that [`get_or_insert`](crate::HashMap::get_or_insert) takes first.
    Get,
    /// `insert`, `try_insert`, and what inserts where a look found nothing.
    Insert,
    /// `update`, `replace`, and changes of a very entry.
    Update,
    /// `compute`, and what is made of it: `update_or_insert`, `compare_exchange`.
    Compute,
    /// `remove`, `remove_if`, and removals of a very entry, as when a lease ends.
    Remove,
}

impl OperationKind {
    /// All of them.
    pub const ALL: &[Self] = &[
        Self::Get,
        Self::Insert,
        Self::Update,
        Self::Compute,
        Self::Remove,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Compute => "compute",
            Self::Remove => "remove",
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::Get => Kind::Get,
            Self::Insert => Kind::Insert,
            Self::Update => Kind::Update,
            Self::Compute => Kind::Compute,
            Self::Remove => Kind::Remove,
        }
    }
}

impl fmt::Display for OperationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Profile {
    pub(crate) fn new(mean: Mean, mut counts: Counts, retired: usize, reclaimed: usize) -> Self {
        for spots in [&mut counts.keys, &mut counts.buckets, &mut counts.contended] {
            sort(spots);
        }
        Self {
            mean,
            counts,
            retired,
            reclaimed,
        }
    }

    /// The fraction of operations that are sampled at present.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.mean.rate()
    }

    /// Operations that were sampled.
    #[must_use]
    pub fn samples(&self) -> usize {
        self.counts.operations.iter().sum()
    }

    /// Operations of a kind that were sampled.
    #[must_use]
    pub fn samples_of(&self, kind: OperationKind) -> usize {
        self.counts.operations[kind.kind() as usize]
    }

    /// Operations that the samples stand for: how many there were, but for those behind each thread's last sample, and those
    /// at a rate of 0.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.counts.represented
    }

    /// What all operations would have counted, if `count` is what the sampled ones did.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::new();
    /// (0..10_000).for_each(|n| drop(map.insert(n % 10, n)));
    /// let profile = map.profile();
    /// assert_eq!(profile.estimate(profile.samples()), profile.operations());
    /// ```
    #[must_use]
    pub fn estimate(&self, count: usize) -> usize {
        let all = count as u128 * self.operations() as u128;
        all.checked_div(self.samples() as u128).unwrap_or(0) as usize
    }

    /// Exchanges of a link that failed, or were not tried, because another thread had changed it; and marks that were there already.
    #[must_use]
    pub fn failed_exchanges(&self) -> usize {
        self.counts.failed_exchanges
    }

    /// Walks and operations that began again: what they stood on was removed, or their exchange failed.
    #[must_use]
    pub fn retries(&self) -> usize {
        self.counts.restarts
    }

    /// Steps of a walk that were done again: the link had changed when it was read behind the publication of a hazard, or it led to
    /// a removed entry, which was unlinked. (The first step of a `get` apart.)
    #[must_use]
    pub fn steps_again(&self) -> usize {
        self.counts.steps_again
    }

    /// Removed entries that were unlinked on the way, for others. (An operation's own counts, too, if another one changed the link
    /// before it meanwhile, so that it had to be looked for.)
    #[must_use]
    pub fn helped(&self) -> usize {
        self.counts.helped
    }

    /// Chunks of new slots that insertions filled, while the table grew.
    #[must_use]
    pub fn chunks_filled(&self) -> usize {
        self.counts.filled
    }

    /// How many entries operations passed on their way, with all that they had to do again, and what insertions did for the
    /// table's growth: ranges, ascending, and how many sampled operations are in each.
    ///
    /// # Examples
    /// ```
    /// # fn main() -> Result<(), splitmap::ProfileRateError> {
    /// let map = splitmap::HashMap::builder().profile_rate(1.0)?.build();
    /// map.insert(1, 10);
    /// let none = map.profile().traversals().next().unwrap();
    /// assert_eq!(none, (0..=0, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn traversals(&self) -> impl Iterator<Item = (RangeInclusive<usize>, usize)> {
        let range = |class: usize| match class {
            0 => 0..=0,
            _ if class == LENGTHS - 1 => 1 << (class - 1)..=usize::MAX,
            _ => 1 << (class - 1)..=(1 << class) - 1,
        };
        let lengths = self.counts.lengths.iter().enumerate();
        lengths.map(move |(class, &operations)| (range(class), operations))
    }

    /// The hashes of the keys that most of the sampled operations were on, most frequent first.
    #[must_use]
    pub fn hot_hashes(&self) -> &[HotSpot] {
        &self.counts.keys
    }

    /// The buckets that most of the sampled operations were in, most frequent first. (A bucket that splits gives its name to the
    /// half with the smaller hashes.)
    #[must_use]
    pub fn hot_buckets(&self) -> &[HotSpot] {
        &self.counts.buckets
    }

    /// The hashes of the keys on which most of those sampled operations were that met others: that failed in an exchange, began
    /// again, read a link again, or helped. Each counts once.
    #[must_use]
    pub fn contended_hashes(&self) -> &[HotSpot] {
        &self.counts.contended
    }

    /// Entries that were removed or replaced, and waited to be freed, when the profile was made:
    /// [`retired_len`](crate::HashMap::retired_len), of all operations.
    #[must_use]
    pub fn retired(&self) -> usize {
        self.retired
    }

    /// Entries that were freed: [`reclaimed_count`](crate::HashMap::reclaimed_count), of all operations.
    #[must_use]
    pub fn reclaimed(&self) -> usize {
        self.reclaimed
    }

    /// What was counted since `earlier`, a profile of the same map. ([`rate`](Self::rate) and [`retired`](Self::retired) are those
    /// of `self`.)
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::<u32, u32>::new();
    /// let earlier = map.profile();
    /// assert_eq!(map.profile().since(&earlier).samples(), 0);
    /// ```
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            mean: self.mean,
            counts: since(&self.counts, &earlier.counts),
            retired: self.retired,
            reclaimed: self.reclaimed.wrapping_sub(earlier.reclaimed),
        }
    }
}

fn since(now: &Counts, then: &Counts) -> Counts {
    // Both may be a little off, if they are of the same moment.
    let less = |now: usize, then: usize| now.saturating_sub(then);
    Counts {
        operations: array::from_fn(|n| less(now.operations[n], then.operations[n])),
        represented: less(now.represented, then.represented),
        failed_exchanges: less(now.failed_exchanges, then.failed_exchanges),
        restarts: less(now.restarts, then.restarts),
        steps_again: less(now.steps_again, then.steps_again),
        helped: less(now.helped, then.helped),
        filled: less(now.filled, then.filled),
        lengths: array::from_fn(|n| less(now.lengths[n], then.lengths[n])),
        buckets: spots_since(&now.buckets, &then.buckets),
        keys: spots_since(&now.keys, &then.keys),
        contended: spots_since(&now.contended, &then.contended),
    }
}

fn spots_since(now: &[HotSpot], then: &[HotSpot]) -> Vec<HotSpot> {
    let mut spots = now.to_vec();
    for spot in &mut spots {
        let then = then.iter().find(|then| then.hash == spot.hash);
        // If it left its box meanwhile and came back, it counts from then on: no less than the difference.
        spot.count = then.map_or(spot.count, |then| spot.count.saturating_sub(then.count));
    }
    spots.retain(|spot| spot.count > 0);
    sort(&mut spots);
    spots
}

/// Most frequent first.
fn sort(spots: &mut [HotSpot]) {
    spots.sort_by_key(|spot| Reverse(spot.count));
}

/// The error of [`HashMap::set_profile_rate`](crate::HashMap::set_profile_rate) and
/// [`Builder::profile_rate`](crate::Builder::profile_rate): the rate is not from 0 to 1.
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::<u32, u32>::new();
/// let error = map.set_profile_rate(1.5).unwrap_err();
/// assert_eq!(error.to_string(), "the rate of a profile is a fraction from 0 to 1, not 1.5");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileRateError(f64);

impl ProfileRateError {
    pub(crate) fn check(rate: f64) -> Result<Mean, Self> {
        Mean::of_rate(rate).ok_or(Self(rate))
    }
}

impl fmt::Display for ProfileRateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the rate of a profile is a fraction from 0 to 1, not {}",
            self.0
        )
    }
}

impl Error for ProfileRateError {}
