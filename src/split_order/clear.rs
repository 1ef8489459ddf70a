//! Removing everything: from sentinel to sentinel, whatever the level.

use super::SplitOrder;
use crate::list::{LinkPtr, Node, Step, advance, settle};
use crate::reclaim::Session;
use crate::unwind::to_the_end;

impl<K, V> SplitOrder<K, V> {
    /// Removes every entry that it meets, also if destructors that run meanwhile panic.
    pub(crate) fn clear(&self) {
        let (session, _seat) = self.domain.session();
        let (_, first, _) = self.table.start(0);
        let mut next = Some(first);
        to_the_end(|| {
            // A step that panics has done its part, or is done again from the same slot.
            next = next.and_then(|slot| clear_bucket(session, slot));
            next.is_some()
        });
    }
}

/// Removes the entries between the linked `slot` and the next sentinel, and gives that.
fn clear_bucket<K, V>(
    session: Session<'_, Node<K, V>>,
    slot: LinkPtr<K, V>,
) -> Option<LinkPtr<K, V>> {
    let mut guard = session.hazard();
    loop {
        // Between two steps: nothing here depends on what destructors do to the map.
        session.settle();
        // SAFETY: a linked slot.
        let succ = unsafe { settle(slot) };
        // SAFETY: a linked slot, and `succ` was read there.
        match unsafe { advance(session, slot, succ, &mut guard) } {
            // Marked nodes are unlinked by the next step from the same slot.
            Step::Node(node, _) => {
                // SAFETY: protected by `guard`.
                if unsafe { node.as_ref() }.next().mark().is_some() {
                    session.count(usize::MAX);
                }
            }
            Step::Sentinel(next) => return Some(next),
            Step::End => return None,
            Step::Lost => unreachable!("slots are never marked"),
        }
    }
}
