//! What the handle of a lease and those who may end it share.
//!
//! ```text
//!   Lease ──────► Core: state, entry ══ hazard ══► node        the map, by its `Arc`
//!                  ▲    duties: actions, bonds
//!   Canceller, ┄┄┄┄┘            bonds ──► deadlines, token: they forget the lease when it ends
//!   deadlines (weak)
//! ```
//!
//! C1  `entry` is written by the handle, while the state is BUSY. Else it is only read: by the handle, and by the
//!     thread that ended the lease.
//!     (So `late` is empty or done when the core is dropped: who ended the lease has the core.)
//! C2  `duties` are written by the handle, while BUSY; then they are the thread's that ended the lease.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cell::{Cell, UnsafeCell};
use core::{mem, ptr};

use super::ended::{EndReason, Ended};
use super::state::{Call, State};
use crate::map::OwnedRef;
use crate::sync::AtomicPtr;
use crate::unwind::to_the_end;

type Action<K, V> = Box<dyn FnOnce(&Ended<'_, K, V>) + Send>;

/// What is to be done when the lease ends.
pub(super) struct Duties<K, V> {
    /// Called, the last one first.
    actions: Vec<Action<K, V>>,
    /// Dropped: others then forget the lease.
    bonds: Vec<Box<dyn Send>>,
}

impl<K, V> Default for Duties<K, V> {
    fn default() -> Self {
        Self {
            actions: Vec::new(),
            bonds: Vec::new(),
        }
    }
}

impl<K, V> Duties<K, V> {
    pub(super) fn act(&mut self, action: Action<K, V>) {
        self.actions.push(action);
    }

    #[cfg(feature = "std")]
    pub(super) fn bind(&mut self, bond: impl Send + 'static) {
        self.bonds.push(Box::new(bond));
    }
}

/// An action that came when the lease had ended.
struct Late<K, V> {
    action: Action<K, V>,
    /// The one that came before.
    next: *mut Self,
}

/// Stands in the place of the late actions when the thread that ended the lease has done with it.
fn done<K, V>() -> *mut Late<K, V> {
    ptr::without_provenance_mut(1)
}

pub(super) struct Core<K: 'static, V: 'static, S: 'static> {
    pub(super) state: State,
    /// Put there by the handle, taken by the thread that ended the lease. (One puts: so no address comes back meanwhile.)
    late: AtomicPtr<Late<K, V>>,
    entry: UnsafeCell<OwnedRef<K, V, S>>,
    duties: UnsafeCell<Duties<K, V>>,
}

// SAFETY: by C1 and C2 the cells are not written while others read them, nor taken by two. Threads share the
// entry (`Sync`), and drop what others made (`Send`); actions and bonds are `Send`.
unsafe impl<K, V, S> Sync for Core<K, V, S> where OwnedRef<K, V, S>: Send + Sync {}

/// What can be ended by those who know nothing of keys and values.
pub(super) trait End: Send + Sync {
    /// Ends the lease, if it is in `term` (`None`: whatever its term). True: it ends by this call.
    fn end(&self, reason: EndReason, term: Option<usize>) -> bool;
}

impl<K, V, S> End for Core<K, V, S>
where
    K: Send + Sync,
    V: Send + Sync,
    S: Send + Sync,
{
    fn end(&self, reason: EndReason, term: Option<usize>) -> bool {
        match self.state.end(reason, term) {
            Call::Mine => {
                self.wind_up(reason);
                true
            }
            Call::Handles => true,
            Call::Nobodys => false,
        }
    }
}

impl<K, V, S> Core<K, V, S> {
    pub(super) fn new(entry: OwnedRef<K, V, S>) -> Arc<Self> {
        Arc::new(Self {
            state: State::new(),
            late: AtomicPtr::default(),
            entry: UnsafeCell::new(entry),
            duties: UnsafeCell::new(Duties::default()),
        })
    }

    /// The entry; for the handle, and for who has ended the lease.
    pub(super) fn entry(&self) -> &OwnedRef<K, V, S> {
        // SAFETY: C1: the handle writes it when nobody else reads it, and itself has no reference (`&mut`).
        unsafe { &*self.entry.get() }
    }

    /// The handle ends the lease; true if that removes the entry.
    pub(super) fn end_by_handle(&self) -> bool {
        let mine = self.state.end(EndReason::Dropped, None) == Call::Mine;
        mine && self.wind_up(EndReason::Dropped)
    }

