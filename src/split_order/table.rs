//! The bucket directory: slots in segments, doubling, nothing ever moved or freed.
//!
//! ```text
//!   base: segments 0, 1, 2, ..  [0][1][2 2][3 3 3 3]   2^base_level slots, linked from the start
//!   segment 4   [·][·][·][·][·][·][·][·]               each holds the new (odd) buckets of its
//!   segment 5   [·][·][·][·][·][·][·][·][·]...         level: as many as there were buckets before
//!               ▲ being filled while `level` is still 4
//! ```
//!
//! T1  Every slot of level `l <= level` lies in an allocated segment; at most one segment more is
//!     allocated, and being filled (`level + 1`).
//! T2  A sentinel of level `l` is linked only after segment `l` was allocated, that only after
//!     `level >= l - 1` was published.
//! T3  `level` is published when every chunk of its segment has been claimed by a filler, each by one
//!     alone. One that is slow, or stops in the middle, leaves slots of its chunk empty or pending: such
//!     buckets are served from the next coarser slot. Base slots are linked from birth, so there
//!     always is one.
//!
//! Edges: `level` — `publish`'s exchange (Release) → `start`'s load (Acquire): the segment's address
//! is there. `segment` — `begin`'s exchange (Release) → loads (Acquire): the zeroed slots are.

use alloc::alloc::{alloc, alloc_zeroed, dealloc};
use core::alloc::Layout;
use core::array;
use core::ptr::{self, NonNull};
use core::slice;

use super::failpoint::failpoint;
use super::order::{birth, boundary, bucket};
use crate::errors::TryReserveError;
use crate::list::{Link, Succ};
use crate::sync::{AtomicPtr, AtomicUsize, advise_huge_pages, prefetch_read};
use crate::tunables::{BUCKETS_PER_ENTRY, FILL_CHUNK, MAX_LEVEL};

/// More than the levels, so that "the segment after `level`" always is an element; and a power of two,
/// so that an index can be masked instead of checked.
const SEGMENTS: usize = (MAX_LEVEL as usize + 2).next_power_of_two();

pub(super) struct Table<N> {
    level: AtomicUsize,
    /// Segments 0 to this one are one allocation, which segment 0 begins.
    base_level: u32,
    segments: [AtomicPtr<Link<N>>; SEGMENTS],
    /// How many slots of each segment have been claimed for filling (it may run past the end).
    cursors: [AtomicUsize; SEGMENTS],
}

/// Where a walk begins: what the slot is exact for, the slot and its value.
pub(super) type Start<N> = (Exact, NonNull<Link<N>>, Succ<N>);

/// The level that a slot is exact for: its bucket ends at the next sentinel, as long as no finer ones
/// are being linked. `None`: a coarser slot had to serve.
pub(super) type Exact = Option<u32>;

impl<N> Table<N> {
    /// A table of `2^level` buckets, all linked and empty.
    pub(super) fn new(level: u32) -> Result<Self, TryReserveError> {
        let len = 1_usize << level;
        let base = allocate(len, alloc)?;
        failpoint!(BaseAllocated);
        let segment = |level| {
            let slots = segment_len(level);
            // SAFETY: segment 0 is the first slot; segment l the slots from as many as precede it on.
            unsafe { base.add(if level == 0 { 0 } else { slots }) }
        };
        // Backwards, each linked to the one behind it.
        let mut succ = Succ::END;
        for b in (0..len).rev() {
            let (born, place) = birth(b, level);
            // SAFETY: within the segment of its level.
            let slot = unsafe { segment(born).add(place) };
            // SAFETY: ours, uninitialised, and written once, as buckets and slots are one to one.
            unsafe { slot.write(Link::new(succ)) };
            succ = Succ::sentinel(slot);
        }
        let table = Self {
            level: AtomicUsize::new(level as usize),
            base_level: level,
            segments: array::from_fn(|_| AtomicPtr::default()),
            cursors: array::from_fn(|_| AtomicUsize::default()),
        };
        for level in 0..=level {
            // Relaxed: published with the table.
            table.segments[level as usize].store_relaxed(segment(level).as_ptr());
        }
        failpoint!(BaseLinked);
        Ok(table)
    }

