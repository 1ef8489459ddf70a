//! Where operations on a key end: some are sampled (`probe`).
//!
//! ```text
//!   look, change ──► done ──countdown──► end
//!   probes count,              └─ 0: this operation's sample ends, or the next one's begins;
//!   if the seat's sample is on       and destructors that fell due are run
//! ```

use super::SplitOrder;
use super::order::bucket_start;
use crate::list::Node;
use crate::probe::{Kind, Probe};
use crate::reclaim::Session;

impl<K, V> SplitOrder<K, V> {
    /// The operation on the key with `hash` has taken effect: it may have been sampled, and runs the destructors that fell due.
    #[inline]
    pub(super) fn done<'d>(&'d self, session: Session<'d, Node<K, V>>, kind: Kind, hash: u32) {
        if Probe::COUNTS_DOWN {
            // Both in one: destructors that fall due end the countdown (`Probe::hurry`).
            if session.probe().is_due() {
                self.see_to(session, kind, hash);
            }
        } else {
            session.settle();
        }
    }

    #[cold]
    #[inline(never)]
    fn see_to<'d>(&'d self, session: Session<'d, Node<K, V>>, kind: Kind, hash: u32) {
        let probe = session.probe();
        if probe.is_sample_due() {
            let bucket = bucket_start(hash, self.table.level());
            probe.see_to_sample(self.domain.rate(), kind, hash, bucket);
        }
        if session.is_due() {
            // Looked at again with the next operation, too: a destructor may panic.
            probe.hurry();
            session.settle();
        }
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