    /// Does what is to be done, by the one thread that has ended the lease: the entry goes, the bonds are cut,
    /// the actions run; and destructors of other entries after that, as they may panic.
    fn wind_up(&self, reason: EndReason) -> bool {
        // SAFETY: C2: this thread has ended the lease.
        let Duties { mut actions, bonds } = mem::take(unsafe { &mut *self.duties.get() });
        let entry = self.entry();
        entry.remove_held(|removed| {
            if removed {
                self.state.set_removed();
            }
            drop(bonds);
            let ended = Ended {
                key: entry.key(),
                value: entry.value(),
                reason,
                removed,
            };
            to_the_end(|| {
                if actions.is_empty() {
                    self.take_late(&mut actions);
                }
                let action = actions.pop();
                action.map(|action| action(&ended)).is_some()
            });
            removed
        })
    }

    /// Takes the late actions, the last one first; if there are none, none come any more.
    fn take_late(&self, actions: &mut Vec<Action<K, V>>) {
        // ORD[late] AcqRel: who finds it done sees whether the entry was removed.
        match self.late.compare_exchange(ptr::null_mut(), done()) {
            Ok(_) => return,
            Err(now) if now == done() => return,
            Err(_) => {}
        }
        // ORD[late] AcqRel: pairs with the exchange in `act_late`.
        let mut head = self.late.swap(ptr::null_mut());
        while !head.is_null() {
            // SAFETY: of `Box::into_raw`; taken off, together with all that is behind it: ours.
            let Late { action, next } = *unsafe { Box::from_raw(head) };
            head = next;
            actions.insert(0, action);
        }
    }

    /// Runs `action`, of the handle, for a lease that has ended already; or leaves it to the thread that is just ending it,
    /// which alone knows whether that removes the entry.
    pub(super) fn act_late(&self, reason: EndReason, action: Action<K, V>) {
        // ORD[late] Acquire: pairs with the exchange in `take_late`.
        let mut head = self.late.load_acquire();
        let mut late = Box::new(Late { action, next: head });
        while head != done() {
            late.next = head;
            let raw = Box::into_raw(late);
            // ORD[late] AcqRel: publishes the action.
            match self.late.compare_exchange(head, raw) {
                Ok(_) => return,
                Err(now) => head = now,
            }
            // SAFETY: of `Box::into_raw`, and published to nobody.
            late = unsafe { Box::from_raw(raw) };
        }
        let entry = self.entry();
        (late.action)(&Ended {
            key: entry.key(),
            value: entry.value(),
            reason,
            removed: self.state.removed(),
        });
    }

    /// The handle adds to the duties.
    ///
    /// # Errors
    /// The lease has ended: `addition` is given back.
    pub(super) fn add<T>(
        &self,
        addition: T,
        add: impl FnOnce(&mut Duties<K, V>, T),
    ) -> Result<(), (EndReason, T)> {
        match self.begin() {
            Ok(_busy) => {
                // SAFETY: C2: busy.
                add(unsafe { &mut *self.duties.get() }, addition);
                Ok(())
            }
            Err(reason) => Err((reason, addition)),
        }
    }

    /// The handle, which has no reference into the entry, puts another value there.
    ///
    /// # Errors
    /// The lease has ended, or the entry is no longer there: the value is given back.
    pub(super) fn update(&self, value: V) -> Result<(), V> {
        let Ok(busy) = self.begin() else {
            return Err(value);
        };
        self.entry()
            .update_held(value, |new| busy.entry.set(Some(new)))
    }

    fn begin(&self) -> Result<Busy<'_, K, V, S>, EndReason> {
        self.state.begin()?;
        Ok(Busy {
            core: self,
            entry: Cell::new(None),
        })
    }
}

/// The handle changes the lease, as long as this exists; also to its end by a panic.
struct Busy<'a, K: 'static, V: 'static, S: 'static> {
    core: &'a Core<K, V, S>,
    /// The entry that takes the place of the other one.
    entry: Cell<Option<OwnedRef<K, V, S>>>,
}

impl<K, V, S> Drop for Busy<'_, K, V, S> {
    fn drop(&mut self) {
        if let Some(entry) = self.entry.take() {
            // SAFETY: C1: busy, and the handle has no reference.
            unsafe { *self.core.entry.get() = entry };
        }
        if let Some(reason) = self.core.state.finish() {
            self.core.wind_up(reason);
        }
    }
}
