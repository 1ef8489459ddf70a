//! The one door to the atomics: everything above takes them from here, so that a loom build
//! (or another machine) is a change of this file's source, [`splitmap_arch`], and of nothing else.
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
pub(crate) use splitmap_arch::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, StoreLoad};
pub(crate) use splitmap_arch::{advise_huge_pages, prefetch_read};

#[cfg(not(loom))]
pub(crate) use {
    alloc::alloc::{alloc, dealloc},
    std::thread_local,
};

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

/// A cell whose exclusive use the models check.
pub(crate) struct ExclusiveCell<T>(
    #[cfg(not(loom))] core::cell::UnsafeCell<T>,
    #[cfg(loom)] loom::cell::UnsafeCell<T>,
);

impl<T> ExclusiveCell<T> {
    pub(crate) fn new(content: T) -> Self {
        #[cfg(not(loom))]
        return Self(core::cell::UnsafeCell::new(content));
        #[cfg(loom)]
        return Self(loom::cell::UnsafeCell::new(content));
    }

    /// Passes the content on; `f` may use it if nobody else does meanwhile.
    #[inline]
    pub(crate) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        #[cfg(not(loom))]
        return f(self.0.get());
        #[cfg(loom)]
        return self.0.with_mut(f);
    }
}
