//! The background thread's part: running the destructors that operations have handed over.

use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use super::SplitOrder;
use crate::reclaim::Taker;
use crate::unwind::discard;

/// What a look of the background thread came to.
#[derive(Default)]
pub(crate) struct Reclaimed {
    /// Entries that were there.
    pub(crate) entries: usize,
    /// Destructors of theirs that panicked.
    pub(crate) panics: usize,
}

impl<K, V> SplitOrder<K, V> {
    /// From now on, operations hand over what they would drop; `None` if they do so already.
    pub(crate) fn open_background(&self) -> Option<Taker> {
        self.domain.open_background()
    }

    /// Reclaims what has been handed over, also if destructors panic. It is the `last` time: nothing more is handed
    /// over.
    pub(crate) fn reclaim_handed(&self, last: bool) -> Reclaimed {
        let (session, _seat) = self.domain.session();
        let mut round = session.take_round(last);
        let mut reclaimed = Reclaimed::default();
        loop {
            // A node is off the list before its destructor runs; what else that changes is its own.
            match catch_unwind(AssertUnwindSafe(|| round.reclaim_one())) {
                Ok(true) => reclaimed.entries += 1,
                Ok(false) => return reclaimed,
                Err(payload) => {
                    reclaimed.entries += 1;
                    reclaimed.panics += 1;
                    discard(payload);
                }
            }
        }
    }
}