    /// The published level.
    #[inline]
    #[expect(clippy::cast_possible_truncation, reason = "at most MAX_LEVEL")]
    pub(super) fn level(&self) -> u32 {
        // ORD[level] Acquire: pairs with `publish`.
        self.level.load_acquire() as u32
    }

    /// The slot of the bucket of `hash` at `level`, which T1 covers.
    #[inline]
    pub(super) fn slot(&self, level: u32, hash: u32) -> NonNull<Link<N>> {
        let (born, place) = birth(bucket(hash, level), level);
        NonNull::from(self.slot_at(born, place))
    }

    /// The nearest linked slot at or before `hash`.
    #[inline]
    pub(super) fn start(&self, hash: u32) -> Start<N> {
        let level = self.level();
        let slot = self.slot(level, hash);
        // SAFETY: slots live as long as the table.
        let succ = unsafe { slot.as_ref() }.load();
        if succ.is_start() {
            return (Some(level), slot, succ);
        }
        let slot = self.coarser_start(level, hash);
        // SAFETY: slots live as long as the table.
        (None, slot, unsafe { slot.as_ref() }.load())
    }

    /// Fetches the slot of the bucket of `hash` ahead of a walk.
    pub(super) fn prefetch_slot(&self, hash: u32) {
        prefetch_read(self.slot(self.level(), hash).as_ptr());
    }

    /// Fetches the first node of the bucket of `hash` ahead of a walk.
    pub(super) fn prefetch(&self, hash: u32) {
        prefetch_read(self.start(hash).2.address());
    }

    /// The next coarser slot that is linked.
    #[cold]
    fn coarser_start(&self, level: u32, hash: u32) -> NonNull<Link<N>> {
        let mut coarser = level;
        loop {
            // Ends at the base at the latest, whose slots are linked from birth (T3).
            coarser -= 1;
            let slot = self.slot(coarser, hash);
            // SAFETY: slots live as long as the table.
            if unsafe { slot.as_ref() }.load().is_start() {
                return slot;
            }
        }
    }

    /// Whether `sentinel`, met on a walk from a slot that is `exact`, stands behind all nodes with
    /// `hash`.
    #[inline]
    pub(super) fn is_beyond(&self, sentinel: NonNull<Link<N>>, exact: Exact, hash: u32) -> bool {
        // Asked after the link to the sentinel was read.
        exact.is_some_and(|level| !self.has_finer(level)) || self.is_behind(sentinel, exact, hash)
    }

    /// [`is_beyond`](Self::is_beyond), while the table grows or where a coarser slot had to serve.
    #[cold]
    #[inline(never)]
    fn is_behind(&self, sentinel: NonNull<Link<N>>, exact: Exact, hash: u32) -> bool {
        if let Some(level) = exact.filter(|&level| level == self.level()) {
            // By T2, a sentinel finer than `level` can only be of the growing segment.
            let finer = level + 1;
            // ORD[segment] Acquire: not needed for the address alone; as elsewhere.
            let segment = self.segments[finer as usize].load_acquire();
            let place = place_in(segment, segment_len(finer), sentinel);
            return place.is_none_or(|place| boundary(finer, place) > hash);
        }
        self.boundary(sentinel) > hash
    }

    /// The smallest hash that belongs behind `sentinel`.
    #[cold]
    pub(super) fn boundary(&self, sentinel: NonNull<Link<N>>) -> u32 {
        self.place_of(sentinel)
            .map(|(level, place)| boundary(level, place))
            .expect("a sentinel is a slot of the table")
    }

    /// Level and place of the slot that a link leads to; `None`: it is none of the table.
    pub(super) fn place_of(&self, sentinel: NonNull<Link<N>>) -> Option<(u32, usize)> {
        // By T2 and ORD[link] the sentinel is of no finer level than this.
        (0..=self.level() + 1).rev().find_map(|level| {
            // ORD[segment] Acquire: not needed for the address alone; as elsewhere.
            let segment = self.segments[level as usize].load_acquire();
            Some((level, place_in(segment, segment_len(level), sentinel)?))
        })
    }

    /// Whether the slots of `level` are linked from birth.
    pub(super) fn is_base(&self, level: u32) -> bool {
        level <= self.base_level
    }

