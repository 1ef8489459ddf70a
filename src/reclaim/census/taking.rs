//! Taking a census: begin, walk, finish; and what comes of it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::ptr::{self, NonNull};

use super::super::garbage::Reclaim;
use super::super::hazard::Guard;
use super::super::{Domain, Session};
use super::record::Census;

impl<'d, T: Reclaim> Session<'d, T> {
    /// Begins a census, or joins the one that is being taken. One of its own has room for so many reports.
    pub(crate) fn begin_census(self, room: usize) -> Taking<'d, T> {
        let (census, guard, own) = loop {
            if let Some((joined, guard)) = self.census() {
                break (joined, guard, false);
            }
            let new = Box::new(Census::new(room));
            // Protected before anybody can reach it.
            let mut guard = self.hazard();
            guard.protect(NonNull::from(&*new));
            let new = Box::into_raw(new);
            let active = &self.domain.censuses.active;
            // ORD[census] AcqRel: publishes the census.
            if active.compare_exchange(ptr::null_mut(), new).is_ok() {
                // SAFETY: of `Box::into_raw`, so not null.
                break (unsafe { NonNull::new_unchecked(new) }, guard, true);
            }
            // SAFETY: of `Box::into_raw`, and published to nobody.
            drop(unsafe { Box::from_raw(new) });
        };
        // ORD[census] The taker's half: see the header.
        self.domain.store_load.heavy();
        Taking {
            session: self,
            census,
            own,
            guard: Some(guard),
        }
    }
}

/// A census that the holder is taking.
pub(crate) struct Taking<'d, T: Reclaim> {
    session: Session<'d, T>,
    census: NonNull<Census<T>>,
    /// It was begun here, and not joined.
    own: bool,
    /// Protects it.
    guard: Option<Guard<'d>>,
}

impl<'d, T: Reclaim> Taking<'d, T> {
    /// Whether the census is the active one still.
    pub(crate) fn is_active(&self) -> bool {
        // Relaxed: a hint.
        self.session.domain.censuses.active.load_relaxed() == self.census.as_ptr()
    }

    /// The nodes, when the walk has come to its end.
    ///
    /// # Errors
    /// Another thread has taken the census, or it has become too large, and the room was asked for here.
    pub(crate) fn finish(mut self) -> Result<Pinned<'d, T>, Lost> {
        let domain = self.session.domain;
        let nodes = domain.censuses.end(self.census).then(|| {
            // ORD[census] What is not seen from here on was reported by one that looked at `active` before it was
            // null, and showed nothing to anybody that did so, too.
            domain.store_load.heavy();
            domain.censuses.leave(self.census);
            // SAFETY: protected by `guard`.
            let nodes = unsafe { self.census.as_ref() }.take();
            Pinned { nodes, domain }
        });
        // SAFETY: protected by `guard`.
        let too_large = unsafe { &self.census.as_ref().too_large };
        // Relaxed: a hint.
        let lost = if self.own && too_large.load_relaxed() == 1 {
            Lost::TooLarge
        } else {
            Lost::Taken
        };
        self.guard = None;
        // In models, where each step counts, `flush` does it.
        if cfg!(not(loom)) {
            self.session.free_censuses();
        }
        nodes.ok_or(lost)
    }
}

/// Why a census came to nothing.
#[derive(PartialEq, Eq)]
pub(crate) enum Lost {
    /// Another thread has taken it, or had begun it with too little room.
    Taken,
    TooLarge,
}

impl<T: Reclaim> Drop for Taking<'_, T> {
    fn drop(&mut self) {
        // Unless it was finished.
        if self.guard.is_some() {
            self.session.give_up(self.census);
            self.guard = None;
            self.session.free_censuses();
        }
    }
}

/// Nodes that are not reclaimed as long as this exists.
pub(crate) struct Pinned<'d, T: Reclaim> {
    nodes: Vec<NonNull<T>>,
    domain: &'d Domain<T>,
}

impl<T: Reclaim> Pinned<'_, T> {
    pub(crate) fn nodes(&self) -> &[NonNull<T>] {
        &self.nodes
    }
}

impl<T: Reclaim> Drop for Pinned<'_, T> {
    fn drop(&mut self) {
        for &node in &self.nodes {
            // SAFETY: pinned for us by `Census::take`.
            unsafe { T::unpin(node) };
        }
        self.domain.censuses.release();
    }
}
