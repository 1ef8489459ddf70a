//! Snapshots in a file: SAVE, BGSAVE and LASTSAVE, and what the server begins with.
//!
//! ```text
//!   SAVE     the client's thread ─────► store.save ─► FILE.saving ─► FILE     the others are served meanwhile
//!   BGSAVE   a thread of its own ─────┘
//!   start    FILE ─► store, without what expired meanwhile; a file that is altered is refused
//! ```
//!
//! splitmap sees to the file: at each moment it is the former snapshot or the new one, whole, also if the server is
//! killed. There is one save at a time, as in Redis: who [begins](Saves::begin) one has a [`Turn`], and the next
//! one is begun when that is over.

use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::io;
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use splitmap::snapshot_file::{Saved, SnapshotFault, SnapshotFileError};

use crate::store::Store;

/// The file, and what became of the saves to it.
pub(crate) struct Saves {
    path: PathBuf,
    going_on: AtomicBool,
    last_failed: AtomicBool,
    /// The last one's end, or the server's start.
    last_at: AtomicU64,
}

/// The right to save: there is one at a time, and it ends by [`Saves::save`].
pub(crate) struct Turn(());

impl Saves {
    /// Saves to `path`, the last of which counts as having been at `now`, in seconds since 1970.
    pub(crate) fn new(path: PathBuf, now: u64) -> Self {
        Self {
            path,
            going_on: AtomicBool::new(false),
            last_failed: AtomicBool::new(false),
            last_at: AtomicU64::new(now),
        }
    }

    /// The right to save, unless somebody has it.
    pub(crate) fn begin(&self) -> Option<Turn> {
        // ORD Acquire: pairs with the Release in `End`: saves are one after the other.
        (!self.going_on.swap(true, Ordering::Acquire)).then_some(Turn(()))
    }

    /// Writes the entries of `store` to the file. A failure is said on the server's standard error too.
    pub(crate) fn save(&self, store: &Store, _turn: Turn) -> Result<Saved, SnapshotFileError> {
        /// Also if serializing panics.
        struct End<'s>(&'s Saves);
        impl Drop for End<'_> {
            fn drop(&mut self) {
                // ORD Release: pairs with the Acquire in `begin`.
                self.0.going_on.store(false, Ordering::Release);
            }
        }
        let _end = End(self);
        let result = store.save(&self.path);
        // ORD Relaxed, both: said to whoever asks, and order nothing.
        self.last_failed.store(result.is_err(), Ordering::Relaxed);
        match &result {
            Ok(_) => self.last_at.store(unix_seconds(), Ordering::Relaxed),
            Err(error) => eprintln!("kvserver: not saved: {error}"),
        }
        result
    }

    /// Whether a save is going on.
    pub(crate) fn going_on(&self) -> bool {
        // ORD Relaxed, here and below: as above.
        self.going_on.load(Ordering::Relaxed)
    }

    /// Whether the last save failed.
    pub(crate) fn last_failed(&self) -> bool {
        self.last_failed.load(Ordering::Relaxed)
    }

    /// When the last save ended, in seconds since 1970; the server's start if there was none.
    pub(crate) fn last_at(&self) -> u64 {
        self.last_at.load(Ordering::Relaxed)
    }

    /// What the file holds, and a line that says so; an empty store if there is no file.
    pub(crate) fn load(&self) -> io::Result<(Store, String)> {
        let start = Instant::now();
        let path = self.path.display();
        match Store::load(&self.path) {
            Ok((store, expired)) => {
                let (entries, seconds) = (store.len(), start.elapsed().as_secs_f64());
                let line = format!(
                    "loaded {entries} entries from {path} in {seconds:.3} s; {expired} had expired"
                );
                Ok((store, line))
            }
            Err(error) if is_missing(&error.fault) => Ok((
                Store::default(),
                format!("begins empty: there is no {path}"),
            )),
            // Starting all the same would end in a save over it.
            Err(error) => Err(io::Error::other(format!(
                "{error}. To begin without it, move it away, or name another file by --snapshot"
            ))),
        }
    }
}

fn is_missing(fault: &SnapshotFault) -> bool {
    matches!(fault, SnapshotFault::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
}

/// Seconds since 1970; none before that.
pub(crate) fn unix_seconds() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::Saves;
    use crate::store::{Entry, Store};

    #[test]
    fn there_is_one_save_at_a_time_also_after_one_that_failed() {
        let saves = Saves::new("/dev/null/snapshot".into(), 7);
        let turn = saves.begin().expect("nobody saves");
        assert!(saves.begin().is_none() && saves.going_on());
        assert!(saves.save(&Store::default(), turn).is_err());
        assert!(!saves.going_on() && saves.last_failed() && saves.last_at() == 7);
        assert!(saves.begin().is_some());
    }

    #[test]
    fn what_has_expired_since_it_was_saved_is_not_loaded() {
        let path = std::env::temp_dir().join(format!("kvserver-test-{}", std::process::id()));
        let saves = Saves::new(path.clone(), 0);
        let (store, line) = saves.load().expect("no file is no error");
        assert!(store.len() == 0 && line.contains("begins empty"));
        let soon = std::time::Instant::now() + core::time::Duration::from_millis(1);
        store.set(b"stays", Entry::lasting(b"v"));
        store.set(b"goes", Entry::lasting(b"v").with_expiry(Some(soon)));
        saves
            .save(&store, saves.begin().expect("nobody saves"))
            .expect("a file");
        assert!(saves.last_at() > 0 && !saves.last_failed());
        std::thread::sleep(core::time::Duration::from_millis(5));
        let loaded = saves.load();
        std::fs::remove_file(path).expect("the file");
        let (store, line) = loaded.expect("whole");
        assert!(line.ends_with("1 had expired"), "{line}");
        assert_eq!(store.len(), 1);
        assert_eq!(&*store.get(b"stays").expect("saved").data, b"v");
    }
}
