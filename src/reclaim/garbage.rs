//! Garbage lists: nodes that nobody can reach or use any more, waiting for their destructors.
//!
//! Destructors are user code: they may panic, and use the map. So a scan only threads the nodes onto a
//! list, and they run from [`Garbage::drop`], when the operation is over:
//!
//! ```text
//!   retire ► batch ──scan──► sink (a list) ──end of the operation──► reclaim
//! ```

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
    /// Runs the destructors and frees the memory, also when a destructor panics.
    ///
    /// # Safety
    /// The caller owns `this` exclusively and gives it up.
    unsafe fn reclaim(this: NonNull<Self>);
}

/// An owned list of garbage; dropping it reclaims every node. If a destructor panics, the rest is
/// still reclaimed and the panic goes on (a second one aborts, as in a `Vec`'s drop).
pub(crate) struct Garbage<T: Reclaim> {
    head: *mut T,
    len: usize,
}

impl<T: Reclaim> Garbage<T> {
    pub(crate) const fn new() -> Self {
        Self {
            head: ptr::null_mut(),
            len: 0,
        }
    }

    /// # Safety
    /// The caller owns `node` exclusively and gives it to the list.
    pub(crate) unsafe fn push(&mut self, node: NonNull<T>) {
        // SAFETY: exclusive by this function's contract.
        unsafe { T::set_next(node, self.head) };
        self.head = node.as_ptr();
        self.len += 1;
    }

    /// Adds all of `other`.
    pub(super) fn append(&mut self, mut other: Self) {
        while let Some(node) = other.pop() {
            // SAFETY: the list owned it.
            unsafe { self.push(node) };
        }
    }

    pub(super) fn pop(&mut self) -> Option<NonNull<T>> {
        let node = NonNull::new(self.head)?;
        // SAFETY: nodes on the list belong to it (contract of `push`), and `push` set the link.
        self.head = unsafe { T::next(node) };
        self.len -= 1;
        Some(node)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.head.is_null()
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
