//! [`Sweeper`]: a thread that ends leases when they fall due.

use alloc::string::String;
use alloc::sync::{Arc, Weak};
use core::fmt;
use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::io;
use std::panic::catch_unwind;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::deadlines::Deadlines;
use crate::unwind::discard;

/// Steps in one call.
const STEPS: usize = 1024;
/// The pause when another thread was at the order.
const RETRY: Duration = Duration::from_millis(1);

/// A thread that calls [`Deadlines::expire`]; made by [`Deadlines::spawn_sweeper`]. Feature `std`.
///
/// It stops when this is dropped, which waits for the thread: for what it is just doing. (Dropped by the thread
/// itself, in an action, it does not wait.)
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
/// let (map, deadlines) = (std::sync::Arc::new(splitmap::HashMap::new()), splitmap::Deadlines::new());
/// let sweeper = deadlines.spawn_sweeper(Duration::from_millis(5))?;
/// let _lease = map.lease("a", 1).until(&deadlines, Instant::now() + Duration::from_millis(10));
/// while map.contains_key("a") {
///     std::thread::yield_now();
/// }
/// drop(sweeper);
/// # std::io::Result::Ok(())
/// ```
#[must_use = "the thread stops when this is dropped"]
pub struct Sweeper {
    /// The thread goes on as long as this is there.
    alive: Option<Arc<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Deadlines {
    /// Starts a thread that ends leases when their deadlines pass: no later than `interval` after that, if the
    /// actions ([`Lease::on_end`](crate::Lease::on_end)) and the operating system let it.
    ///
    /// The actions run in that thread. One that panics is reported by the panic hook, and the thread goes on.
    ///
    /// # Errors
    /// The operating system refuses the thread.
    ///
    /// # Examples
    /// ```
    /// let deadlines = splitmap::Deadlines::new();
    /// let _sweeper = deadlines.spawn_sweeper(std::time::Duration::from_millis(100))?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn spawn_sweeper(&self, interval: Duration) -> io::Result<Sweeper> {
        let (deadlines, alive) = (self.clone(), Arc::new(()));
        let watch = Arc::downgrade(&alive);
        let thread = thread::Builder::new()
            .name(String::from("splitmap-leases"))
            .spawn(move || sweep(&deadlines, interval, &watch))?;
        Ok(Sweeper {
            alive: Some(alive),
            thread: Some(thread),
        })
    }
}

fn sweep(deadlines: &Deadlines, interval: Duration, alive: &Weak<()>) {
    while alive.strong_count() > 0 {
        let now = Instant::now();
        // A lease whose action panics has ended as all others do.
        let swept = catch_unwind(AssertUnwindSafe(|| deadlines.expire(now, STEPS)));
        let pause = match swept {
            Err(payload) => {
                discard(payload);
                continue;
            }
            Ok(swept) if swept.more && swept.ended > 0 => continue,
            Ok(swept) if swept.more => RETRY,
            Ok(swept) => swept.next.map_or(interval, |next| next - now),
        };
        // Asked again: an action may have parked, and so have used up what was to wake this thread.
        if alive.strong_count() > 0 {
            thread::park_timeout(pause.min(interval));
        }
    }
}

impl Drop for Sweeper {
    fn drop(&mut self) {
        drop(self.alive.take());
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            if thread.thread().id() != thread::current().id() {
                // It catches the panics of others, and has none of its own.
                let _ = thread.join();
            }
        }
    }
}

impl fmt::Debug for Sweeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweeper").finish_non_exhaustive()
    }
}
