//! The statement under test: **a panic in user code leaves the map exactly as it was before or exactly as
//! it would be after, every value is dropped once, no thread is blocked.**
//!
//! ```text
//!   script:  create ─ insert ─ ... ─ update ─ ... ─ flush ─ ... ─ clear ─ ... ─ drop
//!   calls:   0 1 2 3 4 5 6 7 8 ...         n                                    ... total
//!                                          ▼
//!   run n:   as the model says ─────────── panic ─ before or after? ─ go on as the model says
//! ```
//!
//! Keys, values, hasher and closures call [`point::point`] wherever the map runs them. One run counts the
//! calls; then the script runs once for each, with that one panicking.
//!
//! | module | what |
//! |---|---|
//! | `point`, `types` | the calls; keys and values that are entered in a ledger when they are born and dropped |
//! | `script`, `changes`, `model` | the steps, each beside what it does to a `BTreeMap` |
//! | `sweep`, `exhaustive` | one run for each call; the variations: bad hashers, `Ref`s held, a second thread, re-entry |
//! | `iterators` | iterators dropped half way, and used on, after a panic |
//! | `unwinding` | operations from `Drop` while unwinding |
//! | `thread_end` | operations from thread-local destructors |
//! | `reclamation` | destructors that panic in batches; two of them: an abort, no hang |
//! | `allocation` | an allocator that refuses (`allocator`), in processes of their own (`child`) |

#[path = "../common/mod.rs"]
mod common;

mod allocation;
mod allocator;
mod changes;
mod child;
mod exhaustive;
mod iterators;
mod model;
mod point;
mod reclamation;
mod script;
mod sweep;
mod thread_end;
mod types;
mod unwinding;

#[global_allocator]
static ALLOCATOR: allocator::Accounting = allocator::Accounting;
