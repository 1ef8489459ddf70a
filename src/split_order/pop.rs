//! Taking any entry out.
//!
//! ```text
//!   slot ═══► slot ═══► slot ═══► node ──► ...      from the bucket of the last one on, and round the end
//!             ▲ popped            ▲ the first one behind: marked, unlinked, given
//! ```
//!
//! Where the last one was, the buckets before are empty as a rule: without that, emptying a map by pops
//! would take a walk over all its buckets for each.

use super::{Protected, SplitOrder};
use crate::list::{LinkPtr, Step, advance, settle};

impl<K, V> SplitOrder<K, V> {
    /// Removes some entry; `None` if none was met.
    pub(crate) fn pop_any(&self) -> Option<Protected<'_, K, V>> {
        // Relaxed: a hint.
        let hint = u32::try_from(self.popped.load_relaxed()).unwrap_or(0);
        let (_, first, _) = self.table.start(hint);
        self.pop_from(first, None).or_else(|| {
            let (_, base, _) = self.table.start(0);
            self.pop_from(base, Some(first))
        })
    }

    /// Removes the first entry behind the linked slot `slot`, and before `end`.
    fn pop_from(
        &self,
        mut slot: LinkPtr<K, V>,
        end: Option<LinkPtr<K, V>>,
    ) -> Option<Protected<'_, K, V>> {
        let (session, _seat) = self.domain.session();
        let mut guard = session.hazard();
        let popped = loop {
            if end == Some(slot) {
                break None;
            }
            // SAFETY: a linked slot.
            let succ = unsafe { settle(slot) };
            // SAFETY: a linked slot, and `succ` was read there.
            match unsafe { advance(session, slot, succ, &mut guard) } {
                Step::Node(ptr, _) => {
                    // SAFETY: protected by `guard`.
                    let node = unsafe { ptr.as_ref() };
                    if node.next().mark().is_none() {
                        continue; // another thread's; unlinked by the next step
                    }
                    session.count(usize::MAX);
                    // Relaxed: a hint.
                    self.popped.store_relaxed(node.hash() as usize);
                    self.sweep(session, node.hash());
                    break Some(ptr);
                }
                Step::Sentinel(next) => slot = next,
                Step::End => break None,
                Step::Lost => unreachable!("slots are never marked"),
            }
        };
        session.settle();
        popped.map(|node| (node, guard))
    }
}
