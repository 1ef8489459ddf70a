//! The one door to the atomics: everything above takes them from here, and so from [`splitmap_arch`],
//! whatever the machine; and under loom, from there too. (What else differs under loom: sizes, in
//! `tunables.rs`; the storage of the first seats; the zeroing of slots.)
//!
//! `core`'s plain atomics serve where no ordering subtlety and no tag is involved: flags and
//! reference counts. They come through the arch crate too, because loom has its own.
//!
//! ```text
//!   build         atomics, order         thread-locals, cells, memory of nodes
//!   any other     splitmap_arch          std's
//!   --cfg loom    splitmap_arch's twin   loom's: it follows who saw what, and finds races and leaks
//! ```

pub(crate) use core::sync::atomic::Ordering;
pub(crate) use splitmap_arch::{AtomicPtr, AtomicU32, AtomicUsize, StoreLoad};
pub(crate) use splitmap_arch::{advise_huge_pages, prefetch_read};

#[cfg(not(loom))]
pub(crate) use alloc::alloc::{alloc, dealloc};
#[cfg(all(feature = "std", not(loom)))]
pub(crate) use std::thread_local;

#[cfg(loom)]
pub(crate) use loom::alloc::{alloc, dealloc};

/// loom's `thread_local!`, which does not know `const` blocks.
#[cfg(loom)]
macro_rules! model_local {
    ($($(#[$attribute:meta])* static $name:ident: $type:ty = $(const)? $init:block;)*) => {
        loom::thread_local! { $($(#[$attribute])* static $name: $type = $init;)* }
    };
}
#[cfg(loom)]
pub(crate) use model_local as thread_local;

/// Declares functions that are `const`, except in models: loom makes its atomics at run time.
macro_rules! const_unless_loom {
    ($($(#[$attribute:meta])* $visible:vis const fn $name:ident($($args:tt)*) -> $result:ty $body:block)*) => {$(
        #[cfg(not(loom))]
        $(#[$attribute])*
        $visible const fn $name($($args)*) -> $result $body
        #[cfg(loom)]
        $(#[$attribute])*
        $visible fn $name($($args)*) -> $result $body
    )*};
}
pub(crate) use const_unless_loom;

/// What the models follow of an object's memory: who reads there, and when it is freed. Elsewhere nothing.
pub(crate) struct Life(#[cfg(loom)] loom::cell::UnsafeCell<()>);

impl Life {
    pub(crate) fn new() -> Self {
        Self(
            #[cfg(loom)]
            loom::cell::UnsafeCell::new(()),
        )
    }

    /// The memory is read.
    #[inline]
    #[cfg_attr(not(loom), expect(clippy::unused_self, reason = "the models use it"))]
    pub(crate) fn look(&self) {
        #[cfg(loom)]
        self.0.with(|_| ());
    }

    /// The memory is about to be freed: after every look, and before none.
    #[inline]
    #[cfg_attr(not(loom), expect(clippy::unused_self, reason = "the models use it"))]
    pub(crate) fn end(&self) {
        #[cfg(loom)]
        self.0.with_mut(|_| ());
    }
}
