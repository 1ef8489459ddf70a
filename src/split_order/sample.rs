//! Where operations on a key begin: some are sampled (`probe`).
//!
//! ```text
//!   operation(kind, hash) ──countdown──► session ──► as ever; probes in the list count, if the seat's sample is on
//!                             └─ 0 ─► sample
//! ```

use super::SplitOrder;
use super::order::bucket_start;
use crate::list::Node;
use crate::probe::Kind;
use crate::reclaim::{Seat, Session};

impl<K, V> SplitOrder<K, V> {
    /// The session of an operation on a key.
    #[inline]
    pub(super) fn operation(&self, kind: Kind, hash: u32) -> (Session<'_, Node<K, V>>, Seat) {
        let (session, seat) = self.domain.session_to_sample();
        if session.probe().is_due() {
            self.sample(session, kind, hash);
        }
        (session, seat)
    }

    #[cold]
    #[inline(never)]
    fn sample<'d>(&'d self, session: Session<'d, Node<K, V>>, kind: Kind, hash: u32) {
        let bucket = bucket_start(hash, self.table.level());
        session.probe().begin(self.domain.rate(), kind, hash, bucket);
    }
}

#[cfg(feature = "profile")]
impl<K, V> SplitOrder<K, V> {
    pub(crate) fn rate(&self) -> crate::probe::Mean {
        self.domain.rate().get()
    }

    pub(crate) fn set_rate(&self, mean: crate::probe::Mean) {
        self.domain.rate().set(mean);
    }

    /// What was counted.
    pub(crate) fn probed(&self) -> crate::probe::Counts {
        self.domain.probed()
    }
}