    /// Entries that the published level holds before it doubles.
    pub(super) fn capacity(&self) -> usize {
        capacity_of(self.level())
    }

    /// The level that is being filled, if the table is growing.
    pub(super) fn growing(&self) -> Option<u32> {
        let level = self.level();
        // The slots are reached through `slot_at`, which acquires.
        (level < MAX_LEVEL && self.has_finer(level)).then_some(level + 1)
    }

    /// Whether there may be linked sentinels finer than `level`, which is published. Once a link that leads to
    /// one was read, it is true.
    #[inline]
    pub(super) fn has_finer(&self, level: u32) -> bool {
        // Relaxed suffices: the filler of such a sentinel read this segment's address before it linked it (T2), and
        // our walk read the link to it with Acquire (ORD[link]), so this load cannot see the older null.
        !self.segments[level as usize + 1].load_relaxed().is_null()
    }

    /// At most `len` slots from number `first` on, of one segment: its level, the place of the first, and they.
    /// They are of the published level, or coarser.
    pub(super) fn run(&self, first: usize, len: usize) -> (u32, usize, &[Link<N>]) {
        let (level, place) = place_of_slot(first);
        let len = len.min(segment_len(level) - place);
        // ORD[segment] Acquire: pairs with `begin`.
        let segment = self.segments[level as usize % SEGMENTS].load_acquire();
        // SAFETY: the segment is allocated (T1), and `place` is in it.
        let first = unsafe { segment.add(place) };
        // SAFETY: so many slots follow there; they live as long as the table.
        let slots = unsafe { slice::from_raw_parts(first, len) };
        (level, place, slots)
    }

    /// Begins to grow by one level, unless the table is growing. On an error nothing has changed.
    pub(super) fn begin(&self) -> Result<(), TryReserveError> {
        let next = self.level() + 1;
        if next > MAX_LEVEL {
            return Err(TryReserveError::capacity_overflow());
        }
        let segment = &self.segments[next as usize];
        if !segment.load_relaxed().is_null() {
            return Ok(());
        }
        let new = allocate_empty(segment_len(next))?.as_ptr();
        failpoint!(SegmentAllocated);
        // ORD[segment] AcqRel: publishes the zeroes.
        if segment.compare_exchange(ptr::null_mut(), new).is_err() {
            // SAFETY: allocated above, with this length; published to nobody.
            unsafe { free(new, segment_len(next)) };
        }
        failpoint!(SegmentPublished);
        Ok(())
    }

    /// Claims some slots of the segment of `level` for filling: their places, the caller's alone.
    /// `None`: no more are left, the level may be [published](Self::publish).
    pub(super) fn claim_chunk(&self, level: u32) -> Option<core::ops::Range<usize>> {
        let (cursor, len) = (&self.cursors[level as usize], segment_len(level));
        // Relaxed: the places handed out differ, whatever the order; what is written to the slots is
        // published by linking them.
        if cursor.load_relaxed() >= len {
            return None;
        }
        let first = cursor.fetch_add_relaxed(FILL_CHUNK);
        (first < len).then(|| first..len.min(first + FILL_CHUNK))
    }

    /// Makes `level` the one that walks start at.
    pub(super) fn publish(&self, level: u32) {
        failpoint!(ChunksClaimed);
        // ORD[level] AcqRel: who sees the level sees its segment. A failure: already done.
        let _ = self
            .level
            .compare_exchange(level as usize - 1, level as usize);
        failpoint!(LevelPublished);
    }

    /// The slot in place `place` of the segment of `level`, which is allocated: by T1, or because the
    /// caller has claimed the place.
    #[inline]
    pub(super) fn slot_at(&self, level: u32, place: usize) -> &Link<N> {
        // ORD[segment] Acquire: pairs with `begin`.
        let segment = self.segments[level as usize % SEGMENTS].load_acquire();
        debug_assert!(!segment.is_null() && place < segment_len(level));
        // SAFETY: the segment is allocated, and `place` is below the number of buckets that came to be
        // at its level.
        let slot = unsafe { segment.add(place) };
        // SAFETY: slots live as long as the table.
        unsafe { &*slot }
    }
}

