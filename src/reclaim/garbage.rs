//! Garbage lists: nodes that nobody can reach any more, waiting for their destructors.
//!
//! haphazard runs deleters in the middle of its scan, where a panic would leave its books wrong
//! and a re-entrant operation would find it at work. So its deleter only threads the node onto a
//! list; destructors run from [`Garbage::drop`], with no frame of haphazard on the stack:
//!
//! ```text
//!   retire ► batch ► haphazard ──scan──► sink (this thread's list) ──end of operation──► reclaim
//! ```

use core::cell::Cell;
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::{self, NonNull};

use crate::sync::thread_local;
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

    pub(super) fn len(&self) -> usize {
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

thread_local! {
    /// The list that deleters on this thread push to: a `*mut Garbage<T>`, for the one `T` of
    /// the domain in whose call we are. No user code runs while it is set.
    static SINK: Cell<*mut ()> = const { Cell::new(ptr::null_mut()) };
}

/// Runs `f`, which may call haphazard's deleters, with `sink` as their destination.
pub(super) fn with_sink<T: Reclaim, R>(sink: &mut Garbage<T>, f: impl FnOnce() -> R) -> R {
    struct Restore(*mut ());
    impl Drop for Restore {
        fn drop(&mut self) {
            SINK.with(|sink| sink.set(self.0));
        }
    }
    let _restore = Restore(SINK.with(|current| current.replace(ptr::from_mut(sink).cast())));
    f()
}

/// The pointer type under which nodes are retired: dropping it moves the node to the sink.
pub(super) struct Reclaimed<T: Reclaim>(NonNull<T>, PhantomData<T>);

impl<T: Reclaim> Deref for Reclaimed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: haphazard hands the node to us alone, alive (contract of `retire_ptr`).
        unsafe { self.0.as_ref() }
    }
}

impl<T: Reclaim> Drop for Reclaimed<T> {
    fn drop(&mut self) {
        let sink: *mut Garbage<T> = SINK.with(Cell::get).cast();
        debug_assert!(
            !sink.is_null(),
            "haphazard reclaims only inside `with_sink`"
        );
        // SAFETY: deleters of a `Domain<T>` run only inside its own `with_sink::<T>` calls, which
        // put an exclusively borrowed list of that very `T` there.
        let sink = unsafe { &mut *sink };
        // SAFETY: no hazard guards the node and it was retired once (contract of `retire`), so
        // it is ours.
        unsafe { sink.push(self.0) };
    }
}

// SAFETY: `into_raw` gives back the pointer of `from_raw`; `from_raw` does not touch the node, and
// the node's memory is reused only after the `Reclaimed` has been dropped.
unsafe impl<T: Reclaim> haphazard::raw::Pointer<T> for Reclaimed<T> {
    fn into_raw(self) -> *mut T {
        core::mem::ManuallyDrop::new(self).0.as_ptr()
    }

    unsafe fn from_raw(node: *mut T) -> Self {
        // SAFETY: haphazard passes what `retire_ptr` was given, which came from a `NonNull`.
        Self(unsafe { NonNull::new_unchecked(node) }, PhantomData)
    }
}
