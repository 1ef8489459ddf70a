//! One suite, every backend that this machine can execute.
//!
//! | file | what |
//! | --- | --- |
//! | `single.rs` | results of each primitive, one thread |
//! | `threads.rs` | atomicity and message passing, several threads |
//! | `store_load.rs` | the store-buffering litmus, on every form of `StoreLoad` |
//! | `public.rs` | the public types, which run on the backend chosen for this process |
//!
//! `Portable` is `core`, so a test that it fails is wrong itself. The names of the backends that ran
//! are written to standard error past the test harness's capture: a backend counts as tested only if
//! its name is there.
#![cfg(not(loom))]

mod public;
mod single;
mod store_load;
mod threads;

use splitmap_arch::backends;
use splitmap_arch::backends::Backend;
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Work per thread: enough for real contention, little enough for QEMU and Miri.
const ROUNDS: usize = if cfg!(miri) {
    40
} else if cfg!(splitmap_emulated) {
    20_000
} else {
    100_000
};

/// Threads that contend; two cores and more are kept busy.
const THREADS: usize = if cfg!(miri) { 3 } else { 4 };

/// Writes a line that the test harness does not capture.
fn report(line: &str) {
    let mut stderr = std::io::stderr().lock();
    writeln!(stderr, "conformance: {line}").expect("standard error takes a line");
}

/// Held by a test with threads of its own: the test harness runs tests at once, and on few cores
/// they would only take each other's time slices.
fn all_cores() -> MutexGuard<'static, ()> {
    static CORES: Mutex<()> = Mutex::new(());
    // A test that failed says so itself; the next one may run.
    CORES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Instantiates the suite for one backend; a backend that is not on this machine says so.
macro_rules! suite {
    ($module:ident, $backend:ty: $($file:ident::$test:ident,)*) => {
        mod $module {
            #[test]
            fn announces_itself() {
                match <$backend>::detect() {
                    Some(backend) => crate::announce(stringify!($module), backend),
                    None => crate::report(concat!(stringify!($module), ": not on this machine, NOT run")),
                }
            }
            $(
                #[test]
                fn $test() {
                    if let Some(backend) = <$backend>::detect() {
                        crate::$file::$test(backend);
                    }
                }
            )*
        }
    };
}

/// Instantiates the suite for several backends.
macro_rules! suites {
    ($($module:ident: $backend:ty),* $(,)?) => {
        $(
            suite! { $module, $backend:
                single::compare_exchange_success_replaces,
                single::compare_exchange_failure_leaves_target_unchanged,
                single::compare_exchange_compares_all_64_bits,
                single::swap_returns_the_previous_pointer,
                single::mark_if_equal_sets_the_tag_once,
                single::mark_if_equal_failure_leaves_target_unchanged,
                single::tag_operations_keep_provenance,
                single::fetch_or_and_fetch_and_touch_only_their_bits,
                single::addition_wraps,
                single::store_then_fence_stores,
                single::neighbouring_words_stay_as_they_are,
                single::pair_compare_exchange_is_all_or_nothing,
                threads::fetch_add_loses_no_count,
                threads::relaxed_fetch_add_loses_no_count,
                threads::compare_exchange_loop_loses_no_count,
                threads::pushes_onto_a_stack_all_arrive,
                threads::racing_marks_have_one_winner,
                threads::swapped_token_is_held_by_one,
                threads::every_thread_owns_its_bit,
                threads::message_arrives_before_its_flag,
                threads::pair_is_never_torn,
                store_load::store_then_fence_forbids_store_buffering,
            }
        )*
    };
}

suites! { portable: splitmap_arch::backends::Portable }

#[cfg(all(target_arch = "x86_64", not(any(miri, splitmap_portable))))]
suites! { x86_64: splitmap_arch::backends::X86_64 }

#[cfg(all(
    target_arch = "aarch64",
    target_endian = "little",
    not(any(miri, splitmap_portable))
))]
suites! {
    llsc: splitmap_arch::backends::Llsc,
    lse: splitmap_arch::backends::Lse,
    dispatch: splitmap_arch::backends::Dispatch,
}

/// Writes the name of a backend whose suite runs.
fn announce(module: &str, backend: impl Backend) {
    let wide = if backend.wide().is_some() {
        "with"
    } else {
        "no"
    };
    report(&format!(
        "suite {module} runs on {}, {wide} two-word compare-and-swap",
        backend.name()
    ));
}

/// A backend is a token: it must cost nothing to hand around.
#[test]
fn tokens_have_no_size() {
    assert_eq!(size_of::<backends::Portable>(), 0);
    assert!(size_of::<splitmap_arch::StoreLoad>() <= 1);
    assert_eq!(size_of::<splitmap_arch::WideCas>(), 0);
}