/// A place among the slots of a table, of the growing level too, in the order of memory.
#[derive(Clone, Copy, Default)]
pub(super) struct Slots {
    level: u32,
    place: usize,
}

impl Slots {
    /// The slot there; goes on to the next one.
    pub(super) fn next<'t, N>(&mut self, table: &'t Table<N>) -> Option<&'t Link<N>> {
        if self.place == segment_len(self.level) {
            (self.level, self.place) = (self.level + 1, 0);
        }
        // Relaxed: `slot_at` acquires. Null behind the last segment.
        let segment = &table.segments[self.level as usize];
        (!segment.load_relaxed().is_null()).then(|| {
            self.place += 1;
            table.slot_at(self.level, self.place - 1)
        })
    }
}

impl<N> Drop for Table<N> {
    fn drop(&mut self) {
        let base = core::mem::take(&mut self.segments[0]).load_mut();
        // SAFETY: of `new`, with this length.
        unsafe { free(base, 1 << self.base_level) };
        for level in self.base_level + 1..=MAX_LEVEL {
            let segment = core::mem::take(&mut self.segments[level as usize]).load_mut();
            if !segment.is_null() {
                // SAFETY: of `begin`, with this length.
                unsafe { free(segment, segment_len(level)) };
            }
        }
    }
}

/// `len` empty slots (not 0).
fn allocate_empty<N>(len: usize) -> Result<NonNull<Link<N>>, TryReserveError> {
    // All zeroes are empty slots (`Succ::EMPTY`).
    let slots = allocate(len, alloc_zeroed)?;
    if cfg!(loom) {
        // There an atomic is more than its value.
        for place in 0..len {
            // SAFETY: within the memory.
            let slot = unsafe { slots.add(place) };
            // SAFETY: ours.
            unsafe { slot.write(Link::new(Succ::EMPTY)) };
        }
    }
    Ok(slots)
}

/// Memory for `len` slots (not 0) by `allocate`, std's `alloc` or `alloc_zeroed`; on huge pages, if
/// possible.
fn allocate<N>(
    len: usize,
    allocate: unsafe fn(Layout) -> *mut u8,
) -> Result<NonNull<Link<N>>, TryReserveError> {
    let layout = slots_layout(len)?;
    // SAFETY: not of size 0.
    let slots = NonNull::new(unsafe { allocate(layout) }).ok_or(TryReserveError::alloc(layout))?;
    advise_huge_pages(slots.as_ptr(), layout.size());
    Ok(slots.cast())
}

/// # Safety
/// `slots` is of [`allocate`] with this `len`, and nobody uses it any more.
unsafe fn free<N>(slots: *mut Link<N>, len: usize) {
    if let Ok(layout) = slots_layout(len) {
        // SAFETY: the caller's promise; `allocate` had the same layout.
        unsafe { dealloc(slots.cast(), layout) };
    }
}

fn slots_layout(len: usize) -> Result<Layout, TryReserveError> {
    // Every `Link<N>` has this size and alignment.
    Layout::array::<Link<()>>(len).map_err(|_| TryReserveError::capacity_overflow())
}

/// Level and place of slot number `slot` in the order of memory.
pub(super) fn place_of_slot(slot: usize) -> (u32, usize) {
    match slot.checked_ilog2() {
        None => (0, 0),
        Some(last) => (last + 1, slot - (1 << last)),
    }
}

/// Slots of the segment of `level`: the buckets that came to be there.
fn segment_len(level: u32) -> usize {
    1_usize
        .checked_shl(level.saturating_sub(1))
        .unwrap_or(usize::MAX)
}

/// Entries that `2^level` buckets hold at the maximum load.
pub(super) fn capacity_of(level: u32) -> usize {
    1_usize.checked_shl(level).unwrap_or(usize::MAX) / BUCKETS_PER_ENTRY
}

/// The place of `slot` in `segment`, if it lies there.
fn place_in<N>(segment: *mut Link<N>, len: usize, slot: NonNull<Link<N>>) -> Option<usize> {
    let place = slot.addr().get().checked_sub(segment.addr())? / size_of::<Link<N>>();
    (!segment.is_null() && place < len).then_some(place)
}
