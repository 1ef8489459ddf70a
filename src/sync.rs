//! The one door to the atomics: everything above takes them from here, so that a loom build
//! (or another machine) is a change of this file's source, [`splitmap_arch`], and of nothing else.
//!
//! `core`'s plain atomics serve where no ordering subtlety and no tag is involved: flags and
//! reference counts. They come through the arch crate too, because loom has its own.

pub(crate) use core::sync::atomic::Ordering;
pub(crate) use splitmap_arch::{AtomicBool, AtomicPtr, AtomicU32, AtomicUsize, StoreLoad};
pub(crate) use splitmap_arch::{advise_huge_pages, prefetch_read};
