//! The clock's hands, which choose what goes.
//!
//! ```text
//!   map    entry  entry  entry  entry  entry  entry  ...      in the map's own order
//!                   ▲                    ▲
//!   hands           2                    1                    each used by one thread at a time
//! ```
//!
//! A hand is an iterator of the map that is held from one eviction to the next: it blocks nobody, and goes wherever
//! the map keeps its entries, so that nothing else has to be kept in order, neither a list nor a queue.

use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread::available_parallelism;

use splitmap::{HashMap, OwnedIter};

use super::slot::Slot;

/// Hands for all threads that are likely to evict at the same time.
pub(crate) struct Clock<K: 'static, V: 'static> {
    hands: Vec<Mutex<Hand<K, V>>>,
}

type Hand<K, V> = OwnedIter<K, Slot<V>>;
type Map<K, V> = Arc<HashMap<K, Slot<V>>>;

impl<K, V> Clock<K, V> {
    pub(super) fn new(map: &Map<K, V>) -> Self {
        // Some more than can run: who was suspended keeps his.
        let count = 4 * available_parallelism().map_or(1, usize::from);
        let hands = (0..count).map(|_| Mutex::new(map.iter_owned()));
        Self {
            hands: hands.collect(),
        }
    }

    /// Moves a hand, and shows `meet` each entry that it comes to, while there are `too_many`.
    pub(super) fn go_on(
        &self,
        map: &Map<K, V>,
        too_many: impl Fn() -> bool,
        meet: impl Fn(&K, &Slot<V>),
    ) {
        while too_many() {
            let Some(mut hand) = self.free_hand() else {
                // Begins at the beginning, where entries are hard up then; but this is rare, and waits for nobody.
                for entry in map.iter().take_while(|_| too_many()) {
                    meet(entry.key(), &entry);
                }
                continue;
            };
            while too_many() {
                match hand.next() {
                    Some(entry) => meet(entry.key(), &entry),
                    None => *hand = map.iter_owned(), // once more round
                }
            }
        }
    }

    /// The first hand that nobody uses.
    fn free_hand(&self) -> Option<MutexGuard<'_, Hand<K, V>>> {
        self.hands.iter().find_map(|hand| match hand.try_lock() {
            Ok(hand) => Some(hand),
            // A destructor of a key or value has panicked. An iterator goes on all the same.
            Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
    }
}
