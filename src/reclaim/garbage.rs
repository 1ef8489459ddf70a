//! Garbage lists: nodes that nobody can reach or use any more, waiting for their destructors.
//!
//! Destructors are user code: they may panic, and use the map. So a scan only threads the nodes onto a
//! list, and they run from [`Garbage::drop`], when an operation is over, some at a time (`local`):
//!
//! ```text
//!   retire ► batch ──scan──► sink (a list) ──ends of operations──► reclaim, the first ones first
//! ```

use core::mem;
use core::ptr::{self, NonNull};

use crate::unwind::to_the_end;

/// What a domain can reclaim.
///
/// `Send`, because any thread may come to run the destructor.
///
/// # Safety
/// `set_next`/`next` store and give back a pointer inside the object without touching what
/// `reclaim` needs.
pub(crate) unsafe trait Reclaim: Sized + Send {
    /// # Safety
    /// The caller owns `this` exclusively.
    unsafe fn set_next(this: NonNull<Self>, next: *mut Self);
    /// # Safety
    /// The caller owns `this` exclusively, and `set_next` has been called.
    unsafe fn next(this: NonNull<Self>) -> *mut Self;
    /// Keeps the object, when it is retired, from being reclaimed, until [`unpin`](Self::unpin).
    ///
    /// # Safety
    /// The caller protects `this`, or has pinned it.
    unsafe fn pin(this: NonNull<Self>);
    /// Undoes one [`pin`](Self::pin).
    ///
    /// # Safety
    /// The caller has pinned `this`.
    unsafe fn unpin(this: NonNull<Self>);
    /// # Safety
    /// `this` has not been reclaimed.
    unsafe fn is_pinned(this: NonNull<Self>) -> bool;
    /// Runs the destructors and frees the memory, also when a destructor panics.
    ///
    /// # Safety
    /// The caller owns `this` exclusively and gives it up.
    unsafe fn reclaim(this: NonNull<Self>);
}

/// An owned list of garbage; dropping it reclaims every node. If a destructor panics, the rest is
/// still reclaimed and the panic goes on (a second one aborts, as in a `Vec`'s drop).
pub(crate) struct Garbage<T: Reclaim> {
    /// The first node and the last one, behind which there is null.
    ends: Option<(NonNull<T>, NonNull<T>)>,
    len: usize,
}

impl<T: Reclaim> Garbage<T> {
    pub(crate) const fn new() -> Self {
        Self { ends: None, len: 0 }
    }

    /// The nodes from `first` on, in some order.
    ///
    /// # Safety
    /// `first` was the first node of a list that was forgotten, and the caller owns what was on it; or null.
    pub(super) unsafe fn of(first: *mut T) -> Self {
        let (mut garbage, mut next) = (Self::new(), first);
        while let Some(node) = NonNull::new(next) {
            // SAFETY: of the list that was forgotten: the caller's alone, and `push` set the link.
            next = unsafe { T::next(node) };
            // SAFETY: the caller's alone.
            unsafe { garbage.push(node) };
        }
        garbage
    }

    /// # Safety
    /// The caller owns `node` exclusively and gives it to the list.
    pub(crate) unsafe fn push(&mut self, node: NonNull<T>) {
        let first = self
            .ends
            .map_or(ptr::null_mut(), |(first, _)| first.as_ptr());
        // SAFETY: exclusive by this function's contract.
        unsafe { T::set_next(node, first) };
        self.ends = Some((node, self.ends.map_or(node, |(_, last)| last)));
        self.len += 1;
    }

    /// Adds all of `other`, behind what is there.
    pub(super) fn append(&mut self, other: Self) {
        let Some((first, last)) = other.ends else {
            return;
        };
        let first = match self.ends {
            Some((before, middle)) => {
                // SAFETY: nodes on the list belong to it (contract of `push`).
                unsafe { T::set_next(middle, first.as_ptr()) };
                before
            }
            None => first,
        };
        self.ends = Some((first, last));
        self.len += other.len;
        other.forget();
    }

    /// The first node.
    pub(super) fn first(&self) -> Option<NonNull<T>> {
        self.ends.map(|(first, _)| first)
    }

    /// The nodes are another's.
    pub(super) fn forget(mut self) {
        self.ends = None;
    }

    /// Takes the first `most` nodes off, or all.
    pub(super) fn take_first(&mut self, most: usize) -> Self {
        if most >= self.len {
            return mem::replace(self, Self::new());
        }
        let mut taken = Self::new();
        while taken.len < most
            && let Some(node) = self.pop()
        {
            // SAFETY: this list owned it.
            unsafe { taken.push(node) };
        }
        taken
    }

    fn pop(&mut self) -> Option<NonNull<T>> {
        let (node, last) = self.ends?;
        // SAFETY: nodes on the list belong to it (contract of `push`), and `push` set the link.
        let next = NonNull::new(unsafe { T::next(node) });
        self.ends = next.map(|next| (next, last));
        self.len -= 1;
        Some(node)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Reclaims one node, if there is one; the list stays consistent if that panics.
    fn reclaim_one(&mut self) -> bool {
        let Some(node) = self.pop() else { return false };
        // SAFETY: popped, so nobody else has it.
        unsafe { T::reclaim(node) };
        true
    }
}

impl<T: Reclaim> Drop for Garbage<T> {
    fn drop(&mut self) {
        to_the_end(|| self.reclaim_one());
    }
}
