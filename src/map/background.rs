//! [`Reclaimer`]: a background thread that runs destructors.
//!
//! ```text
//!   Reclaimer ──stop, unpark──► thread: upgrade the Weak; run what was handed over; park a while ──┐
//!                                 ▲                                                                │
//!                                 └────────────────────────────────────────────────────────────────┘
//! ```
//!
//! Operations do not wake it: that would be a system call in one of them. It looks by itself, soon again while it finds
//! something. It holds the map only while it looks, so that the last owner drops the map.

use alloc::sync::{Arc, Weak};
use core::fmt;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use core::time::Duration;
use std::io;
use std::thread::{self, JoinHandle};

use super::HashMap;
use crate::reclaim::Taker;

/// Between two looks of the thread, while it finds something; and twice as long each time that it does not, up to the
/// second.
const NAPS: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(16));

/// What the thread and the handle share.
#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    panics: AtomicUsize,
}

/// A background thread that frees a map's removed entries; made by [`HashMap::reclaim_in_background`].
///
/// When it is dropped, the thread runs what has been handed to it and ends, which is waited for; from then on
/// operations run destructors themselves again. (Dropped by a destructor that runs in that thread, or
/// [forgotten](core::mem::forget): the thread ends without being waited for, or with the map.)
///
/// # Examples
/// ```
/// use std::sync::Arc;
/// let map = Arc::new(splitmap::HashMap::<u64, String>::new());
/// let reclaimer = map.reclaim_in_background()?;
/// for n in 0..10_000 {
///     map.insert(n % 100, n.to_string());
/// }
/// drop(reclaimer);
/// assert!(map.retired_len() <= 512);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the thread ends when this is dropped"]
pub struct Reclaimer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Reclaimer {
    /// How many entries' destructors have panicked in the thread. It goes on after each; the panic hook has told of
    /// it, and its payload is dropped.
    ///
    /// # Examples
    /// ```
    /// let map = std::sync::Arc::new(splitmap::HashMap::from([(1, 10)]));
    /// assert_eq!(map.reclaim_in_background()?.panics(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn panics(&self) -> usize {
        // Relaxed: a count.
        self.shared.panics.load(Ordering::Relaxed)
    }
}

impl Drop for Reclaimer {
    fn drop(&mut self) {
        // Relaxed: it says only that; what the thread did is seen by joining it.
        self.shared.stop.store(true, Ordering::Relaxed);
        let Some(thread) = self.thread.take() else {
            return;
        };
        thread.thread().unpark();
        if thread.thread().id() != thread::current().id() {
            // An error: dropping the map there, as its last owner, panicked. The hook has told.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Reclaimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reclaimer")
            .field("panics", &self.panics())
            .finish_non_exhaustive()
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Send + Sync + 'static,
    V: Send + Sync + 'static,
    S: Send + Sync + 'static,
{
    /// Has a background thread run the destructors of removed entries, until what is given is dropped: operations
    /// then run none, unless more than the [backlog](crate::Reclamation::backlog) waits for the thread, because it
    /// stands still or does not keep up.
    ///
    /// A panic in a destructor does not end the thread: [`Reclaimer::panics`] counts it. The thread looks for work
    /// every millisecond while there is some, and every 16 otherwise. It does not keep the map alive, but for
    /// the moment of such a look: if the last other owner goes just then, the map is dropped in that thread. (If it is taken
    /// out of its `Arc`, the thread ends.)
    ///
    /// # Errors
    /// `AlreadyExists`: the map has a background thread. Or the system's, if it refuses another thread.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    /// let map = Arc::new(splitmap::HashMap::from([(1, 10)]));
    /// let _reclaimer = map.reclaim_in_background()?;
    /// assert!(map.reclaim_in_background().is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn reclaim_in_background(self: &Arc<Self>) -> io::Result<Reclaimer> {
        let list = self.list_or_new();
        let Some(taker) = list.open_background() else {
            let why = "the map has a background thread; drop its `Reclaimer` first";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, why));
        };
        let shared = Arc::new(Shared::default());
        let (map, theirs) = (Arc::downgrade(self), Arc::clone(&shared));
        let builder = thread::Builder::new().name("splitmap-reclaim".into());
        match builder.spawn(move || work(&map, &theirs, &taker)) {
            Ok(thread) => Ok(Reclaimer {
                shared,
                thread: Some(thread),
            }),
            Err(error) => {
                list.reclaim_handed(true);
                Err(error)
            }
        }
    }
}

/// The thread's loop.
fn work<K, V, S>(map: &Weak<HashMap<K, V, S>>, shared: &Shared, taker: &Taker) {
    let (shortest, longest) = NAPS;
    let mut nap = shortest;
    loop {
        // Relaxed: see `Reclaimer::drop`.
        let last = shared.stop.load(Ordering::Relaxed);
        // Gone: with all that it had; or out of its `Arc`, and somewhere else.
        let Some(map) = map.upgrade() else {
            return taker.goes();
        };
        let reclaimed = map.list_or_new().reclaim_handed(last);
        drop(map);
        // Relaxed: a count.
        shared.panics.fetch_add(reclaimed.panics, Ordering::Relaxed);
        if last {
            return;
        }
        nap = if reclaimed.entries > 0 {
            shortest
        } else {
            longest.min(2 * nap)
        };
        thread::park_timeout(nap);
    }
}
