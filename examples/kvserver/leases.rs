//! What vanishes with its client: entries that its connection has leased.
//!
//! ```text
//!   SESSION.SET k v ──► lease ──► entry of k           for all to read
//!   the client leaves, its task panics, the server ends the connection
//!         └──► the `Leases` is dropped ──► that very entry goes; a newer one of another client stays
//! ```

use std::collections::HashMap;

use crate::blob::Blob;
use crate::store::{Entry, EntryLease, Store};

/// So many leases, at least, before those are looked for that have nothing left to remove.
const TIDY_LEN_MIN: usize = 64;

/// The leases of one client.
#[derive(Default)]
pub(crate) struct Leases {
    leases: HashMap<Blob, EntryLease>,
    /// How many leases there were, at the last look, whose entries were still there.
    tidy_len: usize,
}

impl Leases {
    /// Sets `key` to `entry` for as long as these leases last.
    pub(crate) fn set(&mut self, store: &Store, key: &[u8], entry: Entry) {
        let lease = store.lease(key, entry);
        // An earlier lease of this key ends here: its entry has just been replaced.
        self.leases.insert(key.into(), lease);
        if self.leases.len() >= TIDY_LEN_MIN.max(2 * self.tidy_len) {
            self.leases.retain(|_, lease| store.is_leased_by(lease));
            self.tidy_len = self.leases.len();
        }
    }

    /// Makes the entry of `key` a lasting one; false if it is not (or no longer) leased here.
    pub(crate) fn keep(&mut self, store: &Store, key: &[u8]) -> bool {
        let lease = self.leases.remove(key);
        lease.is_some_and(|lease| store.is_leased_by(&lease) && lease.keep().is_ok())
    }

    /// Ends all leases.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::{Leases, TIDY_LEN_MIN};
    use crate::store::{Entry, Store};
    use alloc::sync::Arc;

    fn leases_with(store: &Store, key: &[u8]) -> Leases {
        let mut leases = Leases::default();
        leases.set(store, key, Entry::lasting(b"v"));
        leases
    }

    #[test]
    fn what_others_have_set_since_stays() {
        let store = Store::default();
        let mut leases = leases_with(&store, b"own");
        leases.set(&store, b"others", Entry::lasting(b"1"));
        store.set(b"others", Entry::lasting(b"2"));
        assert!(!leases.keep(&store, b"others"));
        leases.set(&store, b"again", Entry::lasting(b"1"));
        leases.set(&store, b"again", Entry::lasting(b"2"));
        assert_eq!(&*store.get(b"again").expect("the later one").data, b"2");
        leases.set(&store, b"kept", Entry::lasting(b"1"));
        assert!(leases.keep(&store, b"kept"));
        drop(leases);
        assert!(store.get(b"own").is_none() && store.get(b"again").is_none());
        assert_eq!(&*store.get(b"others").expect("another's").data, b"2");
        assert!(store.get(b"kept").is_some());
    }

    #[test]
    fn few_leases_are_kept_that_have_nothing_to_remove() {
        let (store, mut leases) = (Store::default(), Leases::default());
        for n in 0..10_000_u32 {
            leases.set(&store, &n.to_be_bytes(), Entry::lasting(b"v"));
            store.remove(&n.to_be_bytes());
        }
        assert!(leases.leases.len() <= TIDY_LEN_MIN);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_task_that_panics_or_is_aborted_leaves_nothing() {
        let store = Arc::new(Store::default());
        let panics = tokio::spawn({
            let store = Arc::clone(&store);
            async move {
                let _leases = leases_with(&store, b"panics");
                tokio::task::yield_now().await;
                panic!("a connection's task breaks");
            }
        });
        assert!(panics.await.expect_err("it panics").is_panic());
        let waits = tokio::spawn({
            let store = Arc::clone(&store);
            async move {
                let _leases = leases_with(&store, b"waits");
                core::future::pending::<()>().await;
            }
        });
        while store.get(b"waits").is_none() {
            tokio::task::yield_now().await;
        }
        waits.abort();
        assert!(waits.await.expect_err("it never ends").is_cancelled());
        assert_eq!(store.len(), 0);
    }
}
